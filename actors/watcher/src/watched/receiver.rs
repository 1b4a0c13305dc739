//! Receivers: never `Ready`, since nothing acts on them yet. Their status says so, and nothing else of them is looked at.

use std::collections::BTreeMap;
use std::sync::Arc;

use campanile_crds::{NOT_SUPPORTED, Object};
use campanile_domain::{ObjectKey, ReceiverSpec};
use campanile_protocol::{Backlog, Change, Changes, Counts, ObjectRow, ReceiverRow};

use super::{Known, Reference, Watched};
use crate::condition::{Judgement, UNSUPPORTED};
use crate::kind::Kind;
use crate::{Loaded, Located};

impl Watched for ReceiverSpec {
    const KIND: Kind = Kind::Receiver;

    type Aspect = ();
    type Row = ReceiverRow;

    fn of(object: Object) -> Option<Self> {
        match object {
            Object::Receiver(receiver) => Some(receiver),
            _ => None,
        }
    }

    fn key(&self) -> &ObjectKey {
        &self.key
    }

    fn uid(&self) -> &Arc<str> {
        &self.uid
    }

    fn generation(&self) -> i64 {
        self.generation
    }

    fn set_generation(&mut self, generation: i64) {
        self.generation = generation;
    }

    fn is_suspended(&self) -> bool {
        self.suspend
    }

    fn bytes(&self) -> usize {
        0
    }

    fn fault(&self) -> Option<String> {
        None
    }

    fn references(&self) -> Vec<Reference> {
        Vec::new()
    }

    fn unresolved(&self, _: &dyn Known) -> Option<String> {
        None
    }

    fn ready(&self, _: Option<&str>, _: Option<String>, (): &()) -> Judgement {
        Judgement::not_ready(UNSUPPORTED, NOT_SUPPORTED.to_owned())
    }

    fn row(&self, object: ObjectRow) -> ReceiverRow {
        ReceiverRow { object }
    }

    fn row_of_malformed(object: ObjectRow) -> ReceiverRow {
        ReceiverRow { object }
    }

    fn counts(_: &Backlog) -> Option<&BTreeMap<ObjectKey, Counts>> {
        None
    }

    fn changes(changes: &mut Changes) -> &mut Vec<Change<Self>> {
        &mut changes.receivers
    }

    fn loaded(loaded: &mut Loaded) -> &mut BTreeMap<ObjectKey, Located<Self>> {
        &mut loaded.receivers
    }
}
