use super::*;
use crate::testing::{Secrets, credentials, spec};
use campanile_domain::ObjectKey;
use campanile_testkit::provider;

fn refusal(secrets: &Secrets, spec: &ProviderSpec) -> String {
    secrets.resolve(spec).unwrap_err().to_string()
}

fn with_proxy() -> ProviderSpec {
    ProviderSpec { proxy_secret_ref: Some("proxy".into()), ..provider() }
}

fn proxy(host: &str, port: u16, login: Option<(&str, Option<&str>)>) -> Proxy {
    Proxy {
        scheme: ProxyScheme::Http,
        host: host.into(),
        port,
        username: login.map(|(name, _)| name.to_owned()),
        password: login.and_then(|(_, password)| password).map(str::to_owned),
    }
}

#[test]
fn n04_a_proxy_key_that_is_no_url_is_refused_without_showing_it() {
    let error = refusal(&credentials(&[("proxy", b"https://exampleproxy.com|")]), &spec("slack"));
    assert!(error.starts_with("invalid 'proxy' in secret 'apps/credentials'"), "{error}");
    assert!(!error.contains("exampleproxy"), "{error}");
}

#[test]
fn n07_n22_the_deprecated_proxy_of_the_spec_works_unless_the_secret_replaces_it() {
    let bad = ProviderSpec { proxy: "https://exampleproxy.com|".into(), ..spec("slack") };
    assert!(refusal(&credentials(&[]), &bad).starts_with("unable to parse proxy URL: "));
    let settings = credentials(&[("proxy", b"http://p.example:3128")]).resolve(&bad).unwrap();
    assert_eq!(settings.connection.proxy, Some(proxy("p.example", 3128, None)));
    let key = ObjectKey::new("apps", "credentials");
    assert_eq!(settings.notices, [SettingsWarning::ProxyInSpec, SettingsWarning::ProxyInSecret(key)]);
    let good = ProviderSpec { proxy: "http://u:p%40ss@p.example".into(), ..provider() };
    let settings = Secrets::default().resolve(&good).unwrap();
    assert_eq!(settings.connection.proxy, Some(proxy("p.example", 80, Some(("u", Some("p@ss"))))));
    assert_eq!(settings.notices, [SettingsWarning::ProxyInSpec]);
}

#[test]
fn s05_a_blank_proxy_in_the_secret_switches_the_specs_proxy_off() {
    let spec = ProviderSpec { proxy: "http://p.example".into(), ..spec("slack") };
    assert_eq!(credentials(&[("proxy", b" ")]).resolve(&spec).unwrap().connection.proxy, None);
}

#[test]
fn n20_a_proxy_secret_counts_most_with_or_without_a_login() {
    let resolved = |data: &[(&str, &[u8])]| {
        let spec = ProviderSpec { proxy: "http://other.example".into(), ..with_proxy() };
        Secrets::default().with("proxy", data).resolve(&spec).unwrap().connection.proxy
    };
    let address = ("address", b"http://a:b@p.example:8080\n" as &[u8]);
    assert_eq!(resolved(&[address]), Some(proxy("p.example", 8080, Some(("a", Some("b"))))));
    let login = |login| Some(proxy("p.example", 8080, Some(login)));
    assert_eq!(resolved(&[address, ("username", b"u"), ("password", b"p")]), login(("u", Some("p"))));
    assert_eq!(resolved(&[address, ("username", b"u")]), login(("u", None)));
    assert_eq!(resolved(&[address, ("password", b"p")]), login(("a", Some("b"))));
}

#[test]
fn s05_proxies_have_the_ports_of_their_schemes() {
    let resolved = |address: &str| {
        let secrets = Secrets::default().with("proxy", &[("address", address.as_bytes())]);
        let proxy = secrets.resolve(&with_proxy()).unwrap().connection.proxy.unwrap();
        (proxy.scheme, proxy.host, proxy.port)
    };
    assert_eq!(resolved("https://p.example"), (ProxyScheme::Https, "p.example".into(), 443));
    assert_eq!(resolved("socks5://10.0.0.1"), (ProxyScheme::Socks5, "10.0.0.1".into(), 1080));
    assert_eq!(resolved("socks5://[::1]:99"), (ProxyScheme::Socks5, "::1".into(), 99));
}

#[test]
fn n21_s05_a_proxy_secret_that_gives_no_proxy_is_refused() {
    let refuse = |data: &[(&str, &[u8])]| refusal(&Secrets::default().with("proxy", data), &with_proxy());
    let text = |rest: &str| format!("failed to get proxy URL: secret 'apps/proxy': {rest}");
    assert_eq!(refuse(&[]), text("key 'address' not found"));
    assert_eq!(refuse(&[("address", b" \n")]), text("proxy address is empty"));
    let long = format!("http://{}", "a".repeat(2042));
    assert_eq!(
        refuse(&[("address", long.as_bytes())]),
        text("proxy URL exceeds maximum length of 2048 characters")
    );
    let scheme = "proxy URL must use one of the supported schemes (http, https, socks5), got ";
    assert_eq!(refuse(&[("address", b"ftp://127.0.0.1:1")]), text(&format!("{scheme}'ftp'")));
    assert_eq!(refuse(&[("address", b"hunter2:8080")]), text(&format!("{scheme}''")));
    assert_eq!(refuse(&[("address", b"http://p.example|")]), text(&ProxyUrlError::Unreadable.to_string()));
    assert_eq!(refuse(&[("address", b"\xff")]), text("a value is not UTF-8 text"));
}
