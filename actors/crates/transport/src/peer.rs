//! The peer of a connection: what is known of who is at its other end.

use std::cell::Cell;

use crate::{Endpoint, TransportError};

/// The peer at the other end, as far as it decides about what may be told of a failure.
#[derive(Debug, Default)]
pub(crate) struct Peer {
    private: Cell<bool>,
    away: Cell<bool>,
}

impl Peer {
    /// It has a private address, or not.
    pub(crate) fn set_private(&self, private: bool) {
        self.private.set(private);
    }

    /// Whether it has a private address.
    pub(crate) fn is_private(&self) -> bool {
        self.private.get()
    }

    /// It is where a destination redirected to, or the destination itself.
    pub(crate) fn set_away(&self, away: bool) {
        self.away.set(away);
    }

    /// Whether a destination redirected to it.
    pub(crate) fn is_away(&self) -> bool {
        self.away.get()
    }

    /// `failure` of a request to `at` as it may be told.
    pub(crate) fn told(&self, failure: TransportError, at: &Endpoint) -> TransportError {
        if self.is_private() { failure.of_private(at) } else { failure }
    }
}
