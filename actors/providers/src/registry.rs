//! The one table of types that this version can deliver to, and what a built Provider offers.

use std::fmt;
use std::sync::Arc;

use campanile_domain::{Connection, Failure, Masker, Notification, ProviderSpec, ProviderType};

use crate::kinds::BUILDS;
use crate::{CommitStatus, ConfigError, Exchange, Identity, Notice, Settings};

/// What a type knows to do: begin the exchange of a notification.
pub trait Provider: Send + Sync {
    /// An exchange that is to deliver `notification`. Its body is rendered here, once.
    ///
    /// # Errors
    /// A [`Failure`] of this one delivery: the type can not render its notification.
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure>;

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

    /// Whether all requests go to a public host, so that TLS material made for a private one must be left aside.
    fn public_host(&self) -> bool {
        false
    }
}

/// A Provider that can be delivered to. `Debug` shows no secrets.
pub struct Endpoint {
    /// Its type.
    pub kind: ProviderType,
    /// Begins exchanges.
    pub provider: Box<dyn Provider>,
    /// How to connect.
    pub connection: Connection,
    /// Blots its secrets out of texts.
    pub masker: Arc<Masker>,
    /// What to log once when it comes into force.
    pub notices: Vec<Notice>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("kind", &self.kind)
            .field("connection", &self.connection)
            .field("masker", &self.masker)
            .field("notices", &self.notices)
            .finish_non_exhaustive()
    }
}

/// Checks the settings for a type and makes its Provider.
pub(crate) type Build = fn(&Settings) -> Result<Box<dyn Provider>, ConfigError>;

/// Names of the types that [`build`] knows, in the order of the table.
pub fn supported() -> impl Iterator<Item = &'static str> {
    BUILDS.iter().map(|(name, _)| *name)
}

/// Makes a Provider of `spec`'s type from its resolved `settings`. Nothing is dialled, and TLS material is not parsed.
///
/// # Errors
/// [`ConfigError::UnknownType`] for types outside the table, and whatever the type's own check finds.
pub fn build(spec: &ProviderSpec, settings: Settings) -> Result<Endpoint, ConfigError> {
    let name = spec.type_name.as_str();
    let unknown = || ConfigError::UnknownType(name.to_owned());
    let kind = spec.kind().ok_or_else(unknown)?;
    let (_, build) = BUILDS.iter().find(|(known, _)| *known == name).ok_or_else(unknown)?;
    let provider = build(&settings)?;
    let Settings { mut connection, masker, notices, .. } = settings;
    let masker = Arc::new(masker.with(provider.secrets()));
    if provider.public_host() {
        connection.tls = None;
    }
    Ok(Endpoint { kind, provider, connection, masker, notices })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Secrets;
    use campanile_testkit::provider;

    fn refusal(name: &str) -> String {
        let spec = ProviderSpec { type_name: name.into(), ..provider() };
        Secrets::default().build(&spec).unwrap_err().to_string()
    }

    #[test]
    fn n17_an_unknown_type_is_refused_with_the_known_ones() {
        let known = supported().collect::<Vec<_>>().join(", ");
        assert_eq!(
            refusal("pigeon"),
            format!("provider pigeon not supported; set spec.type to one of {known}")
        );
    }

    #[test]
    fn s23_every_type_of_the_table_is_registered_and_no_other() {
        let table = ProviderType::all().map(ProviderType::name);
        assert!(supported().eq(table), "write kinds.rs anew with CAMPANILE_WRITE_PAGES=1");
    }
}
