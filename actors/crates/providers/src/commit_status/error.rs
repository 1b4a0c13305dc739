//! Errors of a Provider of a Git host.

use crate::address::AddressSource;

/// Errors for which statuses cannot be written with these settings. Texts follow the contract (providers 23) and add the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GitHostError {
    /// The type needs a token.
    #[error("{0} token cannot be empty: put it in key 'token' of the Secret named by spec.secretRef")]
    Token(&'static str),
    /// The Provider has no uid, which comments are told apart by.
    #[error("provider UID cannot be empty: give the Provider a metadata.uid")]
    Uid,
    /// Neither a token nor an App.
    #[error(
        "github token or github app details must be specified: put key 'token', or the keys of the App, in the Secret \
         named by spec.secretRef"
    )]
    GithubLogin,
    /// The token is no user name and password.
    #[error("invalid token format, expected to be <user>:<password>; correct key 'token' of the Secret")]
    TokenForm,
    /// Neither a token nor a user name with a password.
    #[error(
        "invalid credentials, expected to be one of username/password or API Token; put them in the Secret named by \
         spec.secretRef"
    )]
    ServerLogin,
    /// The address does not name a repository of the type's form.
    #[error("invalid repository id \"{id}\"; write {place} as {form}")]
    Repository {
        /// The id that was found; a blot if the address is a secret.
        id: String,
        /// The form that the type needs.
        form: &'static str,
        /// The place where the address stands.
        place: AddressSource,
    },
    /// The address has a scheme that the type does not know.
    #[error(
        "could not parse git address: unsupported scheme type in address: {scheme}. Must be http or https; correct {place}"
    )]
    Scheme {
        /// The scheme; a blot if the address is a secret.
        scheme: String,
        /// The place where the address stands.
        place: AddressSource,
    },
    /// The address is none that Bitbucket Server gives for cloning.
    #[error(
        "could not parse git address: supplied provider address is not http(s) git clone url; write {0} as \
         https://HOST/scm/PROJECT/REPO.git"
    )]
    NoCloneUrl(AddressSource),
}
