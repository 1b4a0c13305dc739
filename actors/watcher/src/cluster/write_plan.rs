//! The write plan of an object: the patch that makes the API server's copy say what is shown. Pure.

use std::hash::{DefaultHasher, Hash, Hasher};

use campanile_crds::condition::TRUE;
use serde_json::{Value as Json, json};

use super::object_status::Difference;
use super::reading::Facts;
use super::version::Served;
use crate::kind::{Id, Kind};
use crate::standing::ShownStanding;

/// The finalizer that the replaced controller left.
const FINALIZER: &str = "finalizers.fluxcd.io";

/// The plan of what has to be written of an object.
#[derive(Debug)]
pub(crate) enum WritePlan {
    /// There is no such object any more.
    Gone,
    /// It says what it should.
    Nothing,
    /// The installed definition keeps no status.
    NoStatus,
    /// A patch differs from what the API server has.
    Write(Box<StatusPatch>),
}

/// Which part of an object a patch is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Status,
    Metadata,
}

/// A patch to send, and how much it matters.
#[derive(Debug)]
pub(crate) struct StatusPatch {
    pub(crate) id: Id,
    pub(crate) served: Served,
    pub(crate) part: Part,
    pub(crate) difference: Difference,
    /// Whether it is the first status of an object that is ready.
    pub(crate) first: bool,
    /// Differs where the contents do.
    pub(crate) mark: u64,
    /// The version of the object that it was made for.
    pub(crate) base: String,
    pub(crate) patch: Json,
}

/// An object as its plan sees it.
pub(crate) struct PlannedObject<'a> {
    pub(crate) served: Served,
    pub(crate) suspended: bool,
    pub(crate) facts: &'a Facts,
    /// None before it was judged.
    pub(crate) shown: Option<ShownStanding<'a>>,
}

/// The plan of one object.
pub(crate) fn plan(id: &Id, subject: &PlannedObject<'_>) -> WritePlan {
    let PlannedObject { served, suspended, facts, shown } = subject;
    let first = shown.as_ref().is_some_and(|shown| is_first(facts, shown));
    let write = |part, difference, mark, patch| {
        let base = facts.resource_version.to_string();
        WritePlan::Write(Box::new(StatusPatch {
            id: id.clone(),
            served: *served,
            part,
            difference,
            first,
            mark,
            base,
            patch,
        }))
    };
    if let Some(patch) = without_finalizer(id.0, *suspended, facts) {
        return write(Part::Metadata, Difference::Condition, mark(&patch), patch);
    }
    if facts.deleting {
        return WritePlan::Nothing;
    }
    if !served.has_status {
        return WritePlan::NoStatus;
    }
    let Some(shown) = shown else { return WritePlan::Nothing };
    let wanted = facts.status.wanted(shown, facts.generation, facts.requested_at.as_deref());
    match facts.status.difference(&wanted) {
        Difference::None => WritePlan::Nothing,
        difference => {
            let patch = wanted.patch(&facts.uid, &facts.resource_version);
            write(Part::Status, difference, mark(&patch["status"]), patch)
        }
    }
}

/// Whether an object that is ready has no status yet.
pub(crate) fn is_first(facts: &Facts, shown: &ShownStanding<'_>) -> bool {
    facts.status.conditions.is_empty() && shown.conditions.first().is_some_and(|ready| ready.status == TRUE)
}

fn mark(contents: &Json) -> u64 {
    let mut hasher = DefaultHasher::new();
    contents.hash(&mut hasher);
    hasher.finish()
}

/// The patch that takes our finalizer off, if it is there and is to go (contract, control plane K01 to K05, K07
/// and V07). We put none on.
fn without_finalizer(kind: Kind, suspended: bool, facts: &Facts) -> Option<Json> {
    let waits = kind == Kind::Alert && suspended && !facts.deleting;
    if waits || !facts.finalizers.iter().any(|finalizer| finalizer == FINALIZER) {
        return None;
    }
    let others: Vec<&String> = facts.finalizers.iter().filter(|finalizer| *finalizer != FINALIZER).collect();
    Some(json!({
        "metadata": { "uid": facts.uid, "resourceVersion": facts.resource_version, "finalizers": others }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(finalizers: &[&str], deleting: bool) -> Facts {
        let finalizers = finalizers.iter().map(|finalizer| (*finalizer).to_owned()).collect();
        Facts { uid: "u".into(), resource_version: "7".into(), deleting, finalizers, ..Facts::default() }
    }

    fn left(kind: Kind, suspended: bool, facts: &Facts) -> Option<Json> {
        without_finalizer(kind, suspended, facts).map(|patch| patch["metadata"]["finalizers"].clone())
    }

    #[test]
    fn k01_k02_k04_k05_only_our_finalizer_goes_and_only_where_it_is() {
        let mixed = facts(&["foo.bar", FINALIZER], false);
        assert_eq!(left(Kind::Alert, false, &mixed), Some(json!(["foo.bar"])));
        assert_eq!(left(Kind::Alert, false, &facts(&["foo.bar"], false)), None);
        assert_eq!(left(Kind::Alert, false, &facts(&[], true)), None);
    }

    #[test]
    fn k03_v07_a_suspended_alert_keeps_it_until_it_is_deleted() {
        assert_eq!(left(Kind::Alert, true, &facts(&[FINALIZER], false)), None);
        assert_eq!(left(Kind::Alert, true, &facts(&[FINALIZER], true)), Some(json!([])));
    }

    #[test]
    fn k11_a_receiver_loses_it_at_once_suspended_or_not() {
        assert_eq!(
            left(Kind::Receiver, false, &facts(&["foo.bar", FINALIZER], false)),
            Some(json!(["foo.bar"]))
        );
        assert_eq!(left(Kind::Receiver, true, &facts(&[FINALIZER], true)), Some(json!([])));
    }

    #[test]
    fn k03_a_receiver_that_somebody_else_holds_is_left_alone_while_it_is_deleted() {
        assert_eq!(left(Kind::Receiver, false, &facts(&["foo.bar"], true)), None);
    }

    #[test]
    fn k07_v07_a_provider_loses_it_at_once_suspended_or_not() {
        assert_eq!(left(Kind::Provider, true, &facts(&[FINALIZER], false)), Some(json!([])));
        assert_eq!(left(Kind::Provider, false, &facts(&[FINALIZER], true)), Some(json!([])));
    }
}
