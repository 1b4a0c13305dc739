//! What the environment of the process decides for some types, beside what their Providers say. The program reads the
//! environment once, when it starts; nothing here does.

/// The variables that types follow. The default is an environment without any of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// `PUBSUB_EMULATOR_HOST`: `HOST:PORT` of an emulator of Pub/Sub, as Google's own libraries call it.
    pub pubsub_emulator: Option<String>,
    /// `SENTRY_ENVIRONMENT`: the environment of events where `spec.channel` is empty.
    pub sentry_environment: Option<String>,
    /// `AZURE_AUTHORITY_HOST`: tells the cloud of an Event Hubs namespace that is given by its name alone.
    pub azure_authority: Option<String>,
    /// `BITBUCKET_API_BASE_URL`: where the API of Bitbucket Cloud is, for tests and proxies (contract, providers 23.33).
    pub bitbucket_api: Option<String>,
}

impl Surroundings {
    /// What `variable` says; an empty value counts as none.
    pub fn from(variable: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name: &str| variable(name).filter(|text| !text.is_empty());
        Self {
            pubsub_emulator: value("PUBSUB_EMULATOR_HOST"),
            sentry_environment: value("SENTRY_ENVIRONMENT"),
            azure_authority: value("AZURE_AUTHORITY_HOST"),
            bitbucket_api: value("BITBUCKET_API_BASE_URL"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_counts_as_none() {
        let read = Surroundings::from(|name| {
            Some(if name == "SENTRY_ENVIRONMENT" { "prod" } else { "" }.to_owned())
        });
        assert_eq!(
            read,
            Surroundings { sentry_environment: Some("prod".to_owned()), ..Surroundings::default() }
        );
    }
}
