//! From a spec to a built Provider: the files of the types by the names of their rows, and what is built.

use std::fmt;
use std::sync::Arc;

use campanile_domain::{Connection, Masker, ProviderSpec, ProviderType, left_variable};

use crate::kinds::{BUILDS, SAMPLES};
use crate::sample::{Markup, Sample};
use crate::{AddressSettingError, ConfigError, Provider, Settings, SettingsWarning};

/// A Provider that can be delivered to. `Debug` shows no secrets.
pub struct BuiltProvider {
    /// The type of the Provider.
    pub kind: ProviderType,
    /// The implementation, which begins exchanges.
    pub provider: Box<dyn Provider>,
    /// The settings of its connections.
    pub connection: Connection,
    /// Blots its secrets out of texts.
    pub masker: Arc<Masker>,
    /// What to log once when it comes into force.
    pub notices: Vec<SettingsWarning>,
}

impl fmt::Debug for BuiltProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("kind", &self.kind)
            .field("connection", &self.connection)
            .field("masker", &self.masker)
            .field("notices", &self.notices)
            .finish_non_exhaustive()
    }
}

/// Makes a Provider of `spec`'s type from its resolved `settings`. Nothing is dialled, and TLS material is not parsed.
///
/// # Errors
/// [`ConfigError::UnknownType`] for types outside the table, and whatever the type's own check finds.
pub fn build(spec: &ProviderSpec, settings: Settings) -> Result<BuiltProvider, ConfigError> {
    let name = spec.type_name.as_str();
    let unknown = || ConfigError::UnknownType(name.to_owned());
    let kind = spec.kind().ok_or_else(unknown)?;
    let (_, build) = BUILDS.iter().find(|(known, _)| *known == name).ok_or_else(unknown)?;
    no_variables(&settings)?;
    let provider = build(&settings)?;
    let (own_secrets, sends_secrets) = (provider.secrets(), settings.sends_secrets());
    let Settings { mut connection, masker, notices, .. } = settings;
    connection.confidential = sends_secrets || !own_secrets.is_empty() || provider.identity().is_some();
    let masker = Arc::new(masker.with(own_secrets));
    if provider.public_host() {
        connection.tls = None;
    }
    Ok(BuiltProvider { kind, provider, connection, masker, notices })
}

/// Refuses what a template left in the address or the channel: whatever a type does with them, it cannot work.
fn no_variables(settings: &Settings) -> Result<(), ConfigError> {
    if left_variable(settings.address.as_str()).is_some() {
        let (shown, place) = (settings.address.shown(), settings.address.source().clone());
        return Err(ConfigError::Address {
            what: "address",
            shown,
            problem: AddressSettingError::Variable,
            place,
        });
    }
    left_variable(&settings.channel).map_or(Ok(()), |variable| Err(ConfigError::ChannelVariable(variable)))
}

/// What stands for the sample of a type without one; a test of the table keeps that from happening.
const UNKNOWN: &Sample = &Sample::webhook(Markup::Plain, &[]);

impl Sample {
    /// The sample of a type.
    pub fn of(kind: ProviderType) -> &'static Self {
        SAMPLES.iter().find(|(name, _)| *name == kind.name()).map_or(UNKNOWN, |(_, sample)| sample)
    }
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
        let known = ProviderType::all().map(ProviderType::name).collect::<Vec<_>>().join(", ");
        assert_eq!(
            refusal("pigeon"),
            format!("provider pigeon not supported; set spec.type to one of {known}")
        );
    }

    #[test]
    fn s23_every_type_of_the_table_is_registered_and_no_other() {
        let table: Vec<&str> = ProviderType::all().map(ProviderType::name).collect();
        assert!(
            BUILDS.iter().map(|(name, _)| *name).eq(table.iter().copied()),
            "write kinds.rs anew with CAMPANILE_WRITE_PAGES=1"
        );
        assert!(SAMPLES.iter().map(|(name, _)| *name).eq(table), "and each has a sample");
    }

    #[test]
    fn item_13_a_variable_in_address_or_channel_is_refused_for_every_type() {
        for kind in ProviderType::all() {
            for (address, channel) in
                [("https://${DOMAIN}/x", "c"), ("https://h/${PATH:=x}", "c"), ("https://h/x", "${C}")]
            {
                let spec = ProviderSpec {
                    type_name: kind.name().into(),
                    address: address.into(),
                    channel: channel.into(),
                    ..provider()
                };
                let text = Secrets::default().build(&spec).unwrap_err().to_string();
                assert!(text.contains("variable") && text.contains("replaced"), "{}: {text}", kind.name());
            }
        }
    }
}
