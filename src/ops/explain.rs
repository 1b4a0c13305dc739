//! `POST /v1/explain`: what becomes of an event, by the manifests as they are now.

use std::path::PathBuf;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload, Query, block};
use actix_web::{HttpRequest, HttpResponse};
use campanile_router::Rules;
use campanile_transport::Transport;
use serde::Deserialize;

use super::error::ApiError;
use super::key::object_key;
use super::{View, body};
use crate::explain::{Circumstances, ExplainError, explain_folder};

/// Path of the endpoint.
pub const EXPLAIN: &str = "/v1/explain";

/// What explanations are made from. The folder is read for each of them, so that they follow it without a message to
/// the watcher; they differ from what runs only while a file is broken whose last good state is still in force.
pub(crate) struct Explainer {
    /// None in a cluster: there the objects are not files.
    pub(crate) manifests: Option<PathBuf>,
    pub(crate) rules: Rules,
    pub(crate) transport: Transport,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ExplainQuery {
    /// `namespace/name`.
    alert: Option<String>,
}

/// The body is the event.
pub(super) async fn explain(
    request: HttpRequest,
    view: Data<View>,
    query: Query<ExplainQuery>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let alert = query.alert.as_deref().map(|text| object_key("alert", text)).transpose()?;
    let event = body::read(&request, payload).await?;
    let explainer = view.explainer.clone();
    let circumstances = Circumstances {
        rules: explainer.rules,
        transport: explainer.transport.clone(),
        now: view.clock.now(),
    };
    let Some(manifests) = explainer.manifests.clone() else {
        let hint = "explain the event: an instance in a cluster can not yet; use `campanile explain --manifests DIR`";
        return Err(ApiError::new(StatusCode::NOT_IMPLEMENTED, hint));
    };
    let explaining = block(move || explain_folder(&manifests, &event, alert.as_ref(), &circumstances));
    match explaining.await {
        Ok(Ok(explanation)) => Ok(HttpResponse::Ok().json(explanation)),
        Ok(Err(error)) => Err(ApiError::new(status(&error), error)),
        Err(_) => Err(ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "explain the event: it panicked")),
    }
}

fn status(error: &ExplainError) -> StatusCode {
    match error {
        ExplainError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        ExplainError::Decode(_) => StatusCode::BAD_REQUEST,
        ExplainError::NoAlert(_) => StatusCode::NOT_FOUND,
        ExplainError::Folder(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
