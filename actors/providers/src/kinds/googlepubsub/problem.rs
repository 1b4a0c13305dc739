//! What can be wrong with a Provider for Pub/Sub. Texts follow the contract (providers 23.8) and add the remedy.

use crate::identity::credential::CredentialProblem;

/// Why nothing can be published with these settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PubSubProblem {
    /// The address, which is the project, is empty.
    #[error("GCP project ID cannot be empty: write it in spec.address")]
    NoProject,
    /// The channel, which is the topic, is empty.
    #[error("GCP Pub/Sub topic ID cannot be empty: write it in spec.channel")]
    NoTopic,
    /// The key can not be used.
    #[error("key 'token' of the Secret {0}")]
    Credential(#[from] CredentialProblem),
}
