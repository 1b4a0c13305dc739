//! Classification of awc's errors as failures of a request.

use std::io;

use actix_http::error::ParseError;
use awc::error::{ConnectError, PayloadError, SendRequestError};

use crate::tls::{failure, tls_cause};
use crate::{AddressError, Endpoint, GarbledError, TransportError};
use campanile_tls::HandshakeStage;

/// Whether the connection ended before any of an answer came. On a kept connection this means that the destination had
/// closed it before the request arrived (RFC 9112, section 9.3.1).
pub(crate) fn is_dead_connection(error: &SendRequestError) -> bool {
    match error {
        SendRequestError::Connect(ConnectError::Disconnected) => true,
        SendRequestError::Send(error) | SendRequestError::Response(ParseError::Io(error)) => matches!(
            error.kind(),
            io::ErrorKind::BrokenPipe
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::NotConnected
                | io::ErrorKind::UnexpectedEof
        ),
        _ => false,
    }
}

/// The failure of a request to `at`.
pub(crate) fn of_request(error: SendRequestError, at: Endpoint) -> TransportError {
    match error {
        SendRequestError::Connect(error) => of_connect(error, at),
        SendRequestError::Send(error) | SendRequestError::Response(ParseError::Io(error)) => of_io(error, at),
        SendRequestError::Response(_) => TransportError::Garbled { at, source: GarbledError::NotHttp },
        SendRequestError::Timeout => TransportError::ConnectTimeout { at },
        // What is left is about requests that awc will not write; nothing was sent.
        _ => AddressError::Form.into(),
    }
}

/// The failure of reading a body from `at`.
pub(crate) fn of_body(error: PayloadError, at: Endpoint) -> TransportError {
    match error {
        PayloadError::Incomplete(None) => TransportError::Closed { at, source: None },
        PayloadError::Incomplete(Some(error)) | PayloadError::Io(error) if !is_framing(&error) => {
            of_io(error, at)
        }
        _ => TransportError::Garbled { at, source: GarbledError::Body },
    }
}

fn of_connect(error: ConnectError, at: Endpoint) -> TransportError {
    match error {
        ConnectError::Timeout => TransportError::ConnectTimeout { at },
        ConnectError::Disconnected => TransportError::Closed { at, source: None },
        ConnectError::Io(error) => match error.downcast::<TransportError>() {
            Ok(ours) => ours,
            Err(source) => TransportError::Connect { at, source },
        },
        other => TransportError::Connect { at, source: io::Error::other(other.to_string()) },
    }
}

fn of_io(error: io::Error, at: Endpoint) -> TransportError {
    match (tls_cause(&error).cloned(), error.downcast::<GarbledError>()) {
        (Some(error), _) => failure(&at, &error, HandshakeStage::Over),
        (None, Ok(source)) => TransportError::Garbled { at, source },
        (None, Err(error)) => TransportError::Closed { at, source: Some(error) },
    }
}

/// Whether the body's chunks are not what HTTP allows, which actix reports as an I/O error.
fn is_framing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData)
        && tls_cause(error).is_none()
}
