//! Errors of an identity, found before anything is asked for.

use campanile_domain::{Failure, FailureClass, ObjectKey};

use super::azure::ClientCertificateError;
use super::credential_error::CredentialError;

/// Errors for which there is no way to a token. Texts name objects and remedies, never a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The service account says nothing about the cloud.
    #[error("service account '{account}' lacks the annotation '{annotation}'; add it")]
    Lacks {
        /// Namespace and name of the account.
        account: ObjectKey,
        /// The key of the annotation.
        annotation: &'static str,
    },
    /// An annotation that is none of the form that is wanted.
    #[error("annotation '{annotation}' of service account '{account}' is not of the form {form}; correct it")]
    Form {
        /// Namespace and name of the account.
        account: ObjectKey,
        /// The key of the annotation.
        annotation: &'static str,
        /// The form that it must have.
        form: &'static str,
    },
    /// The service account wants what only a SPIFFE broker gives.
    #[error(
        "service account '{0}' asks for an identity of SPIFFE, which is not supported; remove its annotation \
         'credential.auth.fluxcd.io/provider', or write kubernetes"
    )]
    Spiffe(ObjectKey),
    /// GKE's own identity has an audience of its own, and no other is taken there.
    #[error(
        "service account '{0}' has the annotation 'credential.auth.fluxcd.io/audiences', which GKE's own workload identity \
         does not take; remove it, or add 'gcp.auth.fluxcd.io/workload-identity-provider'"
    )]
    GkeAudiences(ObjectKey),
    /// A tenant or client that cannot stand in an address.
    #[error("'{0}' is no tenant of azure; write its id, for example 72f988bf-86f1-41af-91ab-2d7cd011db47")]
    Tenant(String),
    /// The authority is no address.
    #[error("AZURE_AUTHORITY_HOST is no https URL; correct it, or leave it out")]
    Authority,
    /// The file of a certificate cannot be used.
    #[error("AZURE_CLIENT_CERTIFICATE_PATH: '{file}' {problem}")]
    Certificate {
        /// The path of the file.
        file: String,
        /// What is wrong with it.
        problem: ClientCertificateError,
    },
    /// The file of application default credentials cannot be used.
    #[error("'{file}' {problem}")]
    Credential {
        /// The path of the file.
        file: String,
        /// What is wrong with it.
        problem: CredentialError,
    },
}

impl From<IdentityError> for Failure {
    fn from(problem: IdentityError) -> Self {
        Self::new(FailureClass::Config, format!("failed to get token: {problem}"))
    }
}
