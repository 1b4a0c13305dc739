//! Commit statuses that objects of one kind and name in different namespaces share at one Provider: each hides the state of the
//! other, which the Provider's owner is told ([`Sharing::remark`]).

use std::collections::{HashMap, VecDeque};

use campanile_domain::ObjectRef;
use campanile_providers::CommitStatus;
use jiff::{SignedDuration, Timestamp};
use xxhash_rust::xxh3::xxh3_64;

/// Statuses of which it is known whose they are; the one that was written first is forgotten. Objects that share one are
/// reconciled at about the same time, as they are of one commit.
const MOST: usize = 512;

/// How long it is told after the last time.
const TOLD_FOR: SignedDuration = SignedDuration::from_hours(24);

/// The owners of the commit statuses of late.
#[derive(Debug, Default)]
pub(crate) struct Sharing {
    /// By a hash of where a status stands.
    owners: HashMap<u128, Owner>,
    order: VecDeque<u128>,
    told: Option<Told>,
    /// Whether the remark is another one than when somebody last asked.
    is_news: bool,
}

#[derive(Debug)]
struct Owner {
    /// The hash of kind and name.
    object: u64,
    namespace: Box<str>,
}

#[derive(Debug)]
struct Told {
    remark: Box<str>,
    at: Timestamp,
}

impl Sharing {
    /// Takes note that `status`, which stands at `place`, is that of `object`.
    pub(crate) fn note(&mut self, place: u128, status: &CommitStatus, object: &ObjectRef, now: Timestamp) {
        let hash = xxh3_64(format!("{}\0{}", object.kind, object.name).as_bytes());
        let Some(owner) = self.owners.get_mut(&place) else {
            self.owners.insert(place, Owner { object: hash, namespace: object.namespace.as_str().into() });
            self.order.push_back(place);
            if self.order.len() > MOST
                && let Some(oldest) = self.order.pop_front()
            {
                self.owners.remove(&oldest);
            }
            return;
        };
        if owner.object == hash && *owner.namespace != *object.namespace {
            let mut namespaces = [&*owner.namespace, &*object.namespace];
            namespaces.sort_unstable();
            let [first, second] = namespaces;
            let remark = format!(
                "{}s {} of the namespaces {first} and {second} share the commit status {}, and each hides the state of the other: tell them \
                 apart by spec.commitStatusExpr",
                object.kind, object.name, status.context
            );
            self.is_news |= self.told.as_ref().is_none_or(|told| *told.remark != *remark);
            self.told = Some(Told { remark: remark.into(), at: now });
        }
        *owner = Owner { object: hash, namespace: object.namespace.as_str().into() };
    }

    /// What the Provider's owner should know, if that is another thing than at the last call.
    pub(crate) fn news(&mut self, now: Timestamp) -> bool {
        if self.told.as_ref().is_some_and(|told| now.duration_since(told.at) > TOLD_FOR) {
            self.told = None;
            self.is_news = true;
        }
        std::mem::take(&mut self.is_news)
    }

    /// What the Provider's owner should know.
    pub(crate) fn remark(&self) -> Option<&str> {
        self.told.as_ref().map(|told| &*told.remark)
    }
}

#[cfg(test)]
mod tests {
    use campanile_testkit::{event, noon};

    use super::*;

    fn note(sharing: &mut Sharing, place: u128, namespace: &str, now: Timestamp) -> bool {
        let context = "kustomization/podinfo/0c9c2e41".into();
        let status = CommitStatus {
            repository: "org/repo".into(),
            commit: "5".repeat(40),
            context,
            state: "good".into(),
        };
        let object = ObjectRef { namespace: namespace.into(), ..event().involved_object };
        sharing.note(place, &status, &object, now);
        sharing.news(now)
    }

    #[test]
    fn issue_17_a_status_of_two_namespaces_is_told_once_and_for_a_day() {
        let mut sharing = Sharing::default();
        assert!(!note(&mut sharing, 1, "apps", noon()) && !note(&mut sharing, 1, "apps", noon()));
        assert!(!note(&mut sharing, 2, "web", noon()), "another commit, or another name of the status");
        assert!(note(&mut sharing, 1, "web", noon()), "told");
        assert!(!note(&mut sharing, 1, "apps", noon()), "and not again");
        assert!(sharing.remark().is_some_and(|remark| remark.contains("namespaces apps and web")));
        let later = noon() + TOLD_FOR + SignedDuration::from_secs(1);
        assert!(sharing.news(later) && sharing.remark().is_none());
    }

    #[test]
    fn issue_17_whose_statuses_are_is_known_of_the_last_ones_only() {
        let mut sharing = Sharing::default();
        for place in 0..2 * MOST {
            note(&mut sharing, place as u128, "apps", noon());
        }
        assert_eq!((sharing.owners.len(), sharing.order.len()), (MOST, MOST));
        assert!(!note(&mut sharing, 0, "web", noon()), "forgotten");
        assert!(note(&mut sharing, 2 * MOST as u128 - 1, "web", noon()));
    }
}
