//! The interface of a provider type.

use campanile_domain::{Failure, Notification, Response};

use crate::too_long;
use crate::{CommitStatus, ConfigError, Exchange, Identity, Settings};

/// The work of a type: to begin the exchange of a notification.
pub trait Provider: Send + Sync {
    /// An exchange that is to deliver `notification`. Its body is rendered here, once.
    ///
    /// # Errors
    /// A [`Failure`] of this one delivery: the type cannot render its notification.
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure>;

    /// Whether an answer says that the message is too long, so that a [shorter](crate::shorter) one is to be tried.
    fn is_too_long(&self, response: &Response) -> bool {
        too_long::is_said(response)
    }

    /// An exchange like that of [`exchange`](Provider::exchange), but one that does not read first what the destination
    /// shows: for a caller who knows.
    ///
    /// # Errors
    /// As for [`exchange`](Provider::exchange).
    fn write(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        self.exchange(notification)
    }

    /// What `notification` wants a Git host to show; none if it writes no status.
    ///
    /// # Errors
    /// As for [`exchange`](Provider::exchange).
    fn commit_status(&self, _notification: &Notification<'_>) -> Result<Option<CommitStatus>, Failure> {
        Ok(None)
    }

    /// What of the settings is secret to this type and to no other.
    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }

    /// Who the Provider is at a cloud where it has no credentials of its own. Its requests come without `Authorization`; whoever
    /// carries them gets a token and adds it.
    fn identity(&self) -> Option<&Identity> {
        None
    }

    /// Whether the body of a successful answer takes part in the verdict. Where it does not, the status alone decides, whether
    /// that body is broken, late or endless.
    fn reads_success(&self) -> bool {
        true
    }

    /// Whether all requests go to a public host, so that TLS material made for a private one must be left aside.
    fn public_host(&self) -> bool {
        false
    }
}

/// Checks the settings for a type and makes its Provider.
pub(crate) type Build = fn(&Settings) -> Result<Box<dyn Provider>, ConfigError>;
