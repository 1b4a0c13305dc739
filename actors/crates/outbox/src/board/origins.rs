//! The origins of numbers: which process gave which, so that a number is all that a record must hold of its id.

use std::collections::BTreeMap;

use campanile_domain::RecordId;

/// Ranges of numbers by their first. A process gives consecutive numbers, so there is about one range for each process of
/// which records are left.
#[derive(Default)]
pub(super) struct Origins(BTreeMap<i64, u64>);

impl Origins {
    /// Takes note that the record with this number has this origin.
    pub(super) fn note(&mut self, number: i64, origin: u64) {
        if self.of(number) != Some(origin) {
            self.0.insert(number, origin);
        }
    }

    /// The id of the record with this number.
    pub(super) fn id(&self, number: i64) -> RecordId {
        RecordId::new(self.of(number).unwrap_or_default(), number)
    }

    fn of(&self, number: i64) -> Option<u64> {
        self.0.range(..=number).next_back().map(|(_, origin)| *origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_origin_of_their_range_however_they_come() {
        let mut origins = Origins::default();
        // Deliveries in order, then events that wait, which have earlier numbers.
        for (number, origin) in [(12, 0), (15, 0), (31, 7), (40, 7), (52, 9), (3, 0), (30, 7), (51, 9)] {
            origins.note(number, origin);
        }
        for (number, origin) in [(3, 0), (15, 0), (30, 7), (31, 7), (45, 7), (51, 9), (52, 9), (99, 9)] {
            assert_eq!(origins.id(number), RecordId::new(origin, number));
        }
    }
}
