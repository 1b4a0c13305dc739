//! Deliveries by their ids or by beginnings of them, as git takes commits.

use std::collections::BTreeSet;

use campanile_domain::{DeliveryId, SHORTEST_PREFIX, named};
use campanile_outbox::DeliveryView;
use serde::{Deserialize, Serialize};

/// Ids that an ambiguous one is answered with.
const CANDIDATES: usize = 10;

/// The name of a delivery in one of the two lists, and the command that shows the list.
pub(super) struct Noun {
    one: &'static str,
    several: &'static str,
    command: &'static str,
}

/// Deliveries that were given up.
pub(super) const DEAD_LETTERS: Noun =
    Noun { one: "dead letter", several: "dead letters", command: "campanile get dead" };

/// The noun for deliveries that wait.
pub(super) const DELIVERIES: Noun =
    Noun { one: "waiting delivery", several: "waiting deliveries", command: "campanile get deliveries" };

/// Deliveries that wait or were given up.
pub(super) const STORED: Noun = Noun {
    one: "stored delivery",
    several: "stored deliveries",
    command: "campanile get deliveries` and `campanile get dead",
};

/// A delivery to which nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UntouchedDelivery {
    /// Its id, or what was asked for where that names none.
    pub id: String,
    /// Why nothing was done to it, and the remedy.
    pub why: String,
}

/// Those of `deliveries` that these texts name. A text that names none or several is refused.
pub(super) fn pick(
    texts: &[String],
    deliveries: Vec<DeliveryView>,
    noun: &Noun,
) -> (Vec<DeliveryView>, Vec<UntouchedDelivery>) {
    let (mut wanted, mut refused) = (BTreeSet::new(), Vec::new());
    for text in texts.iter().collect::<BTreeSet<_>>() {
        let found = named(text, deliveries.iter().map(|delivery| delivery.id));
        match found.as_slice() {
            [one] => drop(wanted.insert(*one)),
            found => refused.push(UntouchedDelivery { id: text.clone(), why: not_one(text, found, noun) }),
        }
    }
    (deliveries.into_iter().filter(|delivery| wanted.contains(&delivery.id)).collect(), refused)
}

/// Why a text names no delivery, or which it could mean.
fn not_one(text: &str, found: &[DeliveryId], Noun { one, several, command }: &Noun) -> String {
    if found.is_empty() && text.len() < SHORTEST_PREFIX {
        let most = SHORTEST_PREFIX;
        return format!(
            "there is no {one} of this id; write at least the first {most} characters of one, see `{command}`"
        );
    }
    if found.is_empty() {
        return format!("there is no such {one}; see `{command}`");
    }
    let shown = found.iter().take(CANDIDATES).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let more = found.len().saturating_sub(CANDIDATES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("it begins the ids of several {several}, write more of it: {shown}{more}")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use campanile_domain::{ObjectKey, prefix};
    use campanile_outbox::DeliveryState;
    use campanile_testkit::noon;

    /// A dead letter of a Provider in the namespace `apps`.
    pub(in crate::ops) fn letter(id: DeliveryId, provider: &str) -> DeliveryView {
        DeliveryView {
            id,
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

    fn id(number: i64) -> DeliveryId {
        DeliveryId::new(0x5EED, number)
    }

    fn picked(texts: &[String], ids: &[DeliveryId]) -> (Vec<DeliveryId>, Vec<UntouchedDelivery>) {
        let letters = ids.iter().map(|id| letter(*id, "chat")).collect();
        let (found, refused) = pick(texts, letters, &DEAD_LETTERS);
        (found.into_iter().map(|letter| letter.id).collect(), refused)
    }

    #[test]
    fn cli_whole_ids_and_beginnings_name_a_delivery_and_what_is_not_there_is_said() {
        let ids = [1, 2, 3, 4].map(id);
        let beginning = prefix(ids[3], SHORTEST_PREFIX);
        let texts = [id(9).to_string(), beginning, ids[3].to_string(), ids[1].to_string()];
        let (found, refused) = picked(&texts, &ids);
        assert_eq!(found, [ids[1], ids[3]]);
        assert_eq!((refused.len(), refused[0].id.clone()), (1, id(9).to_string()));
        assert!(refused[0].why.contains("no such dead letter"));
        let (found, refused) = picked(&[prefix(ids[3], 3)], &ids);
        assert!(found.is_empty() && refused[0].why.contains("at least the first 8 characters"));
    }

    #[test]
    fn cli_the_numbers_of_version_0_1_0_are_ids() {
        let old = DeliveryId::numbered(17);
        assert_eq!(picked(&["17".to_owned()], &[id(1), old]), (vec![old], Vec::new()));
    }

    #[test]
    fn cli_an_ambiguous_id_is_answered_with_the_candidates() {
        // The first eight digits of both are alike.
        let twins = ["01234567aaaaaaaa0000000000005eed", "01234567bbbbbbbb0000000000005eed"]
            .map(|id| DeliveryId(id.parse().expect("an id")));
        let ids = [twins[0], twins[1], id(1)];
        let (found, refused) = picked(&["01234567".to_owned()], &ids);
        assert!(found.is_empty());
        assert!(twins.iter().all(|id| refused[0].why.contains(&id.to_string())), "{refused:?}");
        assert_eq!(picked(&["01234567b".to_owned()], &ids).0, [twins[1]]);
    }
}
