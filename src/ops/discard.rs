//! `POST /v1/drop`: removes dead letters for good.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::error::ApiError;
use super::letters::{LetterRequest, Letters};
use super::pick::UntouchedDelivery;
use super::provider::objects;
use super::{View, body};

/// Path of the endpoint that drops dead letters.
pub const DROP: &str = "/v1/drop";

/// The result of a request to drop dead letters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DropReport {
    /// The number of deliveries that are gone.
    pub dropped: usize,
    /// What named no dead letter, or several.
    pub refused: Vec<UntouchedDelivery>,
}

pub(super) async fn discard(
    request: HttpRequest,
    view: Data<View>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let wanted: LetterRequest = body::read_json(&request, payload).await?;
    let Letters { found, refused } = Letters::of(&wanted, &view, &objects(&view).await?).await?;
    let ids = found.into_iter().map(|letter| letter.id).collect();
    let dropped = view.outbox.discard(ids).await.map_err(ApiError::unavailable)?;
    tracing::info!(dropped, refused = refused.len(), "dropped dead letters");
    Ok(HttpResponse::Ok().json(DropReport { dropped, refused }))
}
