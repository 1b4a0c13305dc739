use super::*;

fn check(address: &str) -> Result<String, AddressSettingError> {
    HookUrl::parse(address).map(|url| url.as_str().to_owned())
}

/// A label of 64 letters.
const LONG_LABEL: &str = "https://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example/";

#[test]
fn s09_what_is_no_absolute_http_url_is_refused() {
    let table = [
        ("", AddressSettingError::Empty),
        ("not a url", AddressSettingError::Scheme),
        ("invalid-url", AddressSettingError::Scheme),
        ("localhost:8080/hook", AddressSettingError::Scheme),
        ("/hook", AddressSettingError::Scheme),
        ("ftp://example.com/hook", AddressSettingError::Scheme),
        ("https:/example.com/hook", AddressSettingError::Scheme),
        (" https://example.com/hook", AddressSettingError::Scheme),
        ("https://example.com/hook\n", AddressSettingError::Control),
        ("https://exa\u{7f}mple.com/hook", AddressSettingError::Control),
        ("https://example.com/%zz", AddressSettingError::Escape),
        ("https://example.com/hook%2", AddressSettingError::Escape),
        ("https://us%er@example.com/hook", AddressSettingError::Escape),
        ("https:///hook", AddressSettingError::NoHost),
        ("https://user@/hook", AddressSettingError::NoHost),
        ("https://:8080/hook", AddressSettingError::NoHost),
        ("https://example.com|", AddressSettingError::Host),
        ("https://exa mple.com/", AddressSettingError::Host),
        ("https://example.com /", AddressSettingError::Host),
        ("https://example.com\\@evil.example/", AddressSettingError::Host),
        ("https://[::1/hook", AddressSettingError::Host),
        ("https://${DOMAIN}/hook", AddressSettingError::Host),
        ("https://{host}/hook", AddressSettingError::Host),
        ("https://$HOST/hook", AddressSettingError::Host),
        ("https://example..com/hook", AddressSettingError::Host),
        ("https://.example.com/hook", AddressSettingError::Host),
        ("https://exa*mple.com/hook", AddressSettingError::Host),
        ("https://example.com,other.example/hook", AddressSettingError::Host),
        (LONG_LABEL, AddressSettingError::Host),
        ("https://example.com:0/hook", AddressSettingError::Port),
        ("https://example.com:http/hook", AddressSettingError::Port),
        ("https://example.com:65536/hook", AddressSettingError::Port),
    ];
    for (address, problem) in table {
        assert_eq!(check(address), Err(problem), "{address:?}");
    }
}

#[test]
fn s09_a_sound_url_keeps_its_spelling() {
    for address in [
        "http://127.0.0.1:9/hook/a%20b?x=1&y=%C3%BC",
        "https://example.com",
        "https://example.com?x=1",
        "https://user:p%40ss@example.com:8443/a//b/../c/;v=1,2",
        "https://[::1]:8080/hook",
        "https://my_service.apps.svc.cluster.local./hook",
        "http://alertmanager/api/v2/alerts/",
        "https://example.com/hook?rate=100%",
    ] {
        assert_eq!(check(address).as_deref(), Ok(address));
    }
}

#[test]
fn s09_what_no_request_line_can_carry_is_escaped_or_left_out() {
    assert_eq!(
        check("HTTPS://Example.com/a b/ü?q=<x>#top").unwrap(),
        "https://example.com/a%20b/%C3%BC?q=%3Cx%3E"
    );
    assert_eq!(check("https://bücher.example/").unwrap(), "https://xn--bcher-kva.example/");
}

#[test]
fn errors_and_debug_show_scheme_host_and_port_only() {
    let secret = AddressSource::Secret(ObjectKey::new("apps", "hook"));
    let address = DestinationAddress::new(
        "https://me:pass@hooks.example:8443/T0/%zz?sig=abcdefghijkl".into(),
        secret.clone(),
    );
    assert_eq!(
        address.hook_url("hook URL").unwrap_err().to_string(),
        "invalid hook URL *****: it has a broken percent escape; correct key 'address' of secret 'apps/hook'"
    );
    let address =
        DestinationAddress::new("https://me:pass@hooks.example:8443/T0?sig=abcdefghijkl".into(), secret);
    assert_eq!(
        format!("{address:?}"),
        "Address(https://hooks.example:8443 from key 'address' of secret 'apps/hook')"
    );
    assert_eq!(format!("{:?}", address.hook_url("hook URL").unwrap()), "HookUrl(https://hooks.example:8443)");
}

