//! One destination of each type, as manifests name it.

use campanile_domain::{ProviderClass, ProviderType};
use campanile_providers::sample::{LoginForm, Sample, StatusForm, Tells};
use serde_json::{Map, Value, json};

use crate::support::{Arrival, Sink, alert, provider, secret};

/// What a type is sent.
#[derive(Clone, Copy, Debug)]
pub(super) enum Role {
    /// Every event.
    Forward,
    /// A message for each event.
    Message,
    /// A span for each event, but none for Helm repositories.
    Trace,
    /// An incident's end or begin, but nothing of work under way.
    Incident,
    /// As well, and a change beside it.
    IncidentAndChange,
    /// Comments on change requests.
    Comment,
    /// The status of commits.
    Git(StatusForm),
}

impl Role {
    fn of(kind: ProviderType, sample: &Sample) -> Self {
        match (kind.class(), sample.status, sample.tells) {
            (_, Some(form), _) => Self::Git(form),
            (ProviderClass::Generic, ..) => Self::Forward,
            (ProviderClass::ChangeRequest, ..) => Self::Comment,
            (_, _, Tells::All) => Self::Message,
            (_, _, Tells::Spans) => Self::Trace,
            (_, _, Tells::Incidents) => Self::Incident,
            (_, _, Tells::IncidentsAndChanges) => Self::IncidentAndChange,
        }
    }
}

/// A Provider and what it sends to.
pub(super) struct Destination {
    pub(super) type_name: &'static str,
    pub(super) role: Role,
    pub(super) sink: Sink,
    sample: &'static Sample,
    uid: String,
}

impl Destination {
    /// One of every type that can be pointed at a loopback address.
    pub(super) fn all() -> Vec<Self> {
        let movable = |kind: &ProviderType| Sample::of(*kind).is_movable();
        ProviderType::all()
            .filter(movable)
            .enumerate()
            .map(|(number, kind)| Self::start(number, kind))
            .collect()
    }

    fn start(number: usize, kind: ProviderType) -> Self {
        let (sink, sample) = (Sink::start(), Sample::of(kind));
        sink.think(move |arrival| answer(sample, arrival));
        let uid = format!("{number:08x}-d2f9-4f9b-9c41-bebc1984d67a");
        Self { type_name: kind.name(), role: Role::of(kind, sample), sink, sample, uid }
    }

    /// What a status name ends with.
    pub(super) fn uid_prefix(&self) -> &str {
        self.uid.split('-').next().expect("a uid has a first part")
    }

    /// The Provider with an Alert for `sources` and a Secret.
    pub(super) fn objects(&self, sources: &[Value]) -> [Value; 3] {
        let name = self.type_name.replace('.', "-");
        let spec = json!({ "channel": self.sample.channel, "secretRef": { "name": name } });
        let mut provider = provider(&name, self.type_name, spec);
        provider["metadata"]["uid"] = self.uid.as_str().into();
        let everything = alert(&format!("to-{name}"), &name, json!({ "eventSources": sources }));
        [provider, everything, secret(&name, self.data())]
    }

    fn data(&self) -> Value {
        let login = self.sample.logins.first().copied().unwrap_or(LoginForm::Address);
        let pairs = self.sample.secret(login, &self.sink.url(""), "x", "");
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect::<Map<_, _>>().into()
    }
}

/// What a destination of this kind answers when all is well.
fn answer(sample: &Sample, arrival: &Arrival) -> (u16, String) {
    let (status, body) = if arrival.method == "GET" { sample.absent } else { sample.taken };
    (status, body.to_owned())
}
