//! Limits that messages keep to, and where they are published.

/// One limit of a type's messages. The type's file cites it too, with what it makes of it.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// The part of a message that is limited.
    pub what: &'static str,
    /// The largest size that is allowed, in units of the measure.
    pub most: usize,
    /// Of these; empty where `what` are the things that are counted.
    pub unit: &'static str,
    /// The documentation's name and section, linked.
    pub source: &'static str,
    /// The measure of the size.
    pub measure: Measure,
}

/// The measure of a limit: how many there are in a message. Texts are found by a JSON pointer and measured in UTF-16, as most destinations do;
/// pointers look into the last line of a body that has several.
#[derive(Clone, Copy, Debug)]
pub enum Measure {
    /// The length of the text there.
    Text(&'static str),
    /// The length of the text there, in code points: characters of any script.
    CodePoints(&'static str),
    /// The length of the text there, in bytes.
    TextBytes(&'static str),
    /// The length of the longest text of the list there.
    LongestText(&'static str),
    /// The length of all texts there together.
    Texts(&'static str),
    /// The length of all names and texts of the object there together.
    Pairs(&'static str),
    /// The number of items of the list or object there.
    Items(&'static str),
    /// The largest number of items of the list under the name in an item of the list there.
    MostItems(&'static str, &'static str),
    /// The length of the JSON text there, in bytes.
    Json(&'static str),
    /// The length of the value of this name in a form, in characters.
    Field(&'static str),
    /// The length of the whole body, in bytes.
    Body,
}

/// The source of a limit that the documentation does not have.
pub const CHOSEN: &str = "not found in the documentation; chosen here";

/// The source of a limit that is known from refusals alone.
pub const REFUSED: &str = "not found in the documentation; what the API says when it refuses more";

impl Limit {
    /// Characters of the text at `pointer`.
    pub const fn text(what: &'static str, pointer: &'static str, most: usize, source: &'static str) -> Self {
        Self { what, most, unit: "characters", source, measure: Measure::Text(pointer) }
    }

    /// A limit on the bytes of the body.
    pub const fn body(what: &'static str, most: usize, source: &'static str) -> Self {
        Self { what, most, unit: "bytes", source, measure: Measure::Body }
    }

    /// A limit on `unit`s by another measure.
    pub const fn of(
        what: &'static str,
        measure: Measure,
        most: usize,
        unit: &'static str,
        source: &'static str,
    ) -> Self {
        Self { what, most, unit, source, measure }
    }
}
