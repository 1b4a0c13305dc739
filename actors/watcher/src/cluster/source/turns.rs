//! Transitions of conditions, as Kubernetes Events: an object becomes ready or ceases to be, a Provider's messages begin or cease to get
//! through (contract, control plane 3.1, step 7).
//!
//! The findings of an earlier watcher, in the status, are no news, so a restart says nothing again. Of objects only
//! the leader speaks, so it is said once; of its own queues every replica does.

use std::sync::Arc;

use campanile_crds::condition::{DELIVERING, FAILED, FALSE, READY, TRUE};
use campanile_protocol::{Announce, Condition, Subject, reason};

use crate::any_kind::Before;
use crate::condition::TOKEN_NOT_FOUND;

/// A condition before and after.
struct Turn<'a> {
    before: Option<&'a Condition>,
    after: &'a Condition,
}

impl Turn<'_> {
    fn became(&self, status: &str) -> bool {
        self.after.status == status && self.before.is_none_or(|before| before.status != status)
    }

    fn ceased_to_be(&self, status: &str) -> bool {
        self.after.status != status && self.before.is_some_and(|before| before.status == status)
    }

    fn says_something_else(&self) -> bool {
        self.before.is_none_or(|before| before.message != self.after.message)
    }
}

/// What there is to say about a new judgement, with whether the leader alone says it.
/// `finished` are the words for one that became ready.
pub(super) fn said(
    on: &Subject,
    before: &Before,
    after: &[&Arc<Condition>],
    finished: &str,
) -> Vec<(bool, Announce)> {
    let find = |kind: &str| {
        let after = after.iter().find(|condition| condition.kind == kind)?;
        Some(Turn { before: before.iter().find(|condition| condition.kind == kind).map(Arc::as_ref), after })
    };
    let ready = find(READY);
    let broken = ready.as_ref().is_some_and(|ready| ready.after.status == FALSE);
    let delivering = find(DELIVERING).filter(|_| !broken);
    let mut said: Vec<_> =
        ready.and_then(|turn| of_ready(on, &turn, finished)).map(|said| (true, said)).into_iter().collect();
    said.extend(delivering.and_then(|turn| of_delivering(on, &turn)).map(|said| (false, said)));
    said
}

fn of_ready(on: &Subject, turn: &Turn<'_>, finished: &str) -> Option<Announce> {
    let Condition { status, reason, message, .. } = turn.after;
    // An Alert whose Provider is missing says so in its status and the log (contract, control plane 3.3).
    let waits = matches!(on, Subject::Alert(_)) && *reason == FAILED;
    if *status == FALSE && !waits && (turn.became(FALSE) || turn.says_something_else()) {
        let said = Announce::warning(on.clone(), reason::FAILED, message.clone().into_owned());
        // What ends a Receiver for good is said by its own reason (contract, receivers 2.3).
        let own = matches!(on, Subject::Receiver(_)) && *reason != TOKEN_NOT_FOUND;
        return Some(if own { Announce { reason: reason.clone(), ..said } } else { said });
    }
    turn.became(TRUE).then(|| Announce::normal(on.clone(), reason::SUCCEEDED, finished))
}

fn of_delivering(on: &Subject, turn: &Turn<'_>) -> Option<Announce> {
    if turn.became(FALSE) {
        let message = format!("no message gets through, they wait: {}", turn.after.message);
        return Some(Announce::warning(on.clone(), reason::NOT_DELIVERING, message));
    }
    let again = turn.ceased_to_be(FALSE) && turn.after.status == TRUE;
    again.then(|| Announce::normal(on.clone(), reason::DELIVERING, "messages get through again"))
}

#[cfg(test)]
mod tests {
    use campanile_domain::ObjectKey;
    use campanile_testkit::noon;

    use super::*;

    fn condition(kind: &'static str, status: &'static str, message: &'static str) -> Arc<Condition> {
        Arc::new(Condition {
            kind: kind.into(),
            status: status.into(),
            reason: "ValidationFailed".into(),
            message: message.into(),
            last_transition_time: noon(),
            observed_generation: 1,
        })
    }

    /// What is said on a Provider, as reason and message.
    fn turn(before: &[Arc<Condition>], after: &[Arc<Condition>]) -> Vec<String> {
        let on = Subject::Provider(ObjectKey::new("apps", "chat"));
        let after: Vec<&Arc<Condition>> = after.iter().collect();
        let said = said(&on, &before.to_vec(), &after, "Reconciliation finished");
        said.into_iter().map(|(_, one)| format!("{}: {}", one.reason, one.message)).collect()
    }

    #[test]
    fn what_stays_as_it_was_is_not_said_again() {
        let good = [condition(READY, TRUE, "Initialized"), condition(DELIVERING, TRUE, "x")];
        let bad = [condition(READY, FALSE, "no secret"), condition(DELIVERING, FALSE, "no secret")];
        let down = [condition(READY, TRUE, "Initialized"), condition(DELIVERING, FALSE, "401")];
        for same in [&good, &bad, &down] {
            assert!(turn(same, same).is_empty());
        }
        let other = [condition(READY, TRUE, "Initialized"), condition(DELIVERING, FALSE, "503")];
        assert!(turn(&down, &other).is_empty(), "it still does not deliver");
    }

    #[test]
    fn every_turn_is_said_once() {
        let fresh = [condition(READY, "Unknown", ""), condition(DELIVERING, "Unknown", "")];
        let good = [condition(READY, TRUE, "Initialized"), condition(DELIVERING, TRUE, "x")];
        let bad = [condition(READY, FALSE, "no secret"), condition(DELIVERING, FALSE, "no secret")];
        let worse = [condition(READY, FALSE, "no type"), condition(DELIVERING, FALSE, "no type")];
        let down = [condition(READY, TRUE, "Initialized"), condition(DELIVERING, FALSE, "401")];
        assert_eq!(turn(&fresh, &good), ["Succeeded: Reconciliation finished"]);
        assert_eq!(turn(&good, &bad), ["Failed: no secret"]);
        assert_eq!(turn(&bad, &worse), ["Failed: no type"]);
        assert_eq!(turn(&good, &down), ["NotDelivering: no message gets through, they wait: 401"]);
        assert_eq!(turn(&down, &good), ["Delivering: messages get through again"]);
    }

    #[test]
    fn v09_an_alert_without_its_provider_has_no_event() {
        let missing = Condition {
            reason: FAILED.into(),
            ..Condition::clone(&condition(READY, FALSE, "failed to get provider"))
        };
        let on = Subject::Alert(ObjectKey::new("apps", "on-call"));
        assert!(said(&on, &Vec::new(), &[&Arc::new(missing)], "").is_empty());
    }
}
