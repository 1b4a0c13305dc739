//! `POST /v1/explain`: what becomes of an event, by the objects that are in force.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload, Query, block};
use actix_web::{HttpRequest, HttpResponse};
use campanile_domain::Environment;
use campanile_protocol::{GetSpecs, ReadSecrets, Secrets};
use campanile_router::Rules;
use campanile_transport::Transport;
use serde::Deserialize;

use super::error::ApiError;
use super::key::object_key;
use super::{View, body};
use crate::explain::{Circumstances, ExplainError, Question};

/// Path of the endpoint.
pub const EXPLAIN: &str = "/v1/explain";

/// What decides beside the objects, which the watcher is asked for.
pub(crate) struct Explainer {
    pub(crate) rules: Rules,
    pub(crate) transport: Transport,
    pub(crate) environment: Arc<Environment>,
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
        environment: explainer.environment.clone(),
        now: view.clock.now(),
    };
    let Ok(specs) = view.links.specs.ask(GetSpecs).await else {
        return Err(ApiError::unavailable("the watcher is being restarted, try again"));
    };
    let specs = specs.ok_or_else(|| ApiError::unavailable("the objects are not loaded yet, try again"))?;
    let judged = block(move || Question::new(&event, specs, alert.as_ref(), circumstances)).await;
    let question = judged.map_err(|_| panicked())?.map_err(|error| ApiError::new(status(&error), error))?;
    let wanted = question.secrets();
    let secrets = match wanted.is_empty() {
        true => Secrets::new(),
        false => view.links.secrets.ask(ReadSecrets(wanted)).await.unwrap_or_default(),
    };
    let explanation = block(move || question.answer(&secrets)).await.map_err(|_| panicked())?;
    Ok(HttpResponse::Ok().json(explanation))
}

fn panicked() -> ApiError {
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "explain the event: it panicked")
}

fn status(error: &ExplainError) -> StatusCode {
    match error {
        ExplainError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        ExplainError::Decode(_) => StatusCode::BAD_REQUEST,
        ExplainError::NoAlert(_) => StatusCode::NOT_FOUND,
        ExplainError::Folder(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
