//! The public keys of issuers: where they are, what they are, and how long they are kept. Fetching them is the caller's.

mod cache;
mod discovery;
mod key;
mod set;

pub(crate) use key::PublicKey;

pub use cache::{KeyCache, KeyPlan};
pub use discovery::{Discovery, KeySource};
pub use set::KeySet;

/// Errors for which there are no keys. The texts hold no more of an answer than its status.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The issuer could not be asked, or answered with another status than 200.
    #[error("{0}")]
    Fetch(String),
    /// Its answer is not what it should be.
    #[error("{what} is not as OpenID Connect has it: {why}")]
    Answer {
        /// The document that was asked for.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// It says that it is another.
    #[error(
        "the discovery document names the issuer \"{got}\"; write exactly that as issuerURL, if it is right"
    )]
    Issuer {
        /// The issuer that the document names.
        got: String,
    },
}
