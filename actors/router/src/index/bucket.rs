//! The sources that name one namespace and kind.
//!
//! Lists are sorted by the Alert's rank and the source's position, so that the list of a name and that of `*` merge
//! without a copy and an Alert comes up once, its sources in the order in which the user wrote them.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use campanile_domain::EventSource;

use super::Compiled;

/// The name in a source that stands for every name.
const ANY: &str = "*";

/// One source of one Alert.
#[derive(Debug)]
struct Entry {
    rank: u64,
    position: usize,
    alert: Arc<Compiled>,
}

impl Entry {
    fn order(&self) -> (u64, usize) {
        (self.rank, self.position)
    }
}

#[derive(Debug, Default)]
pub(super) struct AlertBucket {
    any: Vec<Entry>,
    named: HashMap<Box<str>, Vec<Entry>>,
}

impl AlertBucket {
    pub(super) fn is_empty(&self) -> bool {
        self.any.is_empty() && self.named.is_empty()
    }

    pub(super) fn insert(&mut self, name: &str, alert: &Arc<Compiled>, position: usize) {
        let list = if name == ANY { &mut self.any } else { self.named.entry(name.into()).or_default() };
        let entry = Entry { rank: alert.rank, position, alert: alert.clone() };
        let at = list.partition_point(|other| other.order() < entry.order());
        if list.is_empty() {
            // Most lists stay at one entry: do not reserve for four.
            list.reserve_exact(1);
        }
        list.insert(at, entry);
    }

    /// Removes all entries of the Alert with `rank` from the list of `name`.
    pub(super) fn remove(&mut self, name: &str, rank: u64) {
        if name == ANY {
            return remove_rank(&mut self.any, rank);
        }
        let Some(list) = self.named.get_mut(name) else { return };
        remove_rank(list, rank);
        if list.is_empty() {
            self.named.remove(name);
        }
    }

    pub(super) fn candidates(&self, name: &str) -> Candidates<'_> {
        let named = self.named.get(name).map(Vec::as_slice).unwrap_or_default();
        Candidates { named, any: &self.any }
    }
}

fn remove_rank(list: &mut Vec<Entry>, rank: u64) {
    let from = list.partition_point(|entry| entry.rank < rank);
    let to = list.partition_point(|entry| entry.rank <= rank);
    list.drain(from..to);
}

/// Alerts that name an object, each once. Both lists are sorted.
#[derive(Debug, Default)]
pub(crate) struct Candidates<'i> {
    named: &'i [Entry],
    any: &'i [Entry],
}

/// An Alert with the sources of it that name the object.
#[derive(Debug)]
pub(crate) struct Candidate<'i> {
    pub(crate) alert: &'i Arc<Compiled>,
    named: &'i [Entry],
    any: &'i [Entry],
}

impl<'i> Iterator for Candidates<'i> {
    type Item = Candidate<'i>;

    fn next(&mut self) -> Option<Candidate<'i>> {
        let first = earlier(self.named, self.any)?;
        let named = split_rank(&mut self.named, first.rank);
        let any = split_rank(&mut self.any, first.rank);
        Some(Candidate { alert: &first.alert, named, any })
    }
}

impl<'i> Candidate<'i> {
    /// The sources with their positions, in the order in which the user wrote them.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (usize, &'i EventSource)> {
        let (mut named, mut any) = (self.named, self.any);
        std::iter::from_fn(move || {
            let next = earlier(named, any)?;
            let list = if named.first().is_some_and(|entry| std::ptr::eq(entry, next)) {
                &mut named
            } else {
                &mut any
            };
            *list = list.get(1..).unwrap_or_default();
            let source = next.alert.alert.sources.get(next.position)?;
            Some((next.position, source))
        })
    }
}

/// The earlier one of the heads of two lists.
fn earlier<'i>(left: &'i [Entry], right: &'i [Entry]) -> Option<&'i Entry> {
    match (left.first(), right.first()) {
        (Some(left), Some(right)) if left.order().cmp(&right.order()) == Ordering::Greater => Some(right),
        (left, right) => left.or(right),
    }
}

/// Takes the entries of `rank` off the head of a list.
fn split_rank<'i>(list: &mut &'i [Entry], rank: u64) -> &'i [Entry] {
    let count = list.iter().take_while(|entry| entry.rank == rank).count();
    let (head, rest) = list.split_at_checked(count).unwrap_or_default();
    *list = rest;
    head
}
