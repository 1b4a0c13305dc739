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
    /// Where it does.
    source: &'static str,
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
    Row { name, class, deadline, rate: None, source: "" }
}

impl Row {
    /// The row with the limit that the host publishes in `source`, counted in messages, not in requests. Where it publishes
    /// several, the one that holds a backlog back most.
    const fn limited(self, messages: u32, per: Duration, source: &'static str) -> Self {
        Self { rate: Some(Rate { messages, per }), source, ..self }
    }
}

static ROWS: &[Row] = &[
    row("generic", Generic, RECORD),
    row("generic-hmac", Generic, RECORD),
    row("slack", Message, CHAT).limited(
        1,
        SECOND,
        "Slack, \"Rate limits\", posting messages and incoming webhooks: one a second, for a channel; \
         <https://docs.slack.dev/apis/web-api/rate-limits>",
    ),
    // The headers come before this: by Discord's documentation ("Rate limits") no number is to be relied on.
    row("discord", Message, CHAT).limited(
        30,
        MINUTE,
        "not in the documentation; Discord's developers name 30 a minute for the channel beside five in two seconds; \
         <https://github.com/discord/discord-api-docs/issues/367>",
    ),
    // Windows of hours come with it (100 messages an hour): a backlog that kept to those would expire before it was sent,
    // while Teams, where it enforces them, says so by 429.
    row("msteams", Message, CHAT).limited(
        60,
        Duration::from_secs(30),
        "Microsoft Teams, \"Create and send messages\", rate limiting for connectors: four in a second, 60 in 30 seconds; \
         <https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using>",
    ),
    row("rocket", Message, CHAT),
    row("googlechat", Message, CHAT).limited(
        1,
        SECOND,
        "Google Chat, \"Usage limits\", per-space quotas: one write a second, shared by all that write to the space; \
         <https://developers.google.com/workspace/chat/limits>",
    ),
    row("googlepubsub", Message, RECORD),
    row("webex", Message, CHAT),
    row("sentry", Message, RECORD),
    row("azureeventhub", Message, RECORD),
    row("telegram", Message, CHAT).limited(
        20,
        MINUTE,
        "Telegram, \"Bots FAQ\", My bot is hitting limits: 20 messages a minute to a group; \
         <https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this>",
    ),
    row("lark", Message, CHAT).limited(
        100,
        MINUTE,
        "Lark, \"Custom bot usage guide\": 100 messages a minute and five a second for each bot; \
         <https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot>",
    ),
    row("matrix", Message, CHAT).limited(
        1,
        Duration::from_secs(5),
        "Synapse, \"Configuration manual\", `rc_message`: 0.2 a second as it is shipped; \
         <https://element-hq.github.io/synapse/latest/usage/configuration/config_documentation.html#rc_message>",
    ),
    row("opsgenie", Message, RECORD),
    row("alertmanager", Message, RECORD),
    row("grafana", Message, RECORD),
    row("pagerduty", Message, RECORD).limited(
        120,
        MINUTE,
        "PagerDuty, \"Events API v2 Overview\", rate limits: adjusted all the time, no number; 120 events a minute and \
         integration key is what its support answers; \
         <https://developer.pagerduty.com/docs/events-api-v2/overview/#rate-limits>",
    ),
    // Datadog, "Rate limits": 250,000 events a minute for an organisation.
    row("datadog", Message, RECORD),
    row("nats", Message, RECORD),
    row("zulip", Message, CHAT).limited(
        200,
        MINUTE,
        "Zulip, \"REST API\", error handling: 200 requests a minute for a user as it is shipped; \
         <https://zulip.com/api/rest-error-handling>",
    ),
    row("otel", Message, RECORD),
    row("zoom", Message, CHAT),
    row("incident.io", Message, RECORD).limited(
        1_200,
        MINUTE,
        "incident.io, its own SDK's \"Rate limits\": 1,200 requests a minute for a key; <https://github.com/incident-io/sdk-rust>",
    ),
    // A status takes a read and a write.
    row("github", CommitStatus, RECORD).limited(
        2_500,
        HOUR,
        "GitHub, \"Rate limits for the REST API\": 5,000 requests an hour, and 900 points a minute, of which a status takes six; \
         <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>",
    ),
    row("githubdispatch", Message, RECORD).limited(
        1,
        SECOND,
        "GitHub, \"Best practices for using the REST API\", pause between mutative requests: a second at least; \
         <https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api>",
    ),
    row("githubpullrequestcomment", ChangeRequest, RECORD).limited(
        500,
        HOUR,
        "GitHub, \"Rate limits for the REST API\", secondary limits: 80 requests that make content a minute, 500 an hour; \
         <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>",
    ),
    row("gitlab", CommitStatus, RECORD).limited(
        2_500,
        HOUR,
        "GitLab.com, \"Rate limits\": 5,000 requests an hour on the smallest plan, of which a status takes two; \
         <https://docs.gitlab.com/user/gitlab_com/rate_limits/>",
    ),
    row("gitlabmergerequestcomment", ChangeRequest, RECORD).limited(
        60,
        MINUTE,
        "GitLab, \"Rate limits on note creation\": 300 a minute for a user as it is shipped; GitLab.com takes fewer, and no number \
         was found, so 60; \
         <https://docs.gitlab.com/administration/settings/rate_limit_on_notes_creation/>",
    ),
    row("gitea", CommitStatus, RECORD),
    row("giteapullrequestcomment", ChangeRequest, RECORD),
    row("bitbucketserver", CommitStatus, RECORD),
    row("bitbucket", CommitStatus, RECORD).limited(
        500,
        HOUR,
        "Bitbucket Cloud, \"API request limits\": 1,000 requests an hour to `/2.0/repositories/*`, of which a status takes two; \
         <https://support.atlassian.com/bitbucket-cloud/docs/api-request-limits/>",
    ),
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

    /// Where [`rate`](Self::rate) is published, in words and with a link in angle brackets; empty where there is none.
    pub fn rate_source(self) -> &'static str {
        self.0.source
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
    fn every_limit_says_where_it_is_published() {
        for kind in ProviderType::all() {
            let is_cited = kind.rate_source().contains("<https://");
            assert_eq!(kind.rate().is_some(), is_cited, "{kind:?}: {}", kind.rate_source());
        }
    }

    #[test]
    fn slack_gets_less_than_a_message_a_second_and_a_webhook_of_ones_own_what_it_can_take() {
        let rate = |name| ProviderType::named(name).and_then(ProviderType::rate).map(Rate::spacing);
        assert_eq!(rate("slack"), Some(Duration::from_millis(1100)));
        assert_eq!(rate("generic"), None);
    }
}
