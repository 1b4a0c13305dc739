//! Every way to fail: on the way to the destination, at the destination, and in the configuration.

use std::collections::BTreeMap;

use campanile_providers::sample::LoginForm;
use serde_json::{Value, json};

use super::kinds::Kind;
use super::objects_of;
use crate::support::{Arrival, Authority, Sink, Thought, Tunnel, secret};

/// Hosts that the destinations' certificate stands for.
const HOSTS: &[&str] =
    &[OWN_HOST, "api.telegram.org", "pubsub.googleapis.com", "api.bitbucket.org", "oauth2.googleapis.com"];

/// Nobody listens there, and no test is given this port.
const NOWHERE: &str = "http://127.0.0.1:1";

/// A host that only the proxy knows.
const OWN_HOST: &str = "hooks.campanile.test";

/// What destinations answer with; 0 is no HTTP at all, 200 comes with a body that is not the one to expect.
const STATUSES: &[u16] = &[0, 200, 302, 400, 401, 403, 404, 422, 429, 500];

/// The status of which `send` is looked at too.
const QUOTING: u16 = 401;

/// The way on which no token is to be had.
const WITHOUT_TOKENS: &str = "no-tokens";

/// What everything is sent to.
pub(super) struct Destinations {
    plain: BTreeMap<u16, Sink>,
    /// The same under TLS, behind a proxy each, with a certificate of `trusted`.
    secure: BTreeMap<u16, (Sink, Tunnel)>,
    pub(super) trusted: Authority,
    /// A server whose certificate nobody knows, and a proxy to it.
    unknown: (Sink, Tunnel),
    /// Services that give no tokens either, and a proxy to them.
    no_tokens: (Sink, Tunnel),
    /// A proxy that lets nobody through.
    closed_proxy: Sink,
}

impl Destinations {
    pub(super) fn start() -> Self {
        let trusted = Authority::named("trusted");
        let tls = || Sink::start_tls(trusted.sign_all(HOSTS).server(None));
        let secure = |status: u16| {
            let sink = echoing(tls(), status);
            let tunnel = Tunnel::to(sink.address);
            (status, (sink, tunnel))
        };
        let unknown = Sink::start_tls(Authority::named("unknown").sign_all(HOSTS).server(None));
        let tunnel = Tunnel::to(unknown.address);
        let no_tokens = tls();
        no_tokens.think_of(|arrival| echo(arrival, 400));
        let to_no_tokens = Tunnel::to(no_tokens.address);
        Self {
            no_tokens: (no_tokens, to_no_tokens),
            plain: STATUSES.iter().map(|status| (*status, echoing(Sink::start(), *status))).collect(),
            secure: STATUSES.iter().map(|status| secure(*status)).collect(),
            unknown: (unknown, tunnel),
            closed_proxy: echoing(Sink::start(), 407),
            trusted,
        }
    }

    /// A Provider of this kind for every way to fail.
    pub(super) fn objects(&self, kind: &Kind) -> Vec<Value> {
        let secure = self
            .secure
            .iter()
            .flat_map(|(status, (_, tunnel))| self.proxied(kind, &format!("tls-{status}"), &tunnel.url()));
        let (_, unknown) = &self.unknown;
        let mut objects: Vec<Value> = secure.collect();
        objects.extend(self.proxied(kind, "untrusted", &unknown.url()));
        objects.extend(self.proxied(kind, WITHOUT_TOKENS, &self.no_tokens.1.url()));
        objects.extend(self.proxied(kind, "closed-proxy", &self.closed_proxy.url("")));
        objects.extend(self.proxied(kind, "no-proxy", NOWHERE));
        if kind.sample.fixed_host.is_none() {
            objects.extend(direct(kind, "refused", NOWHERE));
            objects.extend(direct(kind, "no-tls", &NOWHERE.replacen("http", "https", 1)));
            objects.extend(direct(kind, "unknown-ca", &self.unknown.0.url("")));
            let plain = self.plain.iter();
            objects.extend(
                plain.flat_map(|(status, sink)| direct(kind, &format!("plain-{status}"), &sink.url(""))),
            );
        }
        objects
    }

    /// The Providers of this kind that are answered with what they sent.
    pub(super) fn quoting(kind: &Kind) -> [String; 2] {
        [kind.name(&format!("tls-{QUOTING}")), kind.name(WITHOUT_TOKENS)]
    }

