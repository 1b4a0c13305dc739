//! Ids of stored events and deliveries.
//!
//! An id has 128 bits: its *origin*, a random number that a process draws when it starts, and its *number*, which ascends
//! in one state folder in the order of acceptance. So ids are unique across processes, folders and restarts, also after a
//! folder was restored from a backup. A store keeps both as integers; the number is the key of the row.
//!
//! The text of an id is 32 hexadecimal digits, of which the first 16 are the number, mixed so that even neighbours begin
//! differently: a short prefix tells ids apart, as with git. Ids that version 0.1.0 gave have no origin, and their text is
//! the number, as it was then.

mod texts;

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};
pub use texts::IdTexts;

/// The fewest characters by which an id is shown, and by which one may be named that is longer.
pub const SHORTEST_PREFIX: usize = 8;

/// The digits of an id with an origin.
const DIGITS: usize = 32;

/// The id of a stored event or delivery. Ids of one origin are ordered by acceptance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordId {
    origin: u64,
    number: i64,
}

impl RecordId {
    /// The id of the record with that number that a process of this origin stored; origin zero is that of version 0.1.0.
    pub const fn new(origin: u64, number: i64) -> Self {
        Self { origin, number }
    }

    /// The id that version 0.1.0 gave to the record with that number.
    pub const fn numbered(number: i64) -> Self {
        Self::new(0, number)
    }

    /// The origin; zero for version 0.1.0.
    pub const fn origin(self) -> u64 {
        self.origin
    }

    /// The number of the row.
    pub const fn number(self) -> i64 {
        self.number
    }

    /// The digits of its text, as a number, if it has an origin.
    fn digits(self) -> u128 {
        let mixed = mix(self.number.cast_unsigned().wrapping_add(self.origin));
        u128::from(mixed) << 64 | u128::from(self.origin)
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.origin {
            0 => write!(f, "{}", self.number),
            _ => write!(f, "{:032x}", self.digits()),
        }
    }
}

/// A text that is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read an id: it is a number or {DIGITS} hexadecimal digits")]
pub struct IdError;

impl FromStr for RecordId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() != DIGITS || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return text.parse().map(Self::numbered).map_err(|_| IdError);
        }
        let both = u128::from_str_radix(text, 16).map_err(|_| IdError)?;
        let (mixed, origin) = ((both >> 64) as u64, both as u64);
        Ok(Self::new(origin, unmix(mixed).wrapping_sub(origin).cast_signed()))
    }
}

impl Serialize for RecordId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RecordId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// The number of characters of each id that tell these apart, at least [`SHORTEST_PREFIX`].
pub fn prefix_length<I: fmt::Display>(ids: impl IntoIterator<Item = I>) -> usize {
    let mut texts: Vec<String> = ids.into_iter().map(|id| id.to_string()).collect();
    texts.sort_unstable();
    texts.dedup();
    let common = |pair: &[String]| pair[0].bytes().zip(pair[1].bytes()).take_while(|(a, b)| a == b).count();
    texts.windows(2).map(|pair| common(pair) + 1).max().unwrap_or(0).max(SHORTEST_PREFIX)
}

/// The beginning of an id, of so many characters.
pub fn prefix(id: impl fmt::Display, length: usize) -> String {
    id.to_string().chars().take(length).collect()
}

/// The ids that a text names: the one whose text it is, or else all that begin with it, if it is long enough for that.
pub fn named<I: fmt::Display + Copy>(text: &str, ids: impl IntoIterator<Item = I>) -> Vec<I> {
    let mut found = Vec::new();
    for id in ids {
        let whole = id.to_string();
        if whole == text {
            return vec![id];
        }
        if text.len() >= SHORTEST_PREFIX && whole.starts_with(text) {
            found.push(id);
        }
    }
    found
}

/// A bijection that spreads neighbours over all of its range (the finalizer of `SplitMix64`; Steele, Lea, Flood,
/// "Fast splittable pseudorandom number generators", 2014).
fn mix(value: u64) -> u64 {
    let value = (value ^ value >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ value >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ value >> 31
}

/// The inverse function of [`mix`].
fn unmix(value: u64) -> u64 {
    let value = (value ^ value >> 31 ^ value >> 62).wrapping_mul(0x3196_42B2_D24D_8EC3);
    let value = (value ^ value >> 27 ^ value >> 54).wrapping_mul(0x96DE_1B17_3F11_9089);
    value ^ value >> 30 ^ value >> 60
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: u64 = 0x5EED_0000_CAFE_F00D;

    #[test]
    fn an_id_is_read_from_its_text() {
        for number in [0, 1, 17, i64::MAX, -5] {
            for id in
                [RecordId::numbered(number), RecordId::new(ORIGIN, number), RecordId::new(u64::MAX, number)]
            {
                assert_eq!(id.to_string().parse(), Ok(id));
                let json = serde_json::to_string(&id).unwrap();
                assert_eq!(json, format!("\"{id}\""));
                assert_eq!(serde_json::from_str::<RecordId>(&json).unwrap(), id);
            }
        }
        assert_eq!(RecordId::numbered(17).to_string(), "17");
        assert_eq!(RecordId::new(ORIGIN, 17).to_string().len(), DIGITS);
        for wrong in ["", "x", "17x", "5eed", "+", " 1", &"g".repeat(DIGITS), &"é".repeat(DIGITS / 2)] {
            assert_eq!(wrong.parse::<RecordId>(), Err(IdError), "{wrong:?}");
        }
    }

    #[test]
    fn eight_characters_tell_the_ids_of_a_long_list_apart() {
        let ids: Vec<_> = (1..=1000).map(|number| RecordId::new(ORIGIN, number)).collect();
        assert_eq!(prefix_length(ids.iter().copied()), SHORTEST_PREFIX);
        assert_eq!(prefix_length([ids[0], ids[0]]), SHORTEST_PREFIX, "the same id twice is one");
        assert_eq!(prefix_length::<RecordId>([]), SHORTEST_PREFIX);
    }

    #[test]
    fn a_prefix_grows_until_it_is_unique() {
        let texts = ["0123456789ab", "0123456789cd", "ffffffffffff"];
        let length = prefix_length(texts);
        assert_eq!(length, 11);
        assert_eq!(texts.map(|text| prefix(text, length)), ["0123456789a", "0123456789c", "fffffffffff"]);
        // A number of version 0.1.0 is shown whole.
        assert_eq!(prefix(RecordId::numbered(17), length), "17");
        assert_eq!(prefix_length(["12345678", "12345678ab"]), 9);
    }

    #[test]
    fn a_text_names_the_ids_that_begin_with_it() {
        let texts = ["0123456789ab", "0123456789cd", "17", "12345678", "1234567890"];
        assert_eq!(named("0123456789a", texts), ["0123456789ab"]);
        assert_eq!(named("01234567", texts), ["0123456789ab", "0123456789cd"]);
        assert_eq!(named("17", texts), ["17"]);
        assert_eq!(named("12345678", texts), ["12345678"], "a whole id comes first");
        assert!(named("1", texts).is_empty(), "too short to begin anything");
        assert!(named("0123456", texts).is_empty());
    }

    #[test]
    fn ids_of_one_origin_are_ordered_by_acceptance() {
        assert!(RecordId::new(ORIGIN, 2) < RecordId::new(ORIGIN, 10));
    }
}
