//! Which ids some texts name, told without writing the ids down: of a long queue each is asked for.

use super::{DIGITS, RecordId, SHORTEST_PREFIX};

/// Texts that name ids: whole ones, or beginnings of [`SHORTEST_PREFIX`] characters or more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdTexts {
    /// First and last of the ids that begin with a text, as numbers; ascending, none inside another.
    ranges: Vec<(u128, u128)>,
    texts: Vec<String>,
}

impl IdTexts {
    /// Those that `texts` name. A text that can name none is passed over.
    pub fn new<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        let mut texts: Vec<String> = texts.into_iter().map(Into::into).collect();
        texts.sort_unstable();
        texts.dedup();
        let mut ranges: Vec<_> = texts.iter().filter_map(|text| range(text)).collect();
        // Of two ranges one lies inside the other, or they have nothing in common.
        ranges.sort_unstable_by_key(|(first, last)| (*first, u128::MAX - last));
        let mut end = None;
        ranges.retain(|(first, last)| {
            let inside = end.is_some_and(|end| *first <= end);
            end = if inside { end } else { Some(*last) };
            !inside
        });
        Self { ranges, texts }
    }

    /// Whether a text is this id, or one that is long enough begins it.
    pub fn name(&self, id: RecordId) -> bool {
        if id.origin() == 0 {
            let whole = id.to_string();
            let begins = |text: &String| text.len() >= SHORTEST_PREFIX && whole.starts_with(text.as_str());
            return self.texts.binary_search(&whole).is_ok() || self.texts.iter().any(begins);
        }
        let digits = id.digits();
        let before = self.ranges.partition_point(|(first, _)| *first <= digits);
        before.checked_sub(1).and_then(|at| self.ranges.get(at)).is_some_and(|(_, last)| digits <= *last)
    }
}

/// The ids of 32 digits that begin with `text`, as numbers.
fn range(text: &str) -> Option<(u128, u128)> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if !(SHORTEST_PREFIX..=DIGITS).contains(&text.len()) || !text.bytes().all(is_digit) {
        return None;
    }
    let rest = 4 * (DIGITS - text.len());
    let first = u128::from_str_radix(text, 16).ok()? << rest;
    Some((first, first | ((1_u128 << rest) - 1)))
}

#[cfg(test)]
mod tests {
    use super::super::{named, prefix};
    use super::*;

    #[test]
    fn texts_name_the_ids_that_begin_with_them_and_no_others() {
        let ids: Vec<RecordId> = (1..=500).map(|number| RecordId::new(0x5EED, number)).collect();
        let (whole, beginning) = (ids[7].to_string(), prefix(ids[9], SHORTEST_PREFIX));
        let longer = prefix(ids[9], SHORTEST_PREFIX + 3);
        let short = prefix(ids[20], SHORTEST_PREFIX - 1);
        let texts = [whole, beginning, longer, short, "no id".to_owned(), ids[8].to_string().to_uppercase()];
        let found = IdTexts::new(texts.clone());
        let named: Vec<RecordId> = ids
            .iter()
            .copied()
            .filter(|id| texts.iter().any(|text| !named(text, [*id]).is_empty()))
            .collect();
        assert_eq!(named, [ids[7], ids[9]]);
        assert_eq!(ids.iter().copied().filter(|id| found.name(*id)).collect::<Vec<_>>(), named);
        assert!(!IdTexts::default().name(ids[0]));
    }

    #[test]
    fn texts_name_the_numbers_of_version_0_1_0() {
        let texts = IdTexts::new(["17", "12345678"]);
        for (number, is_named) in
            [(17, true), (1, false), (170, false), (12_345_678, true), (123_456_789, true)]
        {
            assert_eq!(texts.name(RecordId::numbered(number)), is_named, "{number}");
        }
    }
}
