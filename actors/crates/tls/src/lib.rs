//! Common parts of every use of TLS: the crypto provider, certificates and keys from PEM, failures in words.
//!
//! No I/O: who dials, listens or reads files does it elsewhere. No text of this crate is Rust's `Debug`, and none holds a key.

mod failure;
mod material;
mod rsa;
mod server;
mod spiffe;

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};

pub use failure::{CertificateKeyError, HandshakeStage, TlsFailure, find};
pub use material::{PairError, parse_ca, parse_pair};
pub use rsa::unusable_rsa_bits;
pub use server::{ClientCertificates, ServerMaterial, ServerTls, ServerTlsError};
pub use spiffe::{NoSpiffeId, SpiffeId, SpiffeRule};

/// The one crypto provider of the process: aws-lc-rs with its default cipher suites and key exchanges (ADR 23).
pub fn crypto_provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}
