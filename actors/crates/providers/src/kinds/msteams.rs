//! `msteams`: a card in Microsoft Teams, through a webhook of Workflows or the retired Office 365 connector (contract,
//! providers 23.5).
//!
//! The payloads are the contract's within the size that Teams takes. Links in foreign text show where they lead, and HTML in
//! it shows as text; its bold and italics stay, since Teams' clients do not agree on how to escape them.

mod adaptive;
mod answer;
mod connector;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use campanile_domain::{Failure, Notification, Response};

use crate::render::MessageLimits;
use crate::sample::{Limit, Markup, Sample};
use crate::webhook::{WebhookTarget, json_headers};
use crate::{ConfigError, Exchange, Provider, Settings};

/// The longest body, in bytes (Teams, "Create Incoming Webhooks", note: 28 KB,
/// <https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook>; Workflows take
/// the same). The page leaves open which KB these are: the smaller are kept to.
const LONGEST_BODY: usize = 28_000;

/// What is in a body beside the texts.
const FRAME: usize = 600;

/// Longest name of an object, in bytes; the connector's card has it twice.
const LONGEST_NAME: usize = 800;

/// The host of the Office 365 connectors, without the tenant.
const CONNECTORS: &str = ".webhook.office.com";

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let url = settings.address.hook_url("MS Teams webhook URL")?;
    let is_connector = url.host().ends_with(CONNECTORS);
    Ok(Box::new(MsTeams {
        render: if is_connector { connector::render } else { adaptive::render },
        target: WebhookTarget { url, judge: answer::judge, masker: settings.masker.clone() },
    }))
}

/// Renders a notification as a card within limits.
type Render = fn(&Notification<'_>, &MessageLimits) -> Result<Bytes, Failure>;

struct MsTeams {
    target: WebhookTarget,
    render: Render,
}

impl Provider for MsTeams {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        Ok(self.target.post(json_headers(0), (self.render)(notification, &LIMITS)?))
    }

    fn is_too_long(&self, response: &Response) -> bool {
        answer::is_too_long(response)
    }
}

/// What is left for the texts.
const TEXTS: usize = LONGEST_BODY - FRAME - 2 * LONGEST_NAME;

const LIMITS: MessageLimits = MessageLimits {
    total: TEXTS,
    text: TEXTS,
    share: TEXTS / 2,
    count: 100,
    key: 300,
    value: 2_000,
    overhead: 30,
};

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    refusals: answer::REFUSALS,
    ..Sample::webhook(
        Markup::Forbids(&["<at>", "](https:"]),
        &[Limit::body(
            "request",
            28_000,
            "[Create Incoming Webhooks](https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook)",
        )],
    )
};
