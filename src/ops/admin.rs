//! The operations API: objects with their status, deliveries, and the state of every actor, as JSON.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query, ServiceConfig, get};
use campanile_domain::ObjectKey;
use campanile_outbox::{DeliveryView, Selection};
use campanile_protocol::GetObjects;
use serde::{Deserialize, Serialize};

use super::{State, View};

/// Path of the objects.
pub const OBJECTS: &str = "/v1/objects";
/// Path of the deliveries.
pub const DELIVERIES: &str = "/v1/deliveries";
/// Most deliveries in one answer.
const MOST_DELIVERIES: usize = 10_000;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route(OBJECTS, get().to(objects))
        .route(DELIVERIES, get().to(deliveries))
        .route("/v1/state", get().to(state));
}

/// Which deliveries to list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DeliveryQuery {
    dead: bool,
    /// `namespace/name`.
    provider: Option<String>,
    limit: usize,
}

/// Deliveries, oldest first.
#[derive(Debug, Serialize, Deserialize)]
pub struct DeliveryList {
    /// The deliveries.
    pub items: Vec<DeliveryView>,
}

async fn objects(view: Data<View>) -> HttpResponse {
    match view.links.objects.ask(GetObjects).await {
        Ok(table) => HttpResponse::Ok().json(table),
        Err(_) => unavailable("the watcher is being restarted, try again"),
    }
}

async fn deliveries(view: Data<View>, query: Query<DeliveryQuery>) -> HttpResponse {
    let query = query.into_inner();
    let provider = match query.provider.as_deref().map(|text| text.split_once('/')) {
        None => None,
        Some(Some((namespace, name))) => Some(ObjectKey::new(namespace, name)),
        Some(None) => return HttpResponse::BadRequest().body("provider: write NAMESPACE/NAME"),
    };
    let limit = if query.limit == 0 { MOST_DELIVERIES } else { query.limit.min(MOST_DELIVERIES) };
    match view.outbox.list(Selection { dead: query.dead, provider, limit }).await {
        Ok(items) => HttpResponse::Ok().json(DeliveryList { items }),
        Err(error) => unavailable(&error.to_string()),
    }
}

async fn state(view: Data<View>) -> HttpResponse {
    HttpResponse::Ok().json(State::of(&view).await)
}

fn unavailable(why: &str) -> HttpResponse {
    HttpResponse::ServiceUnavailable().body(why.to_owned())
}
