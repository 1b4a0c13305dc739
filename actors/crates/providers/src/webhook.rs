//! The exchange of all types that post to one URL.

use std::sync::Arc;

use bytes::Bytes;
use campanile_domain::{Failure, FailureClass, Masker, Method, Request, to_wire_json};
use serde::Serialize;

use crate::Exchange;
use crate::address::HookUrl;
use crate::exchange::{Judge, Post};

/// The headers of a JSON body, with room for `more`.
pub(crate) fn json_headers(more: usize) -> Vec<(String, String)> {
    let mut headers = Vec::with_capacity(1 + more);
    headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
    headers
}

/// `value` as the body of a request (contract, providers 12).
pub(crate) fn json_body<T: Serialize>(value: &T) -> Result<Bytes, Failure> {
    rendered(to_wire_json(value))
}

/// What was rendered, as the body of a request.
pub(crate) fn rendered(json: serde_json::Result<Vec<u8>>) -> Result<Bytes, Failure> {
    json.map(Bytes::from).map_err(|error| {
        Failure::new(FailureClass::Render, format!("render the notification as JSON: {error}"))
    })
}

/// The target of a webhook: where its requests go, and who judges the answers.
pub(crate) struct WebhookTarget {
    pub(crate) url: HookUrl,
    pub(crate) judge: Judge,
    pub(crate) masker: Arc<Masker>,
}

impl WebhookTarget {
    /// The exchange that posts `body`.
    pub(crate) fn post(&self, headers: Vec<(String, String)>, body: Bytes) -> Box<dyn Exchange> {
        let request = Request { method: Method::Post, url: self.url.as_str().to_owned(), headers, body };
        Box::new(Post::new(request, self.judge, self.masker.clone()))
    }
}
