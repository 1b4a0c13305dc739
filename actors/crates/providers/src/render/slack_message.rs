//! Slack's message with one attachment, which Discord and Rocket.Chat take too (contract, providers 23.3, 23.4, 23.6).

use std::borrow::Cow;

use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct SlackMessage<'a> {
    pub(crate) channel: &'a str,
    /// None where an empty name is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<Cow<'a, str>>,
    pub(crate) icon_url: &'static str,
    pub(crate) icon_emoji: &'static str,
    pub(crate) attachments: [Attachment<'a>; 1],
}

#[derive(Serialize)]
pub(crate) struct Attachment<'a> {
    pub(crate) fallback: Cow<'a, str>,
    pub(crate) color: &'static str,
    pub(crate) author_name: Cow<'a, str>,
    pub(crate) text: Cow<'a, str>,
    pub(crate) mrkdwn_in: [&'static str; 1],
    pub(crate) fields: Vec<SlackField<'a>>,
}

#[derive(Serialize)]
pub(crate) struct SlackField<'a> {
    pub(crate) title: Cow<'a, str>,
    pub(crate) value: Cow<'a, str>,
    pub(crate) short: bool,
}
