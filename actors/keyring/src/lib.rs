//! The actor that fetches and keeps the public keys with which tokens of issuers are checked.
//!
//! How long keys count and when an issuer may be asked again is [`campanile_receivers::KeyCache`]'s; what is asked is fetched here, once
//! for all who wait for it. Addresses of issuers come from objects, so they pass the address guard.

mod actor;
mod fetch;

pub use actor::{KeyringActor, KeyringParts, KeyringSnapshot};
