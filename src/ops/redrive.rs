//! `POST /v1/redrive`: puts dead letters back into the queue of their Provider.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use campanile_domain::{DeliveryId, ObjectKey, ProviderType, SHORTEST_PREFIX, named};
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

/// Ids that an ambiguous one is answered with.
const CANDIDATES: usize = 10;

/// Which dead letters: some by id, or all of one Provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RedriveRequest {
    /// Their ids, or beginnings of them that are unique.
    pub ids: Vec<String>,
    /// The Provider, as `namespace/name`.
    pub provider: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedriveReport {
    /// How many are back in their queues.
    pub redriven: usize,
    /// Those that are not, in the order in which they were asked for.
    pub refused: Vec<Refusal>,
}

/// A dead letter that stays where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Its id, or what was asked for where that names none.
    pub id: String,
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
fn sort(ids: &[String], dead: &[DeliveryView], lifetimes: &HashMap<ObjectKey, Duration>) -> Sorted {
    let mut sorted = Sorted::default();
    let wanted = wanted(ids, dead, &mut sorted.refused);
    for letter in dead.iter().filter(|letter| ids.is_empty() || wanted.contains(&letter.id)) {
        match lifetimes.get(&letter.provider) {
            Some(lifetime) => sorted.by_lifetime.entry(*lifetime).or_default().push(letter.id),
            None => {
                let why = format!("provider '{}' does not exist; create it first", letter.provider);
                sorted.refused.push(Refusal { id: letter.id.to_string(), why });
            }
        }
    }
    sorted
}

/// The dead letters that these texts name. A text that names none or several is refused.
fn wanted(ids: &[String], dead: &[DeliveryView], refused: &mut Vec<Refusal>) -> BTreeSet<DeliveryId> {
    let mut wanted = BTreeSet::new();
    for text in ids.iter().collect::<BTreeSet<_>>() {
        let found = named(text, dead.iter().map(|letter| letter.id));
        match found.as_slice() {
            [one] => drop(wanted.insert(*one)),
            found => refused.push(Refusal { id: text.clone(), why: not_one(text, found) }),
        }
    }
    wanted
}

/// Why a text names no dead letter, or which it could mean.
fn not_one(text: &str, found: &[DeliveryId]) -> String {
    if found.is_empty() && text.len() < SHORTEST_PREFIX {
        let most = SHORTEST_PREFIX;
        return format!(
            "there is no dead letter of this id; write at least the first {most} characters of one, see `campanile get dead`"
        );
    }
    if found.is_empty() {
        return "there is no such dead letter; see `campanile get dead`".to_owned();
    }
    let shown = found.iter().take(CANDIDATES).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let more = found.len().saturating_sub(CANDIDATES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("it begins the ids of several dead letters, write more of it: {shown}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use campanile_outbox::DeliveryState;
    use campanile_testkit::noon;

    const HOUR: Duration = Duration::from_secs(3600);

    /// The origin of all ids.
    const ORIGIN: u64 = 0x5EED;

    fn letter(number: i64, provider: &str) -> DeliveryView {
        DeliveryView {
            id: DeliveryId::new(ORIGIN, number),
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
        ids.iter().map(|id| id.0.number()).collect()
    }

    fn text(number: i64) -> String {
        DeliveryId::new(ORIGIN, number).to_string()
    }

    #[test]
    fn cli_redrive_gives_each_the_lifetime_of_its_type() {
        let sorted = sort(&[], &dead(), &known());
        assert_eq!(numbers(&sorted.by_lifetime[&HOUR]), [1, 4]);
        assert_eq!(numbers(&sorted.by_lifetime[&(24 * HOUR)]), [2]);
        assert_eq!(sorted.refused.len(), 1);
        assert_eq!(sorted.refused[0].id, text(3));
        assert!(sorted.refused[0].why.contains("'apps/gone' does not exist"));
    }

    #[test]
    fn cli_redrive_takes_whole_ids_and_beginnings_and_says_what_is_not_there() {
        let prefix = campanile_domain::prefix(text(4), SHORTEST_PREFIX);
        let sorted = sort(&[text(9), prefix, text(4), text(2)], &dead(), &known());
        assert_eq!(numbers(&sorted.by_lifetime[&HOUR]), [4]);
        assert_eq!(numbers(&sorted.by_lifetime[&(24 * HOUR)]), [2]);
        assert_eq!(sorted.refused.len(), 1);
        assert_eq!(sorted.refused[0].id, text(9));
        assert!(sorted.refused[0].why.contains("no such dead letter"));
        let short = sort(&[text(4).chars().take(3).collect()], &dead(), &known());
        assert!(short.by_lifetime.is_empty());
        assert!(short.refused[0].why.contains("at least the first 8 characters"));
    }

    #[test]
    fn cli_redrive_takes_the_numbers_of_version_0_1_0() {
        let mut dead = dead();
        dead[0].id = DeliveryId::numbered(17);
        let sorted = sort(&["17".to_owned()], &dead, &known());
        assert_eq!(sorted.by_lifetime[&HOUR], [DeliveryId::numbered(17)]);
        assert!(sorted.refused.is_empty());
    }

    #[test]
    fn cli_redrive_answers_an_ambiguous_id_with_the_candidates() {
        // The first eight digits of both are alike.
        let twins: Vec<DeliveryId> = ["01234567aaaaaaaa0000000000005eed", "01234567bbbbbbbb0000000000005eed"]
            .map(|id| DeliveryId(id.parse().expect("an id")))
            .into();
        let dead: Vec<_> = twins
            .iter()
            .map(|id| DeliveryView { id: *id, ..letter(1, "chat") })
            .chain([letter(1, "chat")])
            .collect();
        let sorted = sort(&["01234567".to_owned()], &dead, &known());
        assert!(sorted.by_lifetime.is_empty());
        assert_eq!(sorted.refused[0].id, "01234567");
        assert!(twins.iter().all(|id| sorted.refused[0].why.contains(&id.to_string())), "{sorted:?}");
        let sorted = sort(&["01234567b".to_owned()], &dead, &known());
        assert_eq!(sorted.by_lifetime[&HOUR], [twins[1]]);
    }
}
