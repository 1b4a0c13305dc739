//! One destination of each type, as manifests name it.

use serde_json::{Value, json};

use super::status::Host;
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
    Git(Host),
}

/// The types, what they are sent, and the path of their address.
const TYPES: &[(&str, Role, &str)] = &[
    ("generic", Role::Forward, "/hook"),
    ("generic-hmac", Role::Forward, "/hook"),
    ("slack", Role::Message, "/services/T0/B0/X"),
    ("discord", Role::Message, "/api/webhooks/1/x"),
    ("msteams", Role::Message, "/workflows/x"),
    ("rocket", Role::Message, "/hooks/x"),
    ("googlechat", Role::Message, "/v1/spaces/x/messages"),
    ("webex", Role::Message, "/v1/messages"),
    ("sentry", Role::Message, "/1"),
    ("lark", Role::Message, "/open-apis/bot/v2/hook/x"),
    ("matrix", Role::Message, ""),
    ("opsgenie", Role::Message, "/v2/alerts"),
    ("alertmanager", Role::Message, "/api/v2/alerts/"),
    ("grafana", Role::Message, "/api/annotations"),
    ("datadog", Role::Message, ""),
    ("zulip", Role::Message, ""),
    ("zoom", Role::Message, "/chat/webhooks/x"),
    ("otel", Role::Trace, ""),
    ("githubdispatch", Role::Message, "/org/repo"),
    ("incident.io", Role::Incident, "/v2/alert_events/http/x"),
    ("pagerduty", Role::IncidentAndChange, ""),
    ("githubpullrequestcomment", Role::Comment, "/org/repo"),
    ("gitlabmergerequestcomment", Role::Comment, "/org/repo"),
    ("giteapullrequestcomment", Role::Comment, "/org/repo"),
    ("github", Role::Git(Host::Github), "/org/repo"),
    ("gitlab", Role::Git(Host::Gitlab), "/org/repo"),
    ("gitea", Role::Git(Host::Gitea), "/org/repo"),
    ("bitbucketserver", Role::Git(Host::BitbucketServer), "/scm/org/repo.git"),
    ("azuredevops", Role::Git(Host::AzureDevops), "/org/project/_git/repo"),
];

/// A Provider and what it sends to.
pub(super) struct Destination {
    pub(super) type_name: &'static str,
    pub(super) role: Role,
    pub(super) sink: Sink,
    path: &'static str,
    uid: String,
}

impl Destination {
    pub(super) fn all() -> Vec<Self> {
        TYPES.iter().enumerate().map(|(number, row)| Self::start(number, row)).collect()
    }

    fn start(number: usize, (type_name, role, path): &'static (&'static str, Role, &'static str)) -> Self {
        let (sink, role) = (Sink::start(), *role);
        sink.think(move |arrival| answer(role, arrival));
        let uid = format!("{number:08x}-d2f9-4f9b-9c41-bebc1984d67a");
        Self { type_name, role, sink, path, uid }
    }

    /// What a status name ends with.
    pub(super) fn uid_prefix(&self) -> &str {
        self.uid.split('-').next().expect("a uid has a first part")
    }

    /// The Provider with an Alert for `sources` and a Secret.
    pub(super) fn objects(&self, sources: &[Value]) -> [Value; 3] {
        let name = self.type_name.replace('.', "-");
        let channel = match self.type_name {
            "zulip" => "alerts/flux",
            "sentry" => "production",
            _ => "general",
        };
        let spec = json!({ "address": self.address(), "channel": channel, "secretRef": { "name": name } });
        let mut provider = provider(&name, self.type_name, spec);
        provider["metadata"]["uid"] = self.uid.as_str().into();
        let everything = alert(&format!("to-{name}"), &name, json!({ "eventSources": sources }));
        [provider, everything, secret(&name, json!({ "token": "t0ken" }))]
    }

    fn address(&self) -> String {
        let address = self.sink.url(self.path);
        match self.type_name {
            "sentry" => address.replacen("://", "://public@", 1),
            _ => address,
        }
    }
}

/// What a destination of this kind answers when all is well.
fn answer(role: Role, arrival: &Arrival) -> (u16, String) {
    let (status, body) = match (role, arrival.method.as_str()) {
        (Role::Git(host), "GET") => host.nothing_shown(),
        (Role::Git(_), _) => (201, "{}"),
        (_, _) if arrival.path.ends_with("/dispatches") => (204, ""),
        _ => (200, "{}"),
    };
    (status, body.to_owned())
}
