//! Errors of an App's keys in a Secret. Texts follow the contract (providers 21) and add the remedy.

/// Errors for which an App cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GithubAppError {
    /// No number that an App can have.
    #[error(
        "app ID must be provided to use github app authentication: write the App's number into key 'githubAppID', or its \
         client id into 'githubAppClientID'"
    )]
    Id,
    /// Two things say which App.
    #[error(
        "only one of app ID or client ID must be provided to use github app authentication: remove key 'githubAppID' or \
         'githubAppClientID'"
    )]
    TwoIds,
    /// Nothing says for which installation to act.
    #[error(
        "app installation owner or ID must be provided to use github app authentication: write key \
         'githubAppInstallationOwner' or 'githubAppInstallationID'"
    )]
    NoInstallation,
    /// Two keys name the installation.
    #[error(
        "only one of app installation owner or ID must be provided to use github app authentication: remove key \
         'githubAppInstallationOwner' or 'githubAppInstallationID'"
    )]
    TwoInstallations,
    /// The installation's number is none.
    #[error("app installation ID must be a number: correct key 'githubAppInstallationID'")]
    InstallationId,
    /// There is no private key.
    #[error(
        "private key must be provided to use github app authentication: write it into key 'githubAppPrivateKey'"
    )]
    NoKey,
    /// The private key is none of the kind that GitHub gives.
    #[error(
        "could not parse private key: key 'githubAppPrivateKey' is no RSA key in PEM form of 2048 to 8192 bits; download a \
         new one from the App's page"
    )]
    Key,
    /// The API's address is no URL.
    #[error("invalid key 'githubAppBaseURL': write it as https://HOST/api/v3")]
    BaseUrl,
}
