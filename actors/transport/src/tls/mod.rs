//! TLS: whom to trust and which certificate to show.
//!
//! Each distinct set of material becomes one `rustls::ClientConfig`, shared by all clients that use it. TLS 1.2 is the
//! oldest version; verification is never disabled.
//!
//! Only `http/1.1` is offered. awc 3.11 speaks HTTP/2 only inside TLS of its own making, where no head can be rewritten
//! (see [`crate::filter`]); its bound on a response's header block is 16 MiB without a setting there, and a TLS alert
//! after the handshake (a client certificate is wanted) arrives as text without its type.

mod material;
mod store;
mod verifier;

use std::error::Error;
use std::io;

use rustls::{AlertDescription, CertificateError};

pub(crate) use store::TrustStore;

/// The TLS failure inside `error`, however deep the libraries wrapped it.
pub(crate) fn tls_cause(error: &io::Error) -> Option<&rustls::Error> {
    let mut cause: Option<&(dyn Error + 'static)> = error.get_ref().map(|inner| inner as _);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        cause = match error.downcast_ref::<io::Error>() {
            Some(io) => io.get_ref().map(|inner| inner as _),
            None => error.source(),
        };
    }
    None
}

/// What a user can do about `error`, to be put behind its text.
pub(crate) fn remedy(error: &rustls::Error) -> &'static str {
    use rustls::Error as E;
    match error {
        // A CA that was made anew under its old name does not fit the signature.
        E::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            "; put the CA that signed its certificate into the certificate Secret"
        }
        E::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "; renew its certificate"
        }
        E::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "; use a host name that its certificate lists",
        E::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::HandshakeFailure
            | AlertDescription::UnknownCA,
        ) => "; put a client certificate that it accepts into the certificate Secret",
        E::InvalidMessage(_) => "; check that the port speaks TLS",
        _ => "",
    }
}
