//! The one table of provider types. Everything that depends on the type but not on its payload reads it from here.

use std::fmt;
use std::time::Duration;

use ProviderClass::{ChangeRequest, CommitStatus, Generic, Message};

/// What a type is for; the router's gates ask for it (contract, control plane 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProviderClass {
    /// A message to people or to an incident tool.
    Message,
    /// The event itself, forwarded.
    Generic,
    /// The status of a commit on a Git host.
    CommitStatus,
    /// A comment on a pull or merge request.
    ChangeRequest,
}

/// A row of the table.
#[derive(Debug)]
struct Row {
    name: &'static str,
    class: ProviderClass,
    /// How long a delivery is worth trying.
    deadline: Duration,
}

const HOUR: Duration = Duration::from_secs(60 * 60);
/// A chat message that is an hour late only confuses.
const CHAT: Duration = HOUR;
const RECORD: Duration = Duration::from_secs(24 * 60 * 60);

const fn row(name: &'static str, class: ProviderClass, deadline: Duration) -> Row {
    Row { name, class, deadline }
}

static ROWS: &[Row] = &[
    row("generic", Generic, RECORD),
    row("generic-hmac", Generic, RECORD),
    row("slack", Message, CHAT),
    row("discord", Message, CHAT),
    row("msteams", Message, CHAT),
    row("rocket", Message, CHAT),
    row("googlechat", Message, CHAT),
    row("googlepubsub", Message, RECORD),
    row("webex", Message, CHAT),
    row("sentry", Message, RECORD),
    row("azureeventhub", Message, RECORD),
    row("telegram", Message, CHAT),
    row("lark", Message, CHAT),
    row("matrix", Message, CHAT),
    row("opsgenie", Message, RECORD),
    row("alertmanager", Message, RECORD),
    row("grafana", Message, RECORD),
    row("pagerduty", Message, RECORD),
    row("datadog", Message, RECORD),
    row("nats", Message, RECORD),
    row("zulip", Message, CHAT),
    row("otel", Message, RECORD),
    row("zoom", Message, CHAT),
    row("incident.io", Message, RECORD),
    row("github", CommitStatus, RECORD),
    row("githubdispatch", Message, RECORD),
    row("githubpullrequestcomment", ChangeRequest, RECORD),
    row("gitlab", CommitStatus, RECORD),
    row("gitlabmergerequestcomment", ChangeRequest, RECORD),
    row("gitea", CommitStatus, RECORD),
    row("giteapullrequestcomment", ChangeRequest, RECORD),
    row("bitbucketserver", CommitStatus, RECORD),
    row("bitbucket", CommitStatus, RECORD),
    row("azuredevops", CommitStatus, RECORD),
];

/// A known provider type: a reference to its row.
#[derive(Clone, Copy)]
pub struct ProviderType(&'static Row);

impl ProviderType {
    /// The type that manifests call `name`.
    pub fn named(name: &str) -> Option<Self> {
        ROWS.iter().find(|row| row.name == name).map(Self)
    }

    /// All known types, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(Self)
    }

    /// The name in manifests.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// What the type is for.
    pub fn class(self) -> ProviderClass {
        self.0.class
    }

    /// How long after acceptance a delivery is given up, unless the operator says otherwise.
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
