//! TLS: whom to trust and which certificate to show.
//!
//! Each distinct set of material becomes one `rustls::ClientConfig`, shared by all clients that use it. TLS 1.2 is the
//! oldest version; verification is never disabled.
//!
//! Only `http/1.1` is offered. awc 3.11 speaks HTTP/2 only inside TLS of its own making, where no head can be rewritten
//! (see [`crate::filter`]); its bound on a response's header block is 16 MiB without a setting there, and a TLS alert
//! after the handshake (a client certificate is wanted) arrives as text without its type.

mod own;
mod progress;
mod store;
mod verifier;

use std::io;

use campanile_tls::{HandshakeStage, TlsFailure};

pub(crate) use progress::watched;
pub(crate) use store::TrustStore;

use crate::{Endpoint, TransportError};

/// The TLS failure inside `error`, however deep the libraries wrapped it.
pub(crate) fn tls_cause(error: &io::Error) -> Option<&rustls::Error> {
    campanile_tls::find(error)
}

/// The failure `error` of TLS with `at`, whose handshake had come to `stage`.
pub(crate) fn failure(at: &Endpoint, error: &rustls::Error, stage: HandshakeStage) -> TransportError {
    TransportError::Tls { at: at.clone(), source: TlsFailure::new(error.clone(), stage) }
}
