//! Errors of a credential of Google.

/// Errors of a credential by which nobody can log in. Texts go on from its place, for example `key 'token' of the Secret`, and show nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// No JSON object with a type.
    #[error("is no JSON key of Google; put the whole file there, as it was downloaded")]
    NotJson,
    /// A type that is not known.
    #[error(
        "is of a type that is not supported; use service_account, authorized_user, external_account or \
         impersonated_service_account with one of these"
    )]
    Type,
    /// A part of the credential is missing.
    #[error("has no '{0}'; download or make it again")]
    Lacks(&'static str),
    /// The private key is none of the kind that Google gives.
    #[error("has a 'private_key' that is no RSA key in PEM form of 2048 to 8192 bits; download a new key")]
    PrivateKey,
    /// An address that tokens cannot be sent to.
    #[error("has a '{0}' that is no https URL; download or make it again")]
    Url(&'static str),
    /// An address that a Secret may not send tokens to.
    #[error(
        "has a '{0}' that does not lead to googleapis.com, the only place where a Secret may send tokens; make it again with \
         gcloud iam workload-identity-pools create-cred-config"
    )]
    Foreign(&'static str),
    /// A source of tokens that is not known.
    #[error(
        "has a 'credential_source' with neither 'file' nor 'url'; tokens of AWS, executables and certificates are not \
         supported: make it again with --credential-source-file or --credential-source-url"
    )]
    Source,
    /// The source's address or its headers cannot be sent.
    #[error(
        "has a 'credential_source' whose url is no http or https URL, or whose headers no request can carry; correct it"
    )]
    SourceAddress,
    /// The form of the token in its source.
    #[error(
        "has a 'credential_source' whose format is neither text, nor json with a subject_token_field_name; correct it"
    )]
    Format,
}
