//! The operations API: what it shows (objects with their status, deliveries, the state of every actor), and where what
//! it does is routed. Everything is JSON, errors too.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::middleware::from_fn;
use actix_web::web::{Data, Query, QueryConfig, ServiceConfig, get, post, scope};
use campanile_domain::ObjectKey;
use campanile_outbox::{BrowseFilter, DeliveryView, Stats};
use campanile_protocol::{GetObjects, ObjectRow, ObjectTable, ProviderRow};
use campanile_supervision::GetSnapshot;
use serde::{Deserialize, Serialize};

use super::discard::{DROP, discard};
use super::error::ApiError;
use super::explain::{EXPLAIN, explain};
use super::key::object_key;
use super::provider::{has_provider, no_provider};
use super::redrive::{REDRIVE, redrive};
use super::retry::{RETRY, retry};
use super::send::{SEND, send};
use super::{ActorSnapshots, View, visitor};

/// Path of the endpoint that lists objects.
pub const OBJECTS: &str = "/v1/objects";
/// Path of the endpoint that lists deliveries.
pub const DELIVERIES: &str = "/v1/deliveries";
/// Most deliveries in one answer.
const MOST_DELIVERIES: usize = 10_000;

pub(super) fn routes(config: &mut ServiceConfig) {
    let bad_query = |error, _: &_| ApiError::bad_request(format!("read the query: {error}")).into();
    config
        .app_data(QueryConfig::default().error_handler(bad_query))
        .service(scope("").wrap(from_fn(visitor::check)).configure(paths));
}

fn paths(config: &mut ServiceConfig) {
    config
        .route(OBJECTS, get().to(objects))
        .route(DELIVERIES, get().to(deliveries))
        .route("/v1/state", get().to(state))
        .route("/v1/provider-actors", get().to(provider_actors))
        .route(EXPLAIN, post().to(explain))
        .route(SEND, post().to(send))
        .route(RETRY, post().to(retry))
        .route(REDRIVE, post().to(redrive))
        .route(DROP, post().to(discard));
}

/// The query that says which deliveries to list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DeliveryQuery {
    dead: bool,
    /// Only those of a Provider, as `namespace/name`.
    provider: Option<String>,
    namespace: Option<String>,
    limit: usize,
}

/// A page of deliveries, the oldest first.
#[derive(Debug, Serialize, Deserialize)]
pub struct DeliveryList {
    /// The deliveries of the page, in order.
    pub items: Vec<DeliveryView>,
    /// How many there are; the list stops at its limit.
    pub total: u64,
    /// Why Providers do not deliver, by `namespace/name`: what is ready for them waits for that.
    pub held: BTreeMap<String, String>,
}

async fn objects(view: Data<View>) -> Result<HttpResponse, ApiError> {
    // Before the first load an empty table would read as "there are no Alerts".
    let loaded = view.links.watcher_snapshot.ask(GetSnapshot::new()).await.map(|snapshot| snapshot.loaded);
    match view.links.objects.ask(GetObjects).await {
        Ok(table) if loaded == Ok(false) => {
            let problems = table.problems.join("; ");
            Err(ApiError::unavailable(format!("the objects are not loaded yet, try again; {problems}")))
        }
        Ok(table) => Ok(HttpResponse::Ok().json(counted(table, &view.outbox.stats()))),
        Err(_) => Err(ApiError::unavailable("the watcher is being restarted, try again")),
    }
}

/// The watcher's counts are seconds old; those of Providers are to be had at once.
fn counted(mut table: ObjectTable, stats: &Stats) -> ObjectTable {
    for ProviderRow { object: row, .. } in &mut table.providers {
        let key = ObjectKey::new(row.namespace.as_str(), row.name.as_str());
        let usage = stats.providers.get(&key).copied().unwrap_or_default();
        (row.pending, row.dead_letters) = (usage.waiting(), usage.dead);
    }
    table
}

async fn deliveries(view: Data<View>, query: Query<DeliveryQuery>) -> Result<HttpResponse, ApiError> {
    let query = query.into_inner();
    let provider = query.provider.as_deref().map(|text| object_key("provider", text)).transpose()?;
    let limit = if query.limit == 0 { MOST_DELIVERIES } else { query.limit.min(MOST_DELIVERIES) };
    let namespace = query.namespace.map(Into::into);
    let selection = BrowseFilter { dead: query.dead, provider, namespace, ids: None, limit };
    let total = total(&view.outbox.stats(), &selection);
    let items = view.outbox.list(selection.clone()).await.map_err(ApiError::unavailable)?;
    // Without the watcher the list is shown all the same, only not why it waits.
    let table = view.links.objects.ask(GetObjects).await.ok();
    if let (true, Some(key), Some(table)) = (items.is_empty(), &selection.provider, &table)
        && !has_provider(table, key)
    {
        return Err(no_provider(key));
    }
    let held = held(&table.unwrap_or_default().providers);
    Ok(HttpResponse::Ok().json(DeliveryList { items, total, held }))
}

/// How many deliveries are selected, whatever the limit.
fn total(stats: &Stats, selection: &BrowseFilter) -> u64 {
    let selected = stats.providers.iter().filter(|(key, _)| selection.takes(key));
    selected.map(|(_, usage)| if selection.dead { usage.dead } else { usage.waiting() }).sum()
}

/// What keeps each Provider from delivering.
fn held(providers: &[ProviderRow]) -> BTreeMap<String, String> {
    let reason = |row: &ObjectRow| {
        let broken = row.conditions.iter().find(|condition| condition.status == "False");
        let suspended = row.suspended.then(|| "the provider is suspended".to_owned());
        suspended.or_else(|| broken.map(|condition| condition.message.to_string()))
    };
    let named = |row: &ObjectRow| Some((format!("{}/{}", row.namespace, row.name), reason(row)?));
    providers.iter().filter_map(|row| named(&row.object)).collect()
}

async fn state(view: Data<View>) -> HttpResponse {
    HttpResponse::Ok().json(ActorSnapshots::of(&view).await)
}

/// The snapshots of the provider actors, one for each Provider that has or had work within the last minute.
async fn provider_actors(view: Data<View>) -> Result<HttpResponse, ApiError> {
    match view.links.provider_snapshots.ask(GetSnapshot::new()).await {
        Ok(snapshots) => Ok(HttpResponse::Ok().json(snapshots)),
        Err(_) => Err(ApiError::unavailable("the dispatcher is being restarted, try again")),
    }
}
