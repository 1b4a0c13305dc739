//! Reading what hosts answer: lists of statuses or comments, or one.

use std::fmt;
use std::marker::PhantomData;

use campanile_domain::Response;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::{StatusComparison, StatusPage};

/// An answer that is not of this API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// The entries of a list, as far as they came: the transport keeps the beginning of a long answer.
#[derive(Debug)]
pub(crate) struct Listing<T> {
    entries: Vec<T>,
    cut: bool,
}

impl<T: DeserializeOwned> Listing<T> {
    /// Reads an array, or an object with the array under `value`; a byte-order mark before it is passed over.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Unreadable> {
        let body = without_mark(body);
        let mut entries = Vec::new();
        let mut json = serde_json::Deserializer::from_slice(body);
        match json.deserialize_any(Reader(&mut entries)) {
            Ok(()) => Ok(Self { entries, cut: false }),
            Err(error) if error.is_eof() && !body.trim_ascii().is_empty() => Ok(Self { entries, cut: true }),
            Err(_) => Err(Unreadable),
        }
    }

    /// What the list shows by its first entry that `compare` says something of: whether it is the same. If there is
    /// none, the next page may have it.
    pub(crate) fn shown(
        &self,
        page: StatusPage,
        response: &Response,
        compare: impl Fn(&T) -> Option<bool>,
    ) -> StatusComparison {
        match self.find_map(compare) {
            Some(true) => StatusComparison::Same,
            Some(false) => StatusComparison::Different,
            None => {
                self.page_after(page, response).map_or(StatusComparison::Different, StatusComparison::Beyond)
            }
        }
    }

    /// The first thing that `pick` makes of an entry.
    pub(crate) fn find_map<R>(&self, pick: impl Fn(&T) -> Option<R>) -> Option<R> {
        self.entries.iter().find_map(pick)
    }

    /// Whether there is more of this very answer than came.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut
    }

    /// The number of entries that came.
    pub(crate) fn count(&self) -> usize {
        self.entries.len()
    }

    /// The page after `page`, which this list is, if the host has one.
    pub(crate) fn page_after(&self, page: StatusPage, response: &Response) -> Option<StatusPage> {
        if self.cut {
            return page.after_cut(self.entries.len());
        }
        let more = match response.header("link") {
            Some(links) => links.contains("rel=\"next\""),
            None => self.entries.len() >= page.size,
        };
        more.then(|| page.next()).flatten()
    }
}

/// The object that `body` is.
pub(crate) fn object<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unreadable> {
    serde_json::from_slice(without_mark(body)).map_err(|_| Unreadable)
}

/// Whether `body` is JSON, as far as it came.
pub(super) fn is_json(body: &[u8]) -> bool {
    let body = without_mark(body);
    match serde_json::from_slice::<IgnoredAny>(body) {
        Ok(_) => true,
        Err(error) => error.is_eof() && !body.trim_ascii().is_empty(),
    }
}

fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body)
}

struct Reader<'a, T>(&'a mut Vec<T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for Reader<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(entry) = entries.next_element()? {
            self.0.push(entry);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "value" {
                map.next_value_seed(Values(self.0, PhantomData))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// The reader of the array under `value`.
struct Values<'a, T>(&'a mut Vec<T>, PhantomData<T>);

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for Values<'_, T> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(Reader(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::answer;

    fn read(body: &str) -> Result<(Vec<u32>, bool), Unreadable> {
        Listing::read(body.as_bytes()).map(|listing| (listing.entries, listing.cut))
    }

    fn after(page: StatusPage, body: &str, headers: &[(&str, &str)]) -> StatusComparison {
        let listing: Listing<u32> = Listing::read(body.as_bytes()).unwrap();
        listing.shown(page, &answer(200, headers, body), |entry| (*entry == 7).then_some(true))
    }

    #[test]
    fn a_list_is_an_array_or_the_value_of_an_object() {
        assert_eq!(read("[1,2]"), Ok((vec![1, 2], false)));
        assert_eq!(read("\u{feff}{\"count\":2,\"value\":[1,2]}"), Ok((vec![1, 2], false)));
        assert_eq!(read("{\"value\":[]}"), Ok((Vec::new(), false)));
        for garbled in ["", " ", "<html>", "\"x\"", "[1,\"x\"]", "{\"value\":{}}"] {
            assert_eq!(read(garbled), Err(Unreadable), "{garbled:?}");
        }
    }

    #[test]
    fn a_list_that_was_cut_off_gives_its_whole_entries() {
        let cut: Listing<serde_json::Value> = Listing::read(br#"[{"a":1},{"a":2},{"a":"lo"#).unwrap();
        assert_eq!((cut.entries.len(), cut.cut), (2, true));
        assert_eq!(read("{\"count\":9,\"value\":[1,2,"), Ok((vec![1, 2], true)));
    }

    #[test]
    fn the_next_page_is_where_the_host_says_or_a_full_page_suggests() {
        let two = StatusPage::first(2);
        let second = StatusComparison::Beyond(two.next().unwrap());
        assert_eq!(after(two, "[1,7]", &[]), StatusComparison::Same);
        assert_eq!(after(two, "[1,2]", &[]), second);
        assert_eq!(after(two, "[1]", &[]), StatusComparison::Different);
        assert_eq!(after(two, "[1]", &[("link", "<http://h/?page=2>; rel=\"next\"")]), second);
        assert_eq!(
            after(two, "[1,2]", &[("link", "<http://h/?page=1>; rel=\"first\"")]),
            StatusComparison::Different
        );
        assert_eq!(
            after(StatusPage::first(9), "[1,2,", &[]),
            StatusComparison::Beyond(StatusPage::first(9).after_cut(2).unwrap())
        );
    }

    #[test]
    fn a_body_is_json_as_far_as_it_came() {
        for json in ["{}", "[1]", "\u{feff}{}", "{\"a\":"] {
            assert!(is_json(json.as_bytes()), "{json}");
        }
        for other in ["", "\n", "<html>", "OK"] {
            assert!(!is_json(other.as_bytes()), "{other:?}");
        }
    }
}
