//! Errors for which a request is refused, in the words of the contract (receivers 10). The caller is told nothing but the status.

use campanile_domain::ObjectKey;

use crate::cdevents::CdEventError;
use crate::jwt::JwtError;
use crate::keys::KeyError;
use crate::oidc::ClaimsError;
use crate::signature::SignatureError;

/// Which check stopped a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Check {
    /// The Receiver's type is known.
    Type,
    /// The Secret can be read and has what the type needs.
    Secret,
    /// The signature fits body and token.
    Signature,
    /// The token in a header is the Receiver's.
    Token,
    /// The token was signed by its issuer, for this Receiver.
    Issuer,
    /// The claims are what the Receiver demands.
    Claims,
    /// The body is what the type sends.
    Body,
    /// The event is in the Receiver's list.
    Event,
}

impl Check {
    /// The cause in one word, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Secret => "secret",
            Self::Signature => "signature",
            Self::Token => "token",
            Self::Issuer => "issuer",
            Self::Claims => "claims",
            Self::Body => "body",
            Self::Event => "event",
        }
    }
}

/// Errors for which a request is not verified.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// There is no type of that name.
    #[error("receiver type \"{0}\" not supported")]
    Type(String),
    /// The Secret cannot be read.
    #[error("unable to read secret, error: {0}")]
    Unreadable(String),
    /// The Secret has no token.
    #[error("invalid \"{0}\" secret data: required field 'token'")]
    NoToken(ObjectKey),
    /// The Secret lacks what `gcr` needs beside it.
    #[error("invalid secret data: required field '{0}' for GCR receiver")]
    GcrField(&'static str),
    /// The signature of `generic-hmac` is wrong.
    #[error("unable to validate HMAC signature: {0}")]
    Hmac(SignatureError),
    /// The signature of a Git host.
    #[error("the {host} signature header is invalid, err: {cause}")]
    Hub {
        /// The name of the host.
        host: &'static str,
        /// The error in the signature.
        cause: SignatureError,
    },
    /// Nexus sent no signature at all.
    #[error("the Nexus signature is missing from header")]
    NexusMissing,
    /// Nexus sent a signature that does not match.
    #[error("invalid Nexus signature")]
    Nexus,
    /// A header is not the token.
    #[error("the {0} header value does not match the receiver token")]
    Header(&'static str),
    /// The event is not in the list.
    #[error("the {what} \"{event}\" is not authorised")]
    Event {
        /// How events of this host are called.
        what: &'static str,
        /// The event that was sent.
        event: String,
    },
    /// The body is not what the host sends.
    #[error("cannot decode {host} webhook {part}: {why}")]
    Body {
        /// The name of the host.
        host: &'static str,
        /// `payload`, or `body` where that is wrapped in another.
        part: &'static str,
        /// The error in the request.
        why: String,
    },
    /// The body is no CDEvent.
    #[error("unable to validate CDEvent event: {0}")]
    CdEvent(CdEventError),
    /// The token of Google is not taken.
    #[error("cannot authenticate GCR request: {0}")]
    Gcr(#[from] GcrError),
    /// The token of an issuer is not taken.
    #[error(transparent)]
    Oidc(#[from] OidcError),
}

/// Errors for which a request for `gcr` does not come from the expected account of Google (contract, receivers 5.2).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GcrError {
    /// There is no token in the header.
    #[error("the Authorization header is missing or malformed")]
    Header,
    /// The token is none, or not for this Receiver, or not signed by Google.
    #[error("invalid ID token: audience is '{got}', want '{want}': {cause}")]
    Token {
        /// Whom it is for, as far as it says.
        got: String,
        /// Whom it should be for.
        want: String,
        /// The error in the expression.
        cause: String,
    },
    /// The token names another issuer.
    #[error("token issuer is '{0}', want 'accounts.google.com' or 'https://accounts.google.com'")]
    Issuer(String),
    /// The token names another account.
    #[error("token email is '{got}', want '{want}'")]
    Email {
        /// The account of the token.
        got: String,
        /// The account that the Secret names.
        want: String,
    },
    /// An account whose address Google has not verified.
    #[error("token email '{0}' is not verified")]
    Unverified(String),
}

/// Errors for which a token is not taken by `generic-oidc` (contract, receivers 6).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OidcError {
    /// The Receiver names no issuer.
    #[error("generic-oidc receiver has no oidcProviders configured")]
    NoProviders,
    /// There is no token in the header.
    #[error("the Authorization header is missing or malformed")]
    Header,
    /// The token in the header is empty.
    #[error("the Authorization header is missing a bearer token")]
    Empty,
    /// The text in the header is no token.
    #[error("failed to parse bearer token: {0}")]
    Parse(JwtError),
    /// It does not say who made it.
    #[error("failed to parse bearer token: token is missing the 'iss' claim")]
    NoIssuer,
    /// It was made by an issuer that the Receiver does not name.
    #[error("no oidcProvider configured for issuer \"{0}\"")]
    UnknownIssuer(String),
    /// The keys of the issuer cannot be had.
    #[error("failed to initialize OIDC provider for issuer \"{issuer}\": {cause}")]
    Keys {
        /// The issuer whose keys are missing.
        issuer: String,
        /// The cause why they are missing.
        cause: KeyError,
    },
    /// It is not signed by the issuer, or not for this Receiver, or not now.
    #[error("failed to verify OIDC token: {0}")]
    Token(JwtError),
    /// Its claims do not do.
    #[error(transparent)]
    Claims(#[from] ClaimsError),
}

impl VerifyError {
    /// Which check stopped the request.
    pub fn check(&self) -> Check {
        match self {
            Self::Type(_) => Check::Type,
            Self::Unreadable(_) | Self::NoToken(_) | Self::GcrField(_) => Check::Secret,
            Self::Hmac(_) | Self::Hub { .. } | Self::NexusMissing | Self::Nexus => Check::Signature,
            Self::Header(_) => Check::Token,
            Self::Event { .. } => Check::Event,
            Self::Body { .. } | Self::CdEvent(_) => Check::Body,
            Self::Gcr(GcrError::Email { .. } | GcrError::Unverified(_))
            | Self::Oidc(OidcError::Claims(_)) => Check::Claims,
            Self::Gcr(_) | Self::Oidc(_) => Check::Issuer,
        }
    }
}
