//! `POST /v1/retry`: tries what waits for a Provider at once.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use campanile_delivery::{RetryError, RetryNow};
use campanile_domain::{IdTexts, ObjectKey};
use campanile_outbox::{BrowseFilter, Usage};
use serde::{Deserialize, Serialize};

use super::error::ApiError;
use super::key::object_key;
use super::pick::{DELIVERIES, UntouchedDelivery, pick};
use super::{View, body};

/// Path of the endpoint that tries waiting deliveries now.
pub const RETRY: &str = "/v1/retry";

/// Which queues: that of a Provider, or those in which deliveries wait.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetryRequest {
    /// Ids of waiting deliveries, or beginnings of them that are unique.
    pub ids: Vec<String>,
    /// The Provider whose deliveries are tried, as `namespace/name`.
    pub provider: Option<String>,
}

/// The result of a request to try deliveries now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryReport {
    /// The Providers whose queues are tried, and how many deliveries wait in each.
    pub providers: BTreeMap<String, u64>,
    /// What names no waiting delivery, or one whose Provider cannot be tried.
    pub refused: Vec<UntouchedDelivery>,
}

pub(super) async fn retry(
    request: HttpRequest,
    view: Data<View>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let RetryRequest { ids, provider } = body::read_json(&request, payload).await?;
    let report = match provider {
        Some(provider) if ids.is_empty() => {
            let key = object_key("provider", &provider)?;
            retry_one(&view, &key).await?.map_err(|error| ApiError::new(status(&error), error))?;
            RetryReport { providers: [waiting(&view, &key)].into(), refused: Vec::new() }
        }
        None if !ids.is_empty() => retry_queues_of(&view, &ids).await?,
        _ => return Err(ApiError::bad_request("read the request: name either ids or a provider")),
    };
    tracing::info!(providers = report.providers.len(), refused = report.refused.len(), "retrying at once");
    Ok(HttpResponse::Ok().json(report))
}

/// Tries the queues in which these deliveries wait.
async fn retry_queues_of(view: &View, ids: &[String]) -> Result<RetryReport, ApiError> {
    let named = BrowseFilter { ids: Some(IdTexts::new(ids)), ..BrowseFilter::default() };
    let pending = view.outbox.list(named).await.map_err(ApiError::unavailable)?;
    let (found, refused) = pick(ids, pending, &DELIVERIES);
    let mut report = RetryReport { refused, ..RetryReport::default() };
    let mut by_provider = BTreeMap::<ObjectKey, Vec<String>>::new();
    for delivery in found {
        by_provider.entry(delivery.provider).or_default().push(delivery.id.to_string());
    }
    for (key, ids) in by_provider {
        match retry_one(view, &key).await? {
            Ok(()) => report.providers.extend([waiting(view, &key)]),
            Err(error) => {
                report
                    .refused
                    .extend(ids.into_iter().map(|id| UntouchedDelivery { id, why: error.to_string() }));
            }
        }
    }
    Ok(report)
}

async fn retry_one(view: &View, key: &ObjectKey) -> Result<Result<(), RetryError>, ApiError> {
    let gone =
        |_| ApiError::unavailable("retry: the dispatcher gave no answer; look at its log and try again");
    view.links.retry.ask(RetryNow(key.clone())).await.map_err(gone)
}

fn waiting(view: &View, key: &ObjectKey) -> (String, u64) {
    (key.to_string(), view.outbox.stats().providers.get(key).map_or(0, Usage::waiting))
}

fn status(error: &RetryError) -> StatusCode {
    match error {
        RetryError::NotFound(_) => StatusCode::NOT_FOUND,
        RetryError::Suspended(_) => StatusCode::CONFLICT,
        RetryError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
