//! `POST /v1/redrive`: puts dead letters back into the queue of their Provider.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use campanile_domain::{DeliveryId, ObjectKey, ProviderType};
use campanile_outbox::DeliveryView;
use campanile_protocol::ObjectTable;
use serde::{Deserialize, Serialize};

use super::error::ApiError;
use super::letters::{LetterRequest, Letters};
use super::pick::UntouchedDelivery;
use super::provider::objects;
use super::{View, body};

/// Path of the endpoint that sends dead letters again.
pub const REDRIVE: &str = "/v1/redrive";

/// How long a delivery of an unknown type is worth trying again.
const UNKNOWN_TYPE_DEADLINE: Duration = Duration::from_secs(24 * 60 * 60);

/// The result of a redrive, by delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedriveReport {
    /// How many are back in their queues.
    pub redriven: usize,
    /// The deliveries that are not sent again, each with its reason.
    pub refused: Vec<UntouchedDelivery>,
}

pub(super) async fn redrive(
    request: HttpRequest,
    view: Data<View>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let wanted: LetterRequest = body::read_json(&request, payload).await?;
    let table = objects(&view).await?;
    let Letters { found, refused } = Letters::of(&wanted, &view, &table).await?;
    let mut report = RedriveReport { redriven: 0, refused };
    for (lifetime, ids) in by_lifetime(&found, &lifetimes(&table), &mut report.refused) {
        let back = view.outbox.redrive(ids, view.clock.now() + lifetime);
        report.redriven += back.await.map_err(ApiError::unavailable)?;
    }
    tracing::info!(redriven = report.redriven, refused = report.refused.len(), "put dead letters back");
    Ok(HttpResponse::Ok().json(report))
}

/// How long a delivery of each Provider is worth trying.
fn lifetimes(table: &ObjectTable) -> HashMap<ObjectKey, Duration> {
    let lifetime =
        |name: &str| ProviderType::named(name).map_or(UNKNOWN_TYPE_DEADLINE, ProviderType::deadline);
    let key = |namespace: &str, name: &str| ObjectKey::new(namespace, name);
    let rows = table.providers.iter();
    rows.map(|row| (key(&row.object.namespace, &row.object.name), lifetime(&row.type_name))).collect()
}

/// Sorts dead letters by how long they are worth trying. Those whose Provider is gone are refused: they would die again
/// at once.
fn by_lifetime(
    letters: &[DeliveryView],
    lifetimes: &HashMap<ObjectKey, Duration>,
    refused: &mut Vec<UntouchedDelivery>,
) -> BTreeMap<Duration, Vec<DeliveryId>> {
    let mut sorted = BTreeMap::<_, Vec<_>>::new();
    for letter in letters {
        match lifetimes.get(&letter.provider) {
            Some(lifetime) => sorted.entry(*lifetime).or_default().push(letter.id),
            None => {
                let why = format!("provider '{}' does not exist; create it first", letter.provider);
                refused.push(UntouchedDelivery { id: letter.id.to_string(), why });
            }
        }
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::super::pick;
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn letter(number: i64, provider: &str) -> DeliveryView {
        pick::tests::letter(DeliveryId::new(0x5EED, number), provider)
    }

    #[test]
    fn cli_redrive_gives_each_the_lifetime_of_its_type() {
        let dead = [letter(1, "chat"), letter(2, "hook"), letter(3, "gone"), letter(4, "chat")];
        let known = HashMap::from([
            (ObjectKey::new("apps", "chat"), HOUR),
            (ObjectKey::new("apps", "hook"), 24 * HOUR),
        ]);
        let mut refused = Vec::new();
        let sorted = by_lifetime(&dead, &known, &mut refused);
        let numbers = |ids: &[DeliveryId]| ids.iter().map(|id| id.0.number()).collect::<Vec<_>>();
        assert_eq!(numbers(&sorted[&HOUR]), [1, 4]);
        assert_eq!(numbers(&sorted[&(24 * HOUR)]), [2]);
        assert_eq!((refused.len(), refused[0].id.clone()), (1, dead[2].id.to_string()));
        assert!(refused[0].why.contains("'apps/gone' does not exist"));
    }
}
