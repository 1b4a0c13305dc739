//! The rows, one for each type, in the order in which users are told of them.
//!
//! A new type is a row here, `kinds/<module>.rs` in the crate of the providers and `docs/providers/<name>.md`. Everything
//! else that names it is written by tests (docs/architecture.md, "Provider types").

use std::time::Duration;

use super::KindVersion::{V1, V1beta2, V1beta3};
use super::ProviderClass::{ChangeRequest, CommitStatus, Generic, Message};
use super::{Row, row};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
/// A chat message that is an hour late only confuses.
const CHAT: Duration = HOUR;
const RECORD: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) static ROWS: &[Row] = &[
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
    row("googlepubsub", Message, RECORD).since(V1beta2),
    row("webex", Message, CHAT),
    row("sentry", Message, RECORD),
    row("azureeventhub", Message, RECORD).deprecating_token(),
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
    row("pagerduty", Message, RECORD).since(V1beta2).limited(
        120,
        MINUTE,
        "PagerDuty, \"Events API v2 Overview\", rate limits: adjusted all the time, no number; 120 events a minute and \
         integration key is what its support answers; \
         <https://developer.pagerduty.com/docs/events-api-v2/overview/#rate-limits>",
    ),
    // Datadog, "Rate limits": 250,000 events a minute for an organisation.
    row("datadog", Message, RECORD).since(V1beta2),
    row("nats", Message, RECORD).since(V1beta3),
    row("zulip", Message, CHAT).since(V1beta3).limited(
        200,
        MINUTE,
        "Zulip, \"REST API\", error handling: 200 requests a minute for a user as it is shipped; \
         <https://zulip.com/api/rest-error-handling>",
    ),
    row("otel", Message, RECORD).since(V1beta3),
    row("mastodon", Message, CHAT).since(V1).limited(
        300,
        Duration::from_secs(5 * 60),
        "Mastodon, \"Rate limits\", per account: 300 requests in five minutes as it is shipped; \
         <https://docs.joinmastodon.org/api/rate-limits/>",
    ),
    row("zoom", Message, CHAT).since(V1beta3),
    row("incident.io", Message, RECORD).since(V1beta3).limited(
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
    row("githubpullrequestcomment", ChangeRequest, RECORD).since(V1beta3).limited(
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
    row("gitlabmergerequestcomment", ChangeRequest, RECORD).since(V1beta3).limited(
        60,
        MINUTE,
        "GitLab, \"Rate limits on note creation\": 300 a minute for a user as it is shipped; GitLab.com takes fewer, and no number \
         was found, so 60; \
         <https://docs.gitlab.com/administration/settings/rate_limit_on_notes_creation/>",
    ),
    row("gitea", CommitStatus, RECORD).since(V1beta2).showing_progress(),
    row("giteapullrequestcomment", ChangeRequest, RECORD).since(V1beta3),
    row("bitbucketserver", CommitStatus, RECORD).since(V1beta2),
    row("bitbucket", CommitStatus, RECORD).limited(
        500,
        HOUR,
        "Bitbucket Cloud, \"API request limits\": 1,000 requests an hour to `/2.0/repositories/*`, of which a status takes two; \
         <https://support.atlassian.com/bitbucket-cloud/docs/api-request-limits/>",
    ),
    row("azuredevops", CommitStatus, RECORD),
];