    /// How many requests arrived at each place that answers.
    pub(super) fn arrivals(&self) -> Vec<(String, usize)> {
        let plain = self.plain.iter().map(|(status, sink)| (format!("plain-{status}"), sink));
        let secure = self.secure.iter().map(|(status, (sink, _))| (format!("tls-{status}"), sink));
        let others = [("closed-proxy", &self.closed_proxy), (WITHOUT_TOKENS, &self.no_tokens.0)];
        let others = others.map(|(way, sink)| (way.to_owned(), sink));
        plain.chain(secure).chain(others).map(|(way, sink)| (way, sink.arrivals().len())).collect()
    }

    fn proxied(&self, kind: &Kind, way: &str, proxy: &str) -> Vec<Value> {
        let name = kind.name(way);
        let origin = format!("https://{}", kind.sample.fixed_host.unwrap_or(OWN_HOST));
        let (login, tls) = (format!("{name}-proxy"), format!("{name}-tls"));
        let mut spec = json!({
            "channel": kind.channel, "secretRef": { "name": name }, "proxySecretRef": { "name": login },
        });
        // Some that send to one place in the world look at no certificates.
        if kind.sample.fixed_host.is_none() {
            spec["certSecretRef"] = json!({ "name": tls });
        }
        let secrets = vec![
            secret(&name, kind.data(&origin)),
            secret(
                &login,
                json!({ "address": proxy, "username": "p", "password": "HushHush-proxy-password" }),
            ),
            secret(&tls, json!({ "ca.crt": self.trusted.pem })),
        ];
        objects_of(&name, kind, spec, secrets)
    }
}

/// What stands for all ways where each costs much: an answer that quotes the request, no token, and two settings that cannot
/// work.
pub(super) fn few(destinations: &Destinations, kind: &Kind) -> Vec<Value> {
    let (_, tunnel) = &destinations.secure[&QUOTING];
    let quoting = destinations.proxied(kind, &format!("tls-{QUOTING}"), &tunnel.url());
    let tokens = matches!(kind.login, LoginForm::App | LoginForm::ServiceAccount);
    let tokens = tokens.then(|| destinations.proxied(kind, WITHOUT_TOKENS, &destinations.no_tokens.1.url()));
    let (headers, (proxy, address)) = (json!({ "headers": "X: [HushHush-header]" }), WRONG_PROXIES[3]);
    let other = json!({ "address": NOWHERE });
    let headers = Configuration::provider(kind, "nested", &headers, "proxySecretRef", other);
    let address = json!({ "address": address, "password": "HushHush" });
    let proxy = Configuration::provider(kind, proxy, &json!({}), "proxySecretRef", address);
    [quoting, tokens.unwrap_or_default(), headers, proxy].concat()
}

/// A Provider of this kind that would send to a host that nobody knows.
#[cfg(feature = "failpoints")]
pub(super) fn nowhere(kind: &Kind, way: &str) -> Vec<Value> {
    direct(kind, way, &format!("https://{OWN_HOST}"))
}

fn direct(kind: &Kind, way: &str, origin: &str) -> Vec<Value> {
    let name = kind.name(way);
    let spec = json!({ "channel": kind.channel, "secretRef": { "name": name } });
    objects_of(&name, kind, spec, vec![secret(&name, kind.data(origin))])
}

/// An origin at which nobody listens.
fn echoing(sink: Sink, status: u16) -> Sink {
    sink.think_of(move |arrival| token(arrival).unwrap_or_else(|| echo(arrival, status)));
    sink
}

/// The token that this request asks for: what a token is good for fails, not getting one.
fn token(arrival: &Arrival) -> Option<Thought> {
    let body = match arrival.path.as_str() {
        path if path.ends_with("/access_tokens") => {
            json!({ "token": "ghs_HushHush-installation", "expires_at": "2036-01-01T00:00:00Z" })
        }
        "/token" => json!({ "access_token": "ya29.HushHush-access", "expires_in": 3600 }),
        path if path.ends_with("/app") => json!({ "slug": "flux" }),
        _ => return None,
    };
    Some(Thought { status: 201, body: body.to_string(), ..Thought::default() })
}

/// A request as its own answer: in the body, where services tell errors, and in headers.
fn echo(arrival: &Arrival, status: u16) -> Thought {
    let headers: String = arrival.headers().map(|(name, value)| format!("{name}: {value}; ")).collect();
    let line = format!("{} {} {headers}", arrival.method, arrival.path);
    let whole = format!("{line}{}", String::from_utf8_lossy(&arrival.body));
    let keys =
        ["error", "message", "msg", "description", "detail", "error_description", "reason", "StatusMessage"];
    let mut body: serde_json::Map<String, Value> =
        keys.iter().map(|key| ((*key).to_owned(), json!(whole))).collect();
    body.extend([("ok".to_owned(), json!(false)), ("code".to_owned(), json!(9499))]);
    let headers = format!(
        "X-Echo: {line}\r\nLocation: https://elsewhere.example{}\r\nWWW-Authenticate: Basic realm=\"{line}\"\r\n\
         Retry-After: {line}\r\n",
        arrival.path
    );
    Thought { status, headers, body: Value::Object(body).to_string(), raw: None }
}

