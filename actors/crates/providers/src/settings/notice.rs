//! Warnings about settings that work but should be changed, to be logged once per change of a Provider or Secret.

use campanile_domain::ObjectKey;

/// A remark on a Provider's settings. Its text holds names, never values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsWarning {
    /// The proxy stands in `spec.proxy`, which is deprecated.
    #[error("warning: spec.proxy is deprecated, use spec.proxySecretRef instead")]
    ProxyInSpec,
    /// The credentials Secret has a `proxy`.
    #[error(
        "warning: specifying proxy with 'proxy' key in the referenced secret '{0}' is deprecated, use \
         spec.proxySecretRef instead"
    )]
    ProxyInSecret(ObjectKey),
    /// A TLS key under its old name.
    #[error("using legacy key in secret data: rename '{key}' of secret '{secret}' to '{preferred}'")]
    LegacyKey {
        /// Namespace and name of the Secret.
        secret: ObjectKey,
        /// The old name of the key.
        key: &'static str,
        /// The name of the key to use.
        preferred: &'static str,
    },
    /// There is a `username` without a `password`.
    #[error(
        "secret '{0}' has 'username' but no 'password': the name is used, and nothing else of the Secret is lost"
    )]
    LoneUsername(ObjectKey),
    /// A token of a fixed life, for a type that can have one that is renewed.
    #[error(
        "warning: static JWT authentication is deprecated and ends with the token's life, use workload identity instead: \
         remove key 'token' and name a service account in spec.serviceAccountName"
    )]
    StaticToken,
    /// There is a `password` without a `username`.
    #[error("secret '{0}' has 'password' but no 'username': the name is taken from spec.username")]
    LonePassword(ObjectKey),
}
