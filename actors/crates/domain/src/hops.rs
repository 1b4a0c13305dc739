//! Hops of an event from installation to installation, counted so that none is forwarded in a circle.
//!
//! Types that forward events send a header along: the random id of this installation, and how often the event was forwarded
//! so far. Whoever takes events in refuses its own id and too high a count, so a hub still gets what others forward.

use std::sync::Arc;

use crate::Event;

/// The header of a forwarded event, in lower case: `id=<32 hex digits>; hops=<1 to 255>`.
pub const HOPS_HEADER: &str = "x-campanile-hops";

/// The most hops that an event may have behind it when it is taken in.
pub const MOST_HOPS: u8 = 4;

/// Hex digits of an id.
const ID_LENGTH: usize = 32;

/// The random id of an installation, kept in its state folder. Clones share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation(Arc<str>);

/// Errors for which a forwarded event is not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoopError {
    /// This installation has forwarded it.
    #[error(
        "it comes back from a Provider of this installation, which leads to the own event endpoint; correct the Provider's address"
    )]
    Own,
    /// It was forwarded too often.
    #[error("it was forwarded {0} times, more than {MOST_HOPS}; look for Providers that lead in a circle")]
    TooFar(u8),
}

impl Installation {
    /// The installation with that id; none if it is not 32 hex digits.
    pub fn new(id: &str) -> Option<Self> {
        let is_id = id.len() == ID_LENGTH && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then(|| Self(id.to_ascii_lowercase().into()))
    }

    /// The id of the installation.
    pub fn id(&self) -> &str {
        &self.0
    }

    /// The header's value when this installation forwards `event`.
    pub fn forwards(&self, event: &Event) -> String {
        format!("id={}; hops={}", self.0, event.hops.saturating_add(1))
    }

    /// The hops of an event that came with these headers: zero without any. What is not understood counts as once.
    ///
    /// # Errors
    /// It may not be taken in.
    pub fn judge<'a>(&self, headers: impl Iterator<Item = &'a str>) -> Result<u8, LoopError> {
        let mut most = 0;
        for entry in headers.flat_map(|value| value.split(',')) {
            let part = |name: &str| {
                entry.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
            };
            if part("id").is_some_and(|id| id.eq_ignore_ascii_case(&self.0)) {
                return Err(LoopError::Own);
            }
            let digits = part("hops").unwrap_or("1");
            let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
            let hops = digits.parse().unwrap_or(if is_number { u8::MAX } else { 1 });
            most = most.max(hops.max(1));
        }
        if most > MOST_HOPS { Err(LoopError::TooFar(most)) } else { Ok(most) }
    }
}

impl Event {
    /// Takes note of how often this event was forwarded. Metadata of a forwarded event was combined by an Alert elsewhere,
    /// for its own Provider: nobody can tell whose word a key is, so none counts here.
    pub fn set_hops(&mut self, hops: u8) {
        self.hops = hops;
        if hops > 0 {
            self.metadata.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";
    const OTHER: &str = "id=fedcba9876543210fedcba9876543210";

    fn own() -> Installation {
        Installation::new(ID).unwrap()
    }

    #[test]
    fn issue_15_an_installation_refuses_what_it_forwarded_itself() {
        let value = own().forwards(&Event::default());
        assert_eq!(value, format!("id={ID}; hops=1"));
        for value in
            [value.clone(), value.to_uppercase().replace("ID=", "id="), format!("{OTHER}; hops=1, {value}")]
        {
            assert_eq!(own().judge([value.as_str()].into_iter()), Err(LoopError::Own), "{value}");
        }
    }

    #[test]
    fn issue_15_an_event_may_be_forwarded_four_times() {
        let judged = |hops: &str| own().judge([format!("{OTHER}; hops={hops}").as_str()].into_iter());
        assert_eq!((judged("1"), judged("4")), (Ok(1), Ok(4)));
        assert_eq!((judged("5"), judged("99999")), (Err(LoopError::TooFar(5)), Err(LoopError::TooFar(255))));
        let fifth = own().forwards(&Event { hops: 4, ..Event::default() });
        let hub = Installation::new(&ID.replace('0', "f")).unwrap();
        assert_eq!(hub.judge([fifth.as_str()].into_iter()), Err(LoopError::TooFar(5)));
        assert_eq!(own().judge(std::iter::empty()), Ok(0));
    }

    #[test]
    fn what_is_not_understood_counts_as_forwarded_once() {
        for value in ["", "hops", "hops=x", "id=; hops=0", "\u{fffd}"] {
            assert_eq!(own().judge([value].into_iter()), Ok(1), "{value:?}");
        }
        assert!(Installation::new("").is_none() && Installation::new(&"z".repeat(32)).is_none());
    }

    #[test]
    fn issue_15_no_metadata_of_a_forwarded_event_is_a_controllers_word() {
        let metadata = [
            ("kustomize.toolkit.fluxcd.io/revision", "main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738"),
            ("event.toolkit.fluxcd.io/change_request", "7"),
        ];
        let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let mut event = Event { metadata: metadata.into(), ..Event::default() };
        event.set_hops(0);
        assert_eq!(event.metadata.len(), 2);
        event.set_hops(1);
        assert!(event.metadata.is_empty());
    }
}