/// What can be wrong before anything is sent.
pub(super) struct Configuration;

/// What replaces a key of the Secret; `\0` is no text.
const WRONG: &[(&str, &str, &str)] = &[
    ("address", "address", "HushHush no address"),
    ("host", "address", "https://HushHush|/hooks/HushHush-path"),
    ("port", "address", "https://hooks.example:HushHush/HushHush-path"),
    ("escape", "address", "https://hooks.example/HushHush%zz?sig=HushHush"),
    ("control", "address", "https://hooks.example/HushHush\u{1}-path"),
    ("headers", "headers", "HushHush"),
    ("nested", "headers", "X: [HushHush-header]"),
    ("open", "headers", "X: 'HushHush-header"),
    ("alias", "headers", "HushHush: {a: *HushHush}"),
    ("proxy", "proxy", "HushHush-proxy"),
    ("proxy-host", "proxy", "http://p:HushHush-password@proxy.example|"),
    ("token", "token", "HushHush\u{1}token"),
    (
        "key",
        "githubAppPrivateKey",
        "-----BEGIN RSA PRIVATE KEY-----\nHushHush\n-----END RSA PRIVATE KEY-----\n",
    ),
    ("app-id", "githubAppID", "HushHush"),
    ("app-url", "githubAppBaseURL", "HushHush://x"),
];

/// What is wrong in a Secret for a proxy.
const WRONG_PROXIES: &[(&str, &str)] = &[
    ("p-scheme", "ftp://p:HushHush-password@proxy.example"),
    ("p-text", "HushHush-password"),
    ("p-host", "http://p:HushHush-password@"),
    ("p-port", "http://p:HushHush-password@proxy.example:HushHush"),
];

/// What is wrong in a Secret for TLS.
const WRONG_TLS: &[(&str, &str, &str)] = &[
    ("ca", "ca.crt", "HushHush no certificate"),
    ("pem", "ca.crt", "-----BEGIN CERTIFICATE-----\nHushHush\n-----END CERTIFICATE-----\n"),
    ("lone", "tls.key", "HushHush-key"),
];

impl Configuration {
    /// The ways that no type can work with.
    pub(super) fn never_works() -> impl Iterator<Item = &'static str> {
        let in_secret = WRONG.iter().filter(|(_, key, _)| matches!(*key, "headers" | "proxy"));
        let in_secret = in_secret.map(|(way, _, _)| *way);
        let by_proxy = WRONG_PROXIES.iter().map(|(way, _)| *way);
        in_secret.chain(by_proxy).chain(WRONG_TLS.iter().map(|(way, _, _)| *way))
    }

    /// A Provider of this kind for everything that can be wrong.
    pub(super) fn objects(kind: &Kind) -> Vec<Value> {
        let in_secret = WRONG.iter().flat_map(|(way, key, value)| {
            let change = json!({ *key: value });
            // A type that does not mind dials no further than this proxy.
            Self::provider(kind, way, &change, "proxySecretRef", json!({ "address": NOWHERE }))
        });
        let by_proxy = WRONG_PROXIES.iter().flat_map(|(way, address)| {
            let proxy = json!({ "address": address, "password": "HushHush" });
            Self::provider(kind, way, &json!({}), "proxySecretRef", proxy)
        });
        let by_tls = WRONG_TLS.iter().flat_map(|(way, key, value)| {
            Self::provider(kind, way, &json!({}), "certSecretRef", json!({ *key: value }))
        });
        in_secret.chain(by_proxy).chain(by_tls).collect()
    }

    /// A Provider whose Secret has these changes, and another Secret in `reference`.
    fn provider(kind: &Kind, way: &str, changes: &Value, reference: &str, other: Value) -> Vec<Value> {
        let name = kind.name(way);
        let mut data = kind.data(&format!("https://{OWN_HOST}"));
        for (key, value) in changes.as_object().into_iter().flatten() {
            data[key] = value.clone();
        }
        let beside = format!("{name}-other");
        let spec =
            json!({ "channel": kind.channel, "secretRef": { "name": name }, reference: { "name": beside } });
        objects_of(&name, kind, spec, vec![secret(&name, data), secret(&beside, other)])
    }
}
