//! `msteams`: a card in Microsoft Teams, through a webhook of Workflows or the retired Office 365 connector (contract,
//! providers 23.5).
//!
//! The payloads are the contract's within the size that Teams takes. If Teams finds one too large all the same, the same
//! exchange sends it once more at half the size, so that no notification is lost to its length. Links in foreign text show
//! where they lead, and HTML in it shows as text; its bold and italics stay, since Teams' clients do not agree on how to
//! escape them.

mod adaptive;
mod answer;
mod connector;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use campanile_domain::{Failure, Notification};

use crate::exchange::second_try::SecondTry;
use crate::render::Limits;
use crate::sample::{Limit, Markup, Sample};
use crate::webhook::{Target, json_headers};
use crate::{ConfigError, Exchange, Provider, Settings};

/// The longest body, in bytes (Teams, "Create Incoming Webhooks", note: 28 KB,
/// <https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook>; Workflows take
/// the same). The page leaves open which KB these are: the smaller are kept to.
const LONGEST_BODY: usize = 28_000;

/// The body that is tried where that was too large: services that count two bytes a character take this.
const SECOND_TRY: usize = 13_500;

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
        target: Target { url, judge: answer::judge, masker: settings.masker.clone() },
    }))
}

/// Renders a notification as a card within limits.
type Render = fn(&Notification<'_>, &Limits) -> Result<Bytes, Failure>;

struct MsTeams {
    target: Target,
    render: Render,
}

impl Provider for MsTeams {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        let body = (self.render)(notification, &limits(LONGEST_BODY))?;
        if body.len() <= SECOND_TRY {
            return Ok(self.target.post(json_headers(0), body));
        }
        let second = (self.render)(notification, &limits(SECOND_TRY))?;
        let post = |body| self.target.post(json_headers(0), body);
        Ok(SecondTry::boxed(post(body), post(second), answer::is_too_large))
    }
}

fn limits(body: usize) -> Limits {
    let total = body - FRAME - 2 * LONGEST_NAME;
    Limits { total, text: total, share: total / 2, count: 100, key: 300, value: 2_000, overhead: 30 }
}

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample::webhook(
    Markup::Forbids(&["<at>", "](https:"]),
    &[Limit::body(
        "request",
        28_000,
        "[Create Incoming Webhooks](https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook)",
    )],
);
