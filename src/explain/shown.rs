//! Requests fit to be shown: laid out, and without anything secret.
//!
//! What the masker knows is blotted out everywhere. Beyond that only what is known to be harmless is shown: no query or
//! user-info of a URL, no path of a webhook, no value of a header outside of a short list.

use campanile_domain::{Masker, Method, NatsServer, ProviderClass, Publication, Request};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What stands in place of something secret.
const BLOT: &str = "*****";

/// One request as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShownRequest {
    /// The HTTP method of the request.
    pub method: String,
    /// The URL, with its secret parts masked.
    pub url: String,
    /// The headers that the type sets, in their order.
    pub headers: Vec<Header>,
    /// The body: a JSON value if it is JSON, otherwise its text; null if there is none.
    pub body: Value,
}

/// One header of a request, masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The name of the header.
    pub name: String,
    /// Its value, if that is harmless.
    pub value: String,
}

/// Masks a request of a type of this class.
pub(crate) fn shown(request: &Request, class: ProviderClass, masker: &Masker) -> ShownRequest {
    let header = |(name, value): &(String, String)| Header {
        name: name.clone(),
        value: header_value(name, value, masker),
    };
    ShownRequest {
        method: method(request.method).to_owned(),
        url: url(&request.url, class, masker),
        headers: request.headers.iter().map(header).collect(),
        body: body(&request.body, masker),
    }
}

/// Masks a message for NATS: the servers stand for the URL, in the order in which they are tried, and the subject for the path.
pub(crate) fn published(publication: &Publication, masker: &Masker) -> ShownRequest {
    let server = |server: &NatsServer| format!("{}://{}:{}", server.scheme.name(), server.host, server.port);
    let servers: Vec<String> = publication.servers.servers.iter().map(server).collect();
    ShownRequest {
        method: "PUBLISH".to_owned(),
        url: masker.mask(&format!("{}/{}", servers.join(","), publication.subject)),
        headers: Vec::new(),
        body: body(&publication.payload, masker),
    }
}

fn method(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    }
}

/// Scheme and host; the path too where it names a repository rather than a webhook.
fn url(url: &str, class: ProviderClass, masker: &Masker) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return BLOT.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at_checked(end).unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (path, query) = match tail.find(['?', '#']).and_then(|at| tail.split_at_checked(at)) {
        Some((path, _)) => (path, BLOT),
        None => (tail, ""),
    };
    let mark = if query.is_empty() { "" } else { "?" };
    let path = match class {
        ProviderClass::CommitStatus | ProviderClass::ChangeRequest => path.to_owned(),
        ProviderClass::Message | ProviderClass::Generic if path.len() <= 1 => path.to_owned(),
        ProviderClass::Message | ProviderClass::Generic => format!("/{BLOT}"),
    };
    masker.mask(&format!("{scheme}://{host}{path}{mark}{query}"))
}

fn header_value(name: &str, value: &str, masker: &Masker) -> String {
    if Request::is_harmless(name) { masker.mask(value) } else { BLOT.to_owned() }
}

fn body(body: &[u8], masker: &Masker) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    match serde_json::from_slice(body) {
        Ok(value) => masked(value, masker),
        Err(_) if is_assertion(body) => Value::String(BLOT.to_owned()),
        Err(_) => Value::String(masker.mask(&String::from_utf8_lossy(body))),
    }
}

/// Whether this form asks for a token by a signed assertion (RFC 7523, 2.1), which lets in whoever has it.
fn is_assertion(form: &[u8]) -> bool {
    form.split(|byte| *byte == b'&').any(|pair| pair.starts_with(b"assertion="))
}

/// Masks before the texts are escaped for printing: an escaped secret would not be recognised. As deep as the parser
/// went, which has a bound.
fn masked(value: Value, masker: &Masker) -> Value {
    match value {
        Value::String(text) => Value::String(masker.mask(&text)),
        Value::Array(items) => items.into_iter().map(|item| masked(item, masker)).collect(),
        Value::Object(fields) => {
            let masked = |(key, value): (String, Value)| (masker.mask(&key), masked(value, masker));
            Value::Object(fields.into_iter().map(masked).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ProviderClass::{CommitStatus, Generic, Message};

    fn masker() -> Masker {
        Masker::new(["hunter22", "/services/T0/B0", "sec\"ret"])
    }

    #[test]
    fn cli_a_webhooks_path_and_any_query_are_blotted_out() {
        let shown = |text: &str, class| url(text, class, &masker());
        assert_eq!(
            shown("https://hooks.example.com/services/T0/B0", Message),
            "https://hooks.example.com/*****"
        );
        assert_eq!(shown("https://u:p@h:8/x?key=1#f", Generic), "https://h:8/*****?*****");
        assert_eq!(shown("http://h", Generic), "http://h");
        assert_eq!(
            shown("https://git.example.com/api/v1/repos/o/r?page=1", CommitStatus),
            "https://git.example.com/api/v1/repos/o/r?*****"
        );
        assert_eq!(shown("https://hunter22.example.com/", Message), "https://*****.example.com/");
        assert_eq!(shown("no url", Message), "*****");
    }

    #[test]
    fn cli_only_harmless_headers_show_their_values() {
        let value = |name: &str, value: &str| header_value(name, value, &masker());
        assert_eq!(value("Content-Type", "application/json"), "application/json");
        assert_eq!(value("user-agent", "by hunter22"), "by *****");
        assert_eq!(value("Authorization", "Bearer unknown"), "*****");
        assert_eq!(value("X-Whatever", "1"), "*****");
    }

    #[test]
    fn cli_a_secret_in_a_body_is_found_in_keys_values_and_behind_escapes() {
        let text = br#"{"a":["hunter22",1,null],"hunter22":{"b":"x sec\"ret y"}}"#;
        let shown = body(text, &masker());
        assert_eq!(shown, serde_json::json!({"a": ["*****", 1, null], "*****": {"b": "x ***** y"}}));
        assert_eq!(body(b"plain hunter22", &masker()), Value::String("plain *****".into()));
        assert_eq!(body(b"", &masker()), Value::Null);
    }

    #[test]
    fn cli_an_assertion_is_not_shown() {
        assert_eq!(body(b"grant_type=x&assertion=eyJ.eyJ.sig", &masker()), Value::String(BLOT.into()));
        assert_eq!(body(b"content=assertion%3D1", &masker()), Value::String("content=assertion%3D1".into()));
    }
}
