//! Which part of a list of statuses is asked for.

/// Entries per page of hosts that let the client choose (contract, providers 23.25 and 23.30).
const SIZE: usize = 50;

/// Pages that are read at most before the status is written without knowing what is shown.
const MOST_PAGES: usize = 8;

/// A page, by the place of its first entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kinds) struct Page {
    /// Entries before it.
    pub(in crate::kinds) offset: usize,
    /// Entries that it has at most.
    pub(in crate::kinds) size: usize,
    turned: usize,
}

impl Page {
    /// The beginning, in pages of the usual size.
    pub(in crate::kinds) const USUAL: Self = Self::first(SIZE);

    /// The beginning, in pages of `size`.
    pub(in crate::kinds) const fn first(size: usize) -> Self {
        Self { offset: 0, size, turned: 0 }
    }

    /// Its number, counted from 1.
    pub(in crate::kinds) fn number(self) -> usize {
        self.offset / self.size + 1
    }

    /// Whether it is the beginning.
    pub(in crate::kinds) fn is_first(self) -> bool {
        self.turned == 0
    }

    /// The page after this one, where one may be turned still.
    pub(super) fn next(self) -> Option<Self> {
        Self { offset: self.offset + self.size, ..self }.turn()
    }

    /// The page after the `read` entries that were left of this one when it came cut off: as large as what came.
    pub(super) fn after_cut(self, read: usize) -> Option<Self> {
        if read == 0 {
            return None;
        }
        Self { offset: self.offset + read, size: read, ..self }.turn()
    }

    fn turn(self) -> Option<Self> {
        (self.turned + 1 < MOST_PAGES).then_some(Self { turned: self.turned + 1, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_up_to_a_bound() {
        let mut pages = vec![Page::USUAL];
        while let Some(next) = pages.last().unwrap().next() {
            pages.push(next);
        }
        let numbers: Vec<usize> = pages.iter().map(|page| page.number()).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(pages[1].offset, 50);
    }

    #[test]
    fn after_a_cut_no_entry_is_left_out() {
        let next = Page::USUAL.after_cut(31).unwrap();
        assert_eq!((next.number(), next.size, next.offset), (2, 31, 31));
        let later = next.next().and_then(|page| page.after_cut(20)).unwrap();
        assert_eq!(
            (later.number(), later.size),
            (5, 20),
            "entries 80 to 99, of which 82 is the first unread"
        );
        assert_eq!(Page::USUAL.after_cut(0), None);
    }
}
