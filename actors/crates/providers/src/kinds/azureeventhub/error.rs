//! Errors of a Provider for Event Hubs. Texts follow the contract (providers 23.11) and add the remedy.

use crate::AddressSource;

/// Errors for which nothing can be sent with these settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventHubError {
    /// There is no address at all.
    #[error(
        "invalid authentication options: endpoint URL cannot be empty: write the event hub's name in spec.address, or a connection \
         string in key 'address' of the Secret"
    )]
    NoAddress,
    /// A service account beside a connection string.
    #[error(
        "invalid authentication options: serviceAccountName and SAS authentication cannot be set at the same time: remove one"
    )]
    AccountAndKey,
    /// A token beside a connection string.
    #[error(
        "invalid authentication options: jwt token and SAS authentication cannot be set at the same time: remove key 'token'"
    )]
    TokenAndKey,
    /// A service account beside a token.
    #[error(
        "invalid authentication options: serviceAccountName and jwt token authentication cannot be set at the same time: remove \
         key 'token'"
    )]
    AccountAndToken,
    /// A connection string of a namespace.
    #[error(
        "failed to create a eventhub using SAS: connection string does not contain an EntityPath. eventHub cannot be an empty \
         string: append ;EntityPath=HUB"
    )]
    NoEntityPath,
    /// A connection string that lacks a part.
    #[error(
        "failed to create a eventhub using SAS: connection string does not contain a valid {0}; copy it again from the portal"
    )]
    Lacks(&'static str),
    /// No channel where one is needed.
    #[error("the Event Hubs namespace is empty: write it in spec.channel")]
    NoNamespace,
    /// A channel that is no namespace.
    #[error(
        "spec.channel is no Event Hubs namespace: write its name or its host name, for example my-namespace"
    )]
    Namespace,
    /// An address that is neither a hub's name nor a connection string.
    #[error(
        "the address is neither an event hub's name, of letters, digits, '.', '-' and '_', nor a connection string with a \
         SharedAccessKey; correct {0}"
    )]
    Hub(AddressSource),
}
