//! What a collector's answers mean.

use campanile_domain::{Failure, FailureClass, Masker, Response, Verdict};
use jiff::Timestamp;
use prost::Message;

use super::proto::{ExportResponse, PartialSuccess, RpcStatus};
use crate::judgement::quote;

/// As everywhere, but for a success in part, which must not be repeated (OTLP 1.5, "Partial success").
pub(super) fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
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
