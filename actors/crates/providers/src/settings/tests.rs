use super::*;
use crate::testing::{Secrets, credentials, spec};
use campanile_testkit::provider;
use std::time::Duration;

fn refusal(secrets: &Secrets, spec: &ProviderSpec) -> String {
    secrets.resolve(spec).unwrap_err().to_string()
}

#[test]
fn s03_without_secrets_the_spec_is_taken_as_it_is() {
    let spec = ProviderSpec { username: "flux".into(), address: " http://x/ ".into(), ..provider() };
    let settings = Secrets::default().resolve(&spec).unwrap();
    assert_eq!((settings.username.as_str(), settings.address.as_str()), ("flux", " http://x/ "));
    assert_eq!((settings.password, settings.token, settings.notices), (None, None, Vec::new()));
    assert_eq!((settings.connection.proxy, settings.connection.tls), (None, None));
    assert_eq!(settings.connection.timeout, Duration::from_secs(15));
}

#[test]
fn s10_a_timeout_of_zero_is_the_default() {
    let timeout = |timeout| {
        let spec = ProviderSpec { timeout: Some(timeout), ..provider() };
        Secrets::default().resolve(&spec).unwrap().connection.timeout
    };
    assert_eq!(timeout(Duration::ZERO), Duration::from_secs(15));
    assert_eq!(timeout(Duration::from_secs(3)), Duration::from_secs(3));
}

#[test]
fn n02_n08_n21_a_secret_that_is_not_there_is_named() {
    let none = Secrets::default();
    assert_eq!(refusal(&none, &spec("slack")), "failed to get secret 'apps/credentials': not found");
    let certificates = ProviderSpec { cert_secret_ref: Some("tls".into()), ..provider() };
    assert_eq!(refusal(&none, &certificates), "failed to get secret 'apps/tls': not found");
    let proxy = ProviderSpec { proxy_secret_ref: Some("proxy".into()), ..provider() };
    assert_eq!(refusal(&none, &proxy), "failed to get secret 'apps/proxy': not found");
}

#[test]
fn n03_address_proxy_and_headers_come_from_the_secret() {
    let data: &[(&str, &[u8])] = &[
        ("address", b"\n https://hooks.example/x \n"),
        ("proxy", b"http://p.example\n"),
        ("headers", b"foo: bar"),
    ];
    let settings = credentials(data).resolve(&spec("slack")).unwrap();
    assert_eq!(settings.address.as_str(), "https://hooks.example/x");
    assert_eq!(settings.connection.proxy.map(|proxy| proxy.host).as_deref(), Some("p.example"));
    assert_eq!(settings.headers, [("foo".to_owned(), "bar".to_owned())].into());
}

#[test]
fn n05_headers_that_are_no_map_are_refused() {
    let error = refusal(&credentials(&[("headers", b"foo")]), &spec("slack"));
    assert!(error.starts_with("failed to read headers from secret: it is no map"), "{error}");
}

#[test]
fn n06_the_secrets_address_replaces_an_invalid_one_and_hides_it_even_when_blank() {
    let spec = ProviderSpec { address: "https://example.com|".into(), ..spec("slack") };
    credentials(&[("address", b"https://example.com")]).build(&spec).unwrap();
    let error = credentials(&[("address", b"  ")]).build(&spec).unwrap_err().to_string();
    assert!(error.contains("it is empty; correct key 'address' of secret 'apps/credentials'"), "{error}");
}

#[test]
fn n18_n19_a_secrets_address_may_have_2048_bytes() {
    let resolve = |length: usize| {
        let address = format!("https://{}", "a".repeat(length - 8));
        credentials(&[("address", address.as_bytes())]).resolve(&spec("msteams"))
    };
    assert_eq!(resolve(2048).unwrap().address.as_str().len(), 2048);
    let error = resolve(2049).unwrap_err().to_string();
    assert!(
        error.starts_with("invalid address in secret: address exceeds maximum length of 2048 bytes"),
        "{error}"
    );
}

#[test]
fn n23_an_address_is_no_matter_of_resolving() {
    let spec = ProviderSpec { address: String::new(), channel: "@flux".into(), ..spec("telegram") };
    let settings = credentials(&[("token", b"333:three")]).resolve(&spec).unwrap();
    assert_eq!((settings.channel.as_str(), settings.address.as_str()), ("@flux", ""));
}

