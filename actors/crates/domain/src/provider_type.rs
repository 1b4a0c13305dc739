//! The one table of provider types. Everything that depends on the type but not on its payload reads it from here.

mod table;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

/// The class of a type: what it is for. The router's gates ask for it (contract, control plane 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProviderClass {
    /// A message to people or to an incident tool.
    Message,
    /// Types that forward the event itself.
    Generic,
    /// The status of a commit on a Git host.
    CommitStatus,
    /// A comment on a pull or merge request.
    ChangeRequest,
}

/// A version of the Provider kind as Flux defines it, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KindVersion {
    /// The version `v1beta1` of the kind.
    V1beta1,
    /// The version `v1beta2` of the kind.
    V1beta2,
    /// The version `v1beta3` of the kind.
    V1beta3,
    /// The version `v1`, since Flux 2.10.
    V1,
}

/// A row of the table.
#[derive(Debug)]
struct Row {
    name: &'static str,
    class: ProviderClass,
    /// The first version of the kind that has the type in Flux.
    since: KindVersion,
    /// Whether a Git host shows work under way.
    shows_progress: bool,
    /// Whether a token in the Secret still works but should give way to an identity.
    deprecates_token: bool,
    /// How long a delivery is worth trying.
    deadline: Duration,
    /// What the host publishes as its limit.
    rate: Option<Rate>,
    /// The document where it says so.
    source: &'static str,
}

/// The rate limit of a host, as it publishes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The number of messages that are allowed.
    pub messages: u32,
    /// The time in which they are allowed.
    pub per: Duration,
}

impl Rate {
    /// The time between two messages that keeps every window of the limit's length below the limit: an even share and a
    /// tenth more.
    pub fn spacing(self) -> Duration {
        (self.per + self.per / 10) / self.messages.max(1)
    }
}

const fn row(name: &'static str, class: ProviderClass, deadline: Duration) -> Row {
    let since = KindVersion::V1beta1;
    Row {
        name,
        class,
        since,
        shows_progress: false,
        deprecates_token: false,
        deadline,
        rate: None,
        source: "",
    }
}

impl Row {
    /// The row of a type that came with this version of the kind.
    const fn since(self, since: KindVersion) -> Self {
        Self { since, ..self }
    }

    /// The row of a Git host that shows work under way.
    const fn showing_progress(self) -> Self {
        Self { shows_progress: true, ..self }
    }

    /// The row of a type whose token in the Secret should give way to an identity.
    const fn deprecating_token(self) -> Self {
        Self { deprecates_token: true, ..self }
    }

    /// The row with the limit that the host publishes in `source`, counted in messages, not in requests. Where it publishes
    /// several, the one that holds a backlog back most.
    const fn limited(self, messages: u32, per: Duration, source: &'static str) -> Self {
        Self { rate: Some(Rate { messages, per }), source, ..self }
    }
}

/// A known provider type: a reference to its row.
#[derive(Clone, Copy)]
pub struct ProviderType(&'static Row);

impl ProviderType {
    /// The type that manifests call `name`.
    pub fn named(name: &str) -> Option<Self> {
        table::ROWS.iter().find(|row| row.name == name).map(Self)
    }

    /// All known types, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        table::ROWS.iter().map(Self)
    }

    /// The name of the type in manifests.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// The class of the type: what it is for.
    pub fn class(self) -> ProviderClass {
        self.0.class
    }

    /// The first version of the Provider kind that has the type in Flux. Campanile's own definitions have every type in every
    /// version (contract, flux-2.10 1).
    pub fn since(self) -> KindVersion {
        self.0.since
    }

    /// Whether `Progressing` is a state that the host shows (contract, providers 17.1).
    pub fn shows_progress(self) -> bool {
        self.0.shows_progress
    }

    /// Whether a token in the Secret works, but should give way to an identity whose tokens are renewed (contract, providers
    /// 23.11).
    pub fn deprecates_token(self) -> bool {
        self.0.deprecates_token
    }

    /// The limit that the host publishes for one Provider, so that a backlog can be worked off below it. None where it
    /// publishes nothing, leaves it to whoever runs it, or allows more than could ever wait.
    pub fn rate(self) -> Option<Rate> {
        self.0.rate
    }

    /// The document where [`rate`](Self::rate) is published, in words and with a link in angle brackets; empty where there is none.
    pub fn rate_source(self) -> &'static str {
        self.0.source
    }

    /// The time after acceptance at which a delivery is given up, unless the operator says otherwise.
    pub fn deadline(self) -> Duration {
        self.0.deadline
    }
}

impl PartialEq for ProviderType {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for ProviderType {}

impl fmt::Debug for ProviderType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
