//! Which part of a list is asked for.

/// Entries per page of hosts that let the client choose (contract, providers 23.25 and 23.30).
const SIZE: usize = 50;

/// Pages that are read at most before the status is written without knowing what is shown.
const MOST_PAGES: usize = 8;

/// A page of fewer entries than this is followed by one of twice as many.
const SMALL: usize = 8;

/// A page, by the place of its first entry. Hosts that number their pages have no others than those that begin at a
/// multiple of their size, so none else are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StatusPage {
    /// The number of entries before the page.
    pub(crate) offset: usize,
    /// Entries that it has at most.
    pub(crate) size: usize,
    turned: usize,
    most: usize,
}

impl StatusPage {
    /// The beginning, in pages of the usual size.
    pub(crate) const USUAL: Self = Self::first(SIZE);

    /// The beginning, in pages of `size`.
    pub(crate) const fn first(size: usize) -> Self {
        Self::of_many(size, MOST_PAGES)
    }

    /// The beginning of a list of which `most` pages may be read, in pages of `size`.
    pub(crate) const fn of_many(size: usize, most: usize) -> Self {
        Self { offset: 0, size, turned: 0, most }
    }

    /// The beginning once more, in pages of `size`: of another list that has the same entries.
    pub(crate) fn anew(self, size: usize) -> Option<Self> {
        Self { offset: 0, size, ..self }.turn()
    }

    /// Its number, counted from 1.
    pub(crate) fn number(self) -> usize {
        self.offset / self.size + 1
    }

    /// Whether it is the beginning.
    pub(crate) fn is_first(self) -> bool {
        self.turned == 0
    }

    /// The page after this one, where one may be turned still.
    pub(crate) fn next(self) -> Option<Self> {
        let size = if self.size < SMALL { self.size * 2 } else { self.size };
        Self { offset: self.offset + self.size, size, ..self }.turn()
    }

    /// The page after the `read` entries that were left of this one when it came cut off: as large as what came. An
    /// entry that does not even come whole alone is passed over.
    pub(super) fn after_cut(self, read: usize) -> Option<Self> {
        match (read, self.size) {
            (0, 1) => Self { offset: self.offset + 1, ..self },
            (0, _) => Self { size: 1, ..self },
            _ => Self { offset: self.offset + read, size: read, ..self },
        }
        .turn()
    }

    fn turn(self) -> Option<Self> {
        let offset = self.offset - self.offset % self.size;
        (self.turned + 1 < self.most).then_some(Self { offset, turned: self.turned + 1, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_up_to_a_bound() {
        let mut pages = vec![StatusPage::USUAL];
        while let Some(next) = pages.last().unwrap().next() {
            pages.push(next);
        }
        let numbers: Vec<usize> = pages.iter().map(|page| page.number()).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(pages[1].offset, 50);
    }

    #[test]
    fn after_a_cut_no_entry_is_left_out() {
        let next = StatusPage::USUAL.after_cut(31).unwrap();
        assert_eq!((next.number(), next.size, next.offset), (2, 31, 31));
        let later = next.next().and_then(|page| page.after_cut(20)).unwrap();
        assert_eq!(
            (later.number(), later.size),
            (5, 20),
            "entries 80 to 99, of which 82 is the first unread"
        );
        let again = later.after_cut(3).unwrap();
        assert_eq!((again.offset, again.size), (81, 3), "entries 81 to 83, of which 83 is the first unread");
    }

    #[test]
    fn an_entry_that_fits_into_no_answer_is_passed_over() {
        let alone = StatusPage::USUAL.after_cut(0).unwrap();
        assert_eq!((alone.offset, alone.size), (0, 1));
        let behind = alone.after_cut(0).unwrap();
        assert_eq!((behind.offset, behind.size), (1, 1));
        let mut pages = vec![behind];
        while let Some(next) = pages.last().unwrap().next() {
            pages.push(next);
        }
        let found: Vec<(usize, usize)> = pages.iter().map(|page| (page.offset, page.size)).collect();
        assert_eq!(found, [(1, 1), (2, 2), (4, 4), (8, 8), (16, 8), (24, 8)], "none of them goes back to it");
    }
}
