//! `POST /v1/redrive`: puts dead letters back into the queue of their Provider.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use campanile_domain::{DeliveryId, ObjectKey, ProviderType};
use campanile_outbox::{DeliveryView, Selection};
use campanile_protocol::{GetObjects, ObjectTable};
use campanile_supervision::GetSnapshot;
use serde::{Deserialize, Serialize};

use super::error::ApiError;
use super::key::object_key;
use super::{View, body};

/// Path of the endpoint.
pub const REDRIVE: &str = "/v1/redrive";

/// How long a delivery of an unknown type is worth trying again.
const UNKNOWN_TYPE_DEADLINE: Duration = Duration::from_secs(24 * 60 * 60);

/// Which dead letters: some by number, or all of one Provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RedriveRequest {
    /// Their numbers.
    pub ids: Vec<DeliveryId>,
    /// The Provider, as `namespace/name`.
    pub provider: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedriveReport {
    /// How many are back in their queues.
    pub redriven: usize,
    /// Those that are not, in the order of their numbers.
    pub refused: Vec<Refusal>,
}

/// A dead letter that stays where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Its number.
    pub id: DeliveryId,
    /// Why, and the remedy.
    pub why: String,
}

pub(super) async fn redrive(
    request: HttpRequest,
    view: Data<View>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let wanted: RedriveRequest = body::read_json(&request, payload).await?;
    if wanted.ids.is_empty() == wanted.provider.is_none() {
        return Err(ApiError::bad_request("read the request: name either ids or a provider"));
    }
    let provider = wanted.provider.as_deref().map(|text| object_key("provider", text)).transpose()?;
    let lifetimes = lifetimes(&objects(&view).await?);
    let selection = Selection { dead: true, provider, limit: 0 };
    let dead = view.outbox.list(selection).await.map_err(ApiError::unavailable)?;
    let sorted = sort(&wanted.ids, &dead, &lifetimes);
    let mut report = RedriveReport { redriven: 0, refused: sorted.refused };
    for (lifetime, ids) in sorted.by_lifetime {
        let back = view.outbox.redrive(ids, view.clock.now() + lifetime);
        report.redriven += back.await.map_err(ApiError::unavailable)?;
    }
    tracing::info!(redriven = report.redriven, refused = report.refused.len(), "put dead letters back");
    Ok(HttpResponse::Ok().json(report))
}

/// The objects, once they are known: before that every Provider would seem to be missing.
async fn objects(view: &View) -> Result<ObjectTable, ApiError> {
    let restarting = |_| ApiError::unavailable("find providers: the watcher is being restarted, try again");
    let snapshot = view.links.watcher_snapshot.ask(GetSnapshot::new()).await.map_err(restarting)?;
    if !snapshot.loaded {
        return Err(ApiError::unavailable("find providers: the manifests are not loaded yet, try again"));
    }
    view.links.objects.ask(GetObjects).await.map_err(restarting)
}

/// How long a delivery of each Provider is worth trying.
fn lifetimes(table: &ObjectTable) -> HashMap<ObjectKey, Duration> {
    let lifetime =
        |name: &str| ProviderType::named(name).map_or(UNKNOWN_TYPE_DEADLINE, ProviderType::deadline);
    let key = |namespace: &str, name: &str| ObjectKey::new(namespace, name);
    let rows = table.providers.iter();
    rows.map(|row| (key(&row.object.namespace, &row.object.name), lifetime(&row.type_name))).collect()
}

/// Dead letters, sorted out.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sorted {
    by_lifetime: BTreeMap<Duration, Vec<DeliveryId>>,
    refused: Vec<Refusal>,
}

/// Sorts out those of `dead` that were asked for; no `ids` means all. Those whose Provider is gone would die again at
/// once.
fn sort(ids: &[DeliveryId], dead: &[DeliveryView], lifetimes: &HashMap<ObjectKey, Duration>) -> Sorted {
    let mut missing: BTreeSet<DeliveryId> = ids.iter().copied().collect();
    let mut sorted = Sorted::default();
    for letter in dead {
        if !missing.remove(&letter.id) && !ids.is_empty() {
            continue;
        }
        match lifetimes.get(&letter.provider) {
            Some(lifetime) => sorted.by_lifetime.entry(*lifetime).or_default().push(letter.id),
            None => {
                let why = format!("provider '{}' does not exist; create it first", letter.provider);
                sorted.refused.push(Refusal { id: letter.id, why });
            }
        }
    }
    let none = |id| Refusal { id, why: "there is no such dead letter; see `campanile get dead`".to_owned() };
    sorted.refused.extend(missing.into_iter().map(none));
    sorted.refused.sort_by_key(|refusal| refusal.id);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;
    use campanile_outbox::DeliveryState;
    use campanile_testkit::noon;

    const HOUR: Duration = Duration::from_secs(3600);

    fn letter(id: i64, provider: &str) -> DeliveryView {
        DeliveryView {
            id: DeliveryId(id),
            state: DeliveryState::Dead,
            provider: ObjectKey::new("apps", provider),
            alert: ObjectKey::new("apps", "on-call"),
            object: "Kustomization/apps/podinfo".into(),
            reason: "BuildFailed".into(),
            attempts: 3,
            accepted_at: noon(),
            at: Some(noon()),
            failure: None,
        }
    }

    fn dead() -> Vec<DeliveryView> {
        vec![letter(1, "chat"), letter(2, "hook"), letter(3, "gone"), letter(4, "chat")]
    }

    fn known() -> HashMap<ObjectKey, Duration> {
        HashMap::from([(ObjectKey::new("apps", "chat"), HOUR), (ObjectKey::new("apps", "hook"), 24 * HOUR)])
    }

    fn numbers(ids: &[DeliveryId]) -> Vec<i64> {
        ids.iter().map(|id| id.0).collect()
    }

    #[test]
    fn cli_redrive_gives_each_the_lifetime_of_its_type() {
        let sorted = sort(&[], &dead(), &known());
        assert_eq!(numbers(&sorted.by_lifetime[&HOUR]), [1, 4]);
        assert_eq!(numbers(&sorted.by_lifetime[&(24 * HOUR)]), [2]);
        assert_eq!(sorted.refused.len(), 1);
        assert_eq!(sorted.refused[0].id, DeliveryId(3));
        assert!(sorted.refused[0].why.contains("'apps/gone' does not exist"));
    }

    #[test]
    fn cli_redrive_takes_only_what_was_asked_for_and_says_what_is_not_there() {
        let sorted = sort(&[DeliveryId(9), DeliveryId(4), DeliveryId(4)], &dead(), &known());
        assert_eq!(numbers(&sorted.by_lifetime[&HOUR]), [4]);
        assert_eq!(sorted.by_lifetime.len(), 1);
        let refused: Vec<i64> = sorted.refused.iter().map(|refusal| refusal.id.0).collect();
        assert_eq!(refused, [9]);
    }
}
