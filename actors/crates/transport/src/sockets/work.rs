//! Which clients work.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// A client works if it asked for a turn in the present span of this length or in the one before.
const SPAN: Duration = Duration::from_secs(2);

/// The clients that ask for turns. Those that have stopped are forgotten after two spans.
pub(super) struct AtWork {
    /// When the present span began, and its number.
    span: (Instant, u64),
    /// In which span each client asked last.
    asked: HashMap<u64, u64>,
    /// Clients that asked in the present span, and in the one before.
    counts: (usize, usize),
}

impl AtWork {
    /// Nobody works.
    pub(super) fn new(now: Instant) -> Self {
        Self { span: (now, 0), asked: HashMap::new(), counts: (0, 0) }
    }

    /// A client asks for a turn.
    pub(super) fn note(&mut self, client: u64, now: Instant) {
        let passed = now.saturating_duration_since(self.span.0);
        if passed >= SPAN {
            let before = if passed < SPAN * 2 { self.counts.0 } else { 0 };
            (self.span, self.counts) = ((now, self.span.1 + 1), (0, before));
            let oldest = self.span.1 - 1;
            self.asked.retain(|_, span| *span >= oldest);
        }
        if self.asked.insert(client, self.span.1) != Some(self.span.1) {
            self.counts.0 += 1;
        }
    }

    /// How many work, at least one.
    pub(super) fn count(&self) -> usize {
        self.counts.0.max(self.counts.1).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issue_22_whoever_asked_of_late_works() {
        let begin = Instant::now();
        let at = |secs| begin + Duration::from_secs(secs);
        let mut work = AtWork::new(begin);
        assert_eq!(work.count(), 1, "nobody is nobody's rival");
        (0..100).for_each(|client| work.note(client, at(0)));
        (0..100).for_each(|client| work.note(client, at(1)));
        assert_eq!(work.count(), 100, "each counts once");
        work.note(0, at(3));
        assert_eq!(work.count(), 100, "a pause of a moment is none");
        work.note(0, at(5));
        assert_eq!((work.count(), work.asked.len()), (1, 1));
    }
}