#[test]
fn s03_the_pair_overrides_the_specs_name_even_with_nothing() {
    let spec = ProviderSpec { username: "flux".into(), ..spec("slack") };
    let login = |data: &[(&str, &[u8])]| {
        let settings = credentials(data).resolve(&spec).unwrap();
        (settings.username, settings.password)
    };
    assert_eq!(login(&[("username", b"u"), ("password", b"p")]), ("u".into(), Some("p".into())));
    assert_eq!(login(&[("username", b""), ("password", b"")]), (String::new(), Some(String::new())));
}

#[test]
fn s03_a_lone_key_counts_is_noticed_and_never_drops_the_token() {
    let spec = ProviderSpec { username: "flux".into(), ..spec("slack") };
    let key = || ObjectKey::new("apps", "credentials");
    let settings = credentials(&[("username", b"u"), ("token", b"t")]).resolve(&spec).unwrap();
    assert_eq!((settings.username.as_str(), &settings.password), ("u", &None));
    assert_eq!(settings.token.unwrap().raw(), b"t");
    assert_eq!(settings.notices, [SettingsWarning::LoneUsername(key())]);
    let settings = credentials(&[("password", b"p"), ("token", b"t")]).resolve(&spec).unwrap();
    assert_eq!((settings.username.as_str(), settings.password.as_deref()), ("flux", Some("p")));
    assert_eq!(settings.token.unwrap().raw(), b"t");
    assert_eq!(settings.notices, [SettingsWarning::LonePassword(key())]);
    let data: &[(&str, &[u8])] = &[("token", b"t"), ("ca.crt", b"garbage"), ("tls.crt", b"half")];
    assert_eq!(credentials(data).resolve(&spec).unwrap().token.unwrap().raw(), b"t");
}

#[test]
fn s03_a_token_is_trimmed_at_its_end_for_headers_and_raw_for_keys() {
    let token = |raw: &[u8]| credentials(&[("token", raw)]).resolve(&spec("slack")).unwrap();
    let settings = token(b" t \r\n");
    assert_eq!(settings.token.as_ref().unwrap().raw(), b" t \r\n");
    assert_eq!(settings.header_token(), Ok(Some(" t")));
    assert_eq!(token(b"\n").header_token(), Ok(None));
    assert_eq!(token(b"").token, None);
    for unsendable in [b"a\nb" as &[u8], b"\xff"] {
        let key = ObjectKey::new("apps", "credentials");
        assert_eq!(token(unsendable).header_token(), Err(ConfigError::TokenCharacters(key)));
    }
}

#[test]
fn s03_values_that_are_no_text_are_refused_by_name() {
    for key in ["address", "headers", "username", "password", "proxy"] {
        assert_eq!(
            refusal(&credentials(&[(key, b"\xff")]), &spec("slack")),
            format!("key '{key}' of secret 'apps/credentials' is not UTF-8 text; write it again")
        );
    }
}

#[test]
fn s22_secrets_are_masked_in_every_form_in_which_they_may_be_quoted() {
    let data: &[(&str, &[u8])] = &[
        ("address", b"https://u:urlpass@h.example/T0/abcdefghijklm?sig=x"),
        ("token", b"user:app-password\n"),
        ("username", b"me"),
        ("password", b"hunter2"),
        ("headers", b"Authorization: Bearer header-secret\n"),
    ];
    let spec = ProviderSpec { proxy: "http://p:proxypass@p.example".into(), ..spec("slack") };
    let masker = credentials(data).resolve(&spec).unwrap().masker;
    for secret in [
        "https://u:urlpass@h.example/T0/abcdefghijklm?sig=x",
        "urlpass",
        "/T0/abcdefghijklm",
        "abcdefghijklm",
        "user:app-password",
        "app-password",
        "hunter2",
        "bWU6aHVudGVyMg==",
        "Bearer header-secret",
        "header-secret",
        "proxypass",
        "cDpwcm94eXBhc3M=",
    ] {
        assert_eq!(masker.mask(&format!("got {secret}.")), "got *****.", "{secret}");
    }
    assert_eq!(masker.mask("me at h.example"), "me at h.example", "names are no secrets");
}
