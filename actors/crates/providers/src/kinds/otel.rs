//! `otel`: a span for each event, by OTLP over HTTP (contract, providers 23.22).
//!
//! A span is never cut: collectors take requests of 20 MiB as they are shipped (OpenTelemetry Collector, HTTP server settings,
//! `max_request_body_size`), far more than an event can have.
//!
//! Its FIXes are taken: the address is checked, credentials are sent whenever there are any, and the answer counts. The
//! trace of a revision and the span of a delivery are the same at every try, so that a repeated span replaces the first.

mod proto;
mod span;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use campanile_domain::{Failure, FailureClass, Masker, Method, Notification, Request, Response, Verdict};
use jiff::Timestamp;
use prost::Message;

use crate::authorization::{basic, token_or_password};
use crate::exchange::Post;
use crate::judgement::quote;
use crate::sample::{BodyForm, KeyPlace, KeyScope, Limit, Markup, RepeatKey, Sample, Sends, Tells};
use crate::{ConfigError, Exchange, Provider, Settings, Step, authorization};
use proto::{ExportRequest, ExportResponse, PartialSuccess, RpcStatus};

/// Where collectors listen if the address has no path (OTLP 1.5, "OTLP/HTTP request").
const USUAL_PATH: &str = "/v1/traces";

/// Objects that nothing is sent for.
const SKIPPED_KIND: &str = "HelmRepository";

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let url = url(settings.address.hook_url("OTLP endpoint")?.as_str());
    if settings.connection.tls.is_some() && !url.starts_with("https://") {
        return Err(ConfigError::TlsWithoutHttps);
    }
    let mut headers = vec![("Content-Type".to_owned(), "application/x-protobuf".to_owned())];
    headers.extend(settings.http_headers()?);
    let is_given = |(name, _): &(String, String)| name.eq_ignore_ascii_case("authorization");
    let own = if headers.iter().any(is_given) { None } else { authorization(settings)? };
    let masker = Arc::new(settings.masker.with(own.as_deref().and_then(|own| own.strip_prefix("Basic "))));
    headers.extend(own.map(authorization::header));
    Ok(Box::new(Otel { target: Arc::new(Target { url, headers }), masker }))
}

/// The address without its query, with the usual path if it has none.
fn url(address: &str) -> String {
    let address = address.split('?').next().unwrap_or_default();
    let has_path = address.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
    if has_path { address.to_owned() } else { format!("{address}{USUAL_PATH}") }
}

/// Basic credentials if there is a user name, or else the token.
fn authorization(settings: &Settings) -> Result<Option<String>, ConfigError> {
    let Some(secret) = token_or_password(settings)? else { return Ok(None) };
    let bearer = || format!("Bearer {secret}");
    let name = settings.username.as_str();
    Ok(Some(if name.is_empty() { bearer() } else { basic(name, &secret) }))
}

struct Otel {
    target: Arc<Target>,
    masker: Arc<Masker>,
}

struct Target {
    url: String,
    headers: Vec<(String, String)>,
}

impl Provider for Otel {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        let is_skipped = notification.object().kind == SKIPPED_KIND;
        let export = (!is_skipped).then(|| span::export(notification));
        Ok(Box::new(Sending { target: self.target.clone(), export, masker: self.masker.clone(), post: None }))
    }
}

/// Posts a span that ends when it is sent.
struct Sending {
    target: Arc<Target>,
    /// None if there is nothing to send.
    export: Option<ExportRequest>,
    masker: Arc<Masker>,
    post: Option<Post>,
}

impl Exchange for Sending {
    fn next(&mut self, response: Option<Response>, now: Timestamp) -> Step {
        let Some(export) = &mut self.export else { return Step::Done(Verdict::Skipped) };
        let post = self.post.get_or_insert_with(|| {
            export.end(now);
            let Target { url, headers } = &*self.target;
            let body = export.encode_to_vec().into();
            let request = Request { method: Method::Post, url: url.clone(), headers: headers.clone(), body };
            Post::new(request, judge, self.masker.clone())
        });
        post.next(response, now)
    }
}

/// As everywhere, but for a success in part, which must not be repeated (OTLP 1.5, "Partial success").
fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    let is_protobuf =
        response.header("content-type").is_some_and(|kind| kind.starts_with("application/x-protobuf"));
    if !is_protobuf {
        return crate::judge(response, now, masker);
    }
    if let Some(failure) = rejection(response, masker) {
        return Verdict::Failed(failure);
    }
    // The text alone is quoted, not the bytes around it.
    let text = RpcStatus::decode(&*response.body).map(|status| status.message).unwrap_or_default();
    crate::judge(&Response { body: text.into(), ..response.clone() }, now, masker)
}

fn rejection(response: &Response, masker: &Masker) -> Option<Failure> {
    if !matches!(response.status, 200..=299) {
        return None;
    }
    let answer = ExportResponse::decode(&*response.body).ok()?;
    let PartialSuccess { rejected_spans, error_message } = answer.partial_success?;
    let quote = quote(error_message.as_bytes(), masker);
    let text = format!("the collector refuses this span: {quote}");
    (rejected_spans > 0).then(|| Failure::new(FailureClass::Rejected, text))
}

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    sends: Sends::Exchange,
    body: BodyForm::Spans,
    taken: (200, ""),
    tells: Tells::Spans,
    says_cut: false,
    key: Some(RepeatKey { place: KeyPlace::Span, scope: KeyScope::Delivery }),
    ..Sample::webhook(
        Markup::Plain,
        &[Limit::body(
            "request",
            20 << 20,
            "[OpenTelemetry Collector, HTTP server settings, `max_request_body_size`](https://github.com/open-telemetry/opentelemetry-collector/blob/main/config/confighttp/README.md), as it is shipped",
        )],
    )
};
