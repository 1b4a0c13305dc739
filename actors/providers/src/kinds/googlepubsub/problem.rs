//! What can be wrong with a Provider for Pub/Sub. Texts follow the contract (providers 23.8) and add the remedy.

/// Why nothing can be published with these settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PubSubProblem {
    /// The address, which is the project, is empty.
    #[error("GCP project ID cannot be empty: write it in spec.address")]
    NoProject,
    /// The channel, which is the topic, is empty.
    #[error("GCP Pub/Sub topic ID cannot be empty: write it in spec.channel")]
    NoTopic,
    /// The key is no JSON object with a type.
    #[error(
        "key 'token' of the Secret is no JSON key of Google; download a key of a service account and write it there"
    )]
    NotJson,
    /// Credentials that are no service account's key.
    #[error(
        "credentials of another type than 'service_account' are not supported by this version; put the JSON key of a \
         service account in key 'token' of the Secret"
    )]
    Type,
    /// A service account's key that lacks a part.
    #[error(
        "the service account's key has no '{0}'; download a new one and write it into key 'token' of the Secret"
    )]
    Lacks(&'static str),
    /// The private key is none of the kind that Google gives.
    #[error(
        "the service account's 'private_key' is no RSA key in PEM form of 2048 to 4096 bits; download a new key and write it \
         into key 'token' of the Secret"
    )]
    PrivateKey,
    /// Where tokens are to be had from is no address for that.
    #[error(
        "the service account's 'token_uri' is no https URL; download a new key and write it into key 'token' of the Secret"
    )]
    TokenUri,
}
