//! Receivers without I/O: how a webhook is verified, and which resources it asks to reconcile.
//!
//! A [`Receiver`] is compiled once for each generation of its object. A request comes as [`Unverified`]; [`verify()`] turns it
//! into [`Verified`], or says which check stopped it. Two types ask for the keys of an issuer on the way: then the caller
//! fetches them ([`KeySource`], [`KeyCache`]) and goes on. A [`Selection`], which the code that acts takes, is made of a
//! [`Verified`], which nothing else makes, or of what was stored of such a one ([`Selection::restore`]).
//!
//! Nothing here dials, blocks or reads a clock. No text that leaves this crate holds a token, a signature or a body.
//! Comparisons with secrets take the same time whatever they compare (contract, receivers 5).

mod algorithm;
mod body;
mod cdevents;
mod check;
mod error;
mod event;
mod fields;
mod invalid;
mod jwt;
mod keys;
mod kinds;
mod media_type;
mod oidc;
mod postponed;
mod receiver;
mod request;
mod secret;
mod selection;
mod signature;
mod tokens;
mod verified;
mod verify;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use body::BodyError;
pub use error::{Check, VerifyError};
pub use invalid::Invalid;
pub use keys::{Discovery, KeyCache, KeyError, KeyPlan, KeySet, KeySource};
pub use kinds::curl;
pub use postponed::PostponeError;
pub use receiver::Receiver;
pub use request::Unverified;
pub use selection::Selection;
pub use signature::SignatureError;
pub use tokens::{TokenError, Tokens, webhook_path};
pub use verified::Verified;
pub use verify::{NeedsKeys, Verification, verify};