#[test]
fn the_secret_parts_of_a_url_are_those_that_give_access() {
    let address = DestinationAddress::new(
        "https://u:p%40ss@h.example/T0/abcdefghijklm?sig=n%2Fopqrstuvwx".into(),
        AddressSource::Spec,
    );
    let secrets = address.secrets();
    for part in [
        "p%40ss",
        "p@ss",
        "/T0/abcdefghijklm?sig=n%2Fopqrstuvwx",
        "/T0/abcdefghijklm",
        "sig=n%2Fopqrstuvwx",
        "abcdefghijklm",
        "n/opqrstuvwx",
    ] {
        assert!(secrets.iter().any(|secret| secret == part), "{part} in {secrets:?}");
    }
    assert!(!secrets.iter().any(|secret| secret.contains("h.example")), "the host is no secret");
    assert_eq!(
        DestinationAddress::new("my-project".into(), AddressSource::Spec).secrets(),
        Vec::<String>::new()
    );
}

fn secrets_of(address: &str) -> Vec<String> {
    DestinationAddress::new(address.into(), AddressSource::Spec).secrets()
}

fn masked(address: &str, answer: &str) -> String {
    campanile_domain::Masker::new(secrets_of(address)).mask(answer)
}

#[test]
fn i16_8_words_of_an_answer_show_though_they_stand_in_the_address() {
    let shown = [
        (
            "https://discord.com/api/webhooks/123456/XXXX?thread_name=abc",
            "Webhooks posted to forum channels must have a thread_name or thread_id",
        ),
        ("https://chat.example/hooks/incoming/abcdefgh12345678", "Incoming hooks are switched off"),
        (
            "https://h.webhook.office.com/webhookb2/0a1b/IncomingWebhook/2c3d/4e5f",
            "IncomingWebhook webhookb2 is gone",
        ),
        (
            "https://h.example/workflows/0a1b/triggers/manual/paths/invoke?signature=0a1b2c3d4e",
            "no signature of workflows",
        ),
        ("https://slack.com/api/chat.postMessage", "chat.postMessage wants a channel"),
        ("https://github.com/org/kustomizations.git", "the kustomizations repository is archived"),
        ("https://m.example?visibility=unlisted", "unlisted is no visibility"),
        ("https://am.example/api/v2/alerts/", "bad alerts"),
    ];
    for (address, answer) in shown {
        assert_eq!(masked(address, answer), answer, "{address}");
    }
}

#[test]
fn i16_8_what_gives_access_stays_hidden_in_every_piece() {
    let hidden = [
        ("https://discord.com/api/webhooks/123456/XXXX", "POST /api/webhooks/123456/XXXX"),
        ("https://discord.com/api/webhooks/123456/aB3dE6gH9k", "token aB3dE6gH9k"),
        ("https://h.example/hook/correct-horse-battery", "no correct-horse-battery"),
        ("https://h.example/hook/correcthorsebatterystaple", "no correcthorsebatterystaple"),
        ("https://h.example/services/T0/abcdefgh12345678", "no /services/T0 here"),
        ("https://h.example/x?sig=a-long-signature", "sig a-long-signature"),
        ("https://h.example/x?next=/services/T0/key-of-path", "no /services/T0, no key-of-path"),
        ("https://h.example/x?12345678abcdefgh", "no 12345678abcdefgh"),
        ("https://github.com/org/secret-repo.git", "secret-repo is archived"),
    ];
    for (address, answer) in hidden {
        assert!(masked(address, answer).contains("*****"), "{address}: {}", masked(address, answer));
    }
    assert_eq!(masked(hidden[6].0, hidden[6].1), "no *****, no *****");
}

#[test]
fn a_url_is_compared_without_final_slash_query_or_default_port() {
    let is_api = |address: &str| HookUrl::parse(address).unwrap().is_https("h.example", "/api/post");
    assert!(is_api("https://h.example/api/post"));
    assert!(is_api("https://H.example:443/api/post/?x=1#y"));
    assert!(!is_api("http://h.example/api/post"));
    assert!(!is_api("https://h.example:8443/api/post"));
    assert!(!is_api("https://h.example/api/posts"));
}

#[test]
fn another_place_at_the_same_host_keeps_the_login_and_the_port() {
    for address in ["http://u:p@h:81/a/b?x=/1#f", "http://u:p@h:81?x=/1", "http://u:p@h:81"] {
        let url = DestinationAddress::new(address.into(), AddressSource::Spec).hook_url("URL").unwrap();
        assert_eq!(url.moved("/c", None).as_str(), "http://u:p@h:81/c", "{address}");
        assert_eq!(
            url.moved("/c", url.parts().2).as_str().ends_with("/c?x=/1"),
            address.contains('?'),
            "{address}"
        );
        assert_eq!(url.parts().0, "http://u:p@h:81", "{address}");
    }
}
