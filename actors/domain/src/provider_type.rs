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
    /// What the host publishes as its limit.
    rate: Option<Rate>,
}

/// How many messages a host takes in a time, as it publishes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// So many messages.
    pub messages: u32,
    /// In this time.
    pub per: Duration,
}

impl Rate {
    /// The time between two messages that keeps every window of the limit's length below the limit: an even share and a
    /// tenth more.
    pub fn spacing(self) -> Duration {
        (self.per + self.per / 10) / self.messages.max(1)
    }
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
/// A chat message that is an hour late only confuses.
const CHAT: Duration = HOUR;
const RECORD: Duration = Duration::from_secs(24 * 60 * 60);

const fn row(name: &'static str, class: ProviderClass, deadline: Duration) -> Row {
    Row { name, class, deadline, rate: None }
}

impl Row {
    /// The row with the limit that the host publishes, counted in messages, not in requests.
    const fn limited(self, messages: u32, per: Duration) -> Self {
        Self { rate: Some(Rate { messages, per }), ..self }
    }
}

static ROWS: &[Row] = &[
    row("generic", Generic, RECORD),
    row("generic-hmac", Generic, RECORD),
    // Slack, "Rate limits": one message a second and channel, to incoming webhooks as to `chat.postMessage`.
    row("slack", Message, CHAT).limited(1, SECOND),
    // Not published: the headers of webhooks have shown five in two seconds. Those that come count before this.
    row("discord", Message, CHAT).limited(5, Duration::from_secs(2)),
    // Microsoft Teams, "Create Incoming Webhooks", rate limiting: four requests a second.
    row("msteams", Message, CHAT).limited(4, SECOND),
    row("rocket", Message, CHAT),
    // Google Chat, "Usage limits", per-space quotas: 60 writes a minute, shared by all that write to the space.
    row("googlechat", Message, CHAT).limited(60, MINUTE),
    row("googlepubsub", Message, RECORD),
    row("webex", Message, CHAT),
    row("sentry", Message, RECORD),
    row("azureeventhub", Message, RECORD),
    // Telegram, "Bots FAQ": 20 messages a minute to one group.
    row("telegram", Message, CHAT).limited(20, MINUTE),
    // Lark, "Custom bot usage guide": 100 messages a minute and five a second.
    row("lark", Message, CHAT).limited(100, MINUTE),
    // Synapse, "Configuration manual", `rc_message`: 0.2 a second as it is shipped.
    row("matrix", Message, CHAT).limited(1, Duration::from_secs(5)),
    row("opsgenie", Message, RECORD),
    row("alertmanager", Message, RECORD),
    row("grafana", Message, RECORD),
    // PagerDuty, "Events API v2": 120 events a minute and integration key.
    row("pagerduty", Message, RECORD).limited(120, MINUTE),
    row("datadog", Message, RECORD),
    row("nats", Message, RECORD),
    // Zulip, "REST API", rate limits: 200 requests a minute and user as it is shipped.
    row("zulip", Message, CHAT).limited(200, MINUTE),
    row("otel", Message, RECORD),
    row("zoom", Message, CHAT),
    // incident.io, "API reference", rate limits: 1,200 requests a minute and key.
    row("incident.io", Message, RECORD).limited(1_200, MINUTE),
    // GitHub, "Rate limits for the REST API": 900 points a minute, one for the read and five for the write.
    row("github", CommitStatus, RECORD).limited(150, MINUTE),
    // As for `github`, without a read.
    row("githubdispatch", Message, RECORD).limited(180, MINUTE),
    // GitHub, the same page: 80 requests that make content a minute, and 500 an hour.
    row("githubpullrequestcomment", ChangeRequest, RECORD).limited(500, HOUR),
    row("gitlab", CommitStatus, RECORD),
    // GitLab.com, "Rate limits": 60 notes a minute and user.
    row("gitlabmergerequestcomment", ChangeRequest, RECORD).limited(60, MINUTE),
    row("gitea", CommitStatus, RECORD),
    row("giteapullrequestcomment", ChangeRequest, RECORD),
    row("bitbucketserver", CommitStatus, RECORD),
    // Bitbucket Cloud, "API request limits": 1,000 an hour to repositories; a status takes two.
    row("bitbucket", CommitStatus, RECORD).limited(500, HOUR),
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

    /// What the host publishes as its limit for one Provider, so that a backlog can be worked off below it. None where it
    /// publishes nothing, leaves it to whoever runs it, or allows more than could ever wait.
    pub fn rate(self) -> Option<Rate> {
        self.0.rate
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_window_of_a_limit_stays_below_it() {
        for kind in ProviderType::all() {
            let Some(rate) = kind.rate() else { continue };
            let most_in_a_window = 1 + rate.per.as_nanos() / rate.spacing().as_nanos();
            assert!(most_in_a_window <= u128::from(rate.messages), "{kind:?}: {most_in_a_window}");
        }
    }

    #[test]
    fn slack_gets_less_than_a_message_a_second_and_a_webhook_of_ones_own_what_it_can_take() {
        let rate = |name| ProviderType::named(name).and_then(ProviderType::rate).map(Rate::spacing);
        assert_eq!(rate("slack"), Some(Duration::from_millis(1100)));
        assert_eq!(rate("generic"), None);
    }
}
