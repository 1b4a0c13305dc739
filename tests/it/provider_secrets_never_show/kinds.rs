//! Every type with settings that are full of secrets, by its sample.

use campanile_domain::ProviderType;
#[cfg(feature = "failpoints")]
use campanile_providers::sample::Sends;
use campanile_providers::sample::{LoginForm, Sample};
use serde_json::{Map, Value};

use super::mark::{MARK, PEM};

/// A type with one of its logins.
pub(super) struct Kind {
    pub(super) type_name: &'static str,
    pub(super) sample: &'static Sample,
    pub(super) login: LoginForm,
    /// Tells the logins of a type apart.
    variant: String,
    pub(super) channel: String,
}

/// All types of the table, with each of their logins.
pub(super) fn kinds() -> Vec<Kind> {
    ProviderType::all().flat_map(of_type).collect()
}

fn of_type(kind: ProviderType) -> impl Iterator<Item = Kind> {
    let sample = Sample::of(kind);
    let channel = if sample.has_secret_channel { MARK } else { sample.channel };
    sample.logins.iter().enumerate().map(move |(number, login)| Kind {
        type_name: kind.name(),
        sample,
        login: *login,
        variant: if number == 0 { String::new() } else { format!("-{number}") },
        channel: channel.to_owned(),
    })
}

impl Kind {
    /// Whether it sends requests at all.
    #[cfg(feature = "failpoints")]
    pub(super) fn sends_requests(&self) -> bool {
        self.sample.sends != Sends::Publication
    }

    /// Whether a proxy for HTTP and an HTTP destination mean something to it.
    pub(super) fn speaks_http(&self) -> bool {
        self.sample.is_movable() || self.sample.fixed_host.is_some()
    }

    /// A name for a Provider of this kind.
    pub(super) fn name(&self, way: &str) -> String {
        format!("{}{}-{way}", self.type_name.replace('.', "-"), self.variant)
    }

    /// The Secret of a Provider whose destination is at `origin`.
    pub(super) fn data(&self, origin: &str) -> Value {
        let pairs = self.sample.secret(self.login, origin, &format!("{MARK}-key"), PEM);
        let mut data: Map<String, Value> =
            pairs.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
        data.insert("headers".to_owned(), format!("X-Key: {MARK}-header\n").into());
        data.into()
    }
}
