//! A request that nobody has verified yet.

use std::fmt;

use bytes::Bytes;

/// A request as it came in: the fields of its head, and its body.
pub struct Unverified {
    pub(crate) head: HeaderFields,
    pub(crate) body: Bytes,
}

impl Unverified {
    /// A request of these fields, in the order in which they came, and this body.
    pub fn new(fields: impl IntoIterator<Item = (String, Vec<u8>)>, body: impl Into<Bytes>) -> Self {
        Self { head: HeaderFields(fields.into_iter().collect()), body: body.into() }
    }
}

impl fmt::Debug for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unverified").field("body_bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// The fields of a head. Names are compared without regard to case.
pub(crate) struct HeaderFields(Vec<(String, Vec<u8>)>);

impl HeaderFields {
    /// The first field of this name; empty if there is none.
    pub(crate) fn first(&self, name: &str) -> &[u8] {
        let found = self.0.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_slice()).unwrap_or_default()
    }

    /// The same as text. What is no UTF-8 is replaced, so that it equals nothing that is.
    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8_lossy(self.first(name)).into_owned()
    }
}
