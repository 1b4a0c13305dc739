//! Lanes of which only the newest delivery matters.
//!
//! In such a lane at most two deliveries are left standing: one that is leased, and the newest.

use std::collections::HashMap;

use super::dead_letters::DeadLetter;
use super::links::ChainKind;
use super::record::is_newest_only;
use super::slab::SlabIndex;
use super::{Board, Lane};
use crate::journal::Micros;

impl Board {
    /// Ends the deliveries of such a lane that wait behind their time, after one has joined it or come back to it.
    pub(super) fn supersede(&mut self, lane: SlabIndex, now: Micros) {
        if is_newest_only(self.lanes[lane].number) {
            while let Some(place) = self.outdated(lane) {
                self.finish(place, now);
                self.superseded += 1;
            }
        }
    }

    /// A delivery that nobody leases and that is not the newest.
    fn outdated(&self, lane: SlabIndex) -> Option<SlabIndex> {
        let Lane { chain, .. } = self.lanes[lane];
        let newest = chain.tail();
        chain.iter(&self.records, ChainKind::Lane).find(|at| Some(*at) != newest && !self.records[*at].leased)
    }

    /// The newest dead letter of each such lane.
    pub(super) fn newest_letters(&self) -> HashMap<u64, i64> {
        let letters = self.dead_letters.iter().map(|letter| (letter.facts.lane, letter.facts.id));
        letters.filter(|(lane, _)| is_newest_only(*lane)).collect()
    }

    /// Whether a dead letter is of such a lane, and older than something of it that is stored.
    pub(super) fn is_outdated(&self, letter: &DeadLetter, newest_letters: &HashMap<u64, i64>) -> bool {
        let (lane, id) = (letter.facts.lane, letter.facts.id);
        let standing = || self.lanes[*self.lane_of.get(&lane)?].chain.tail();
        is_newest_only(lane)
            && (newest_letters.get(&lane).is_some_and(|newest| *newest > id)
                || standing().is_some_and(|newest| self.records[newest].id > id))
    }
}
