//! `googlechat`: a card in a space of Google Chat, through an incoming webhook (contract, providers 23.7).
//!
//! The payload is the contract's, with its FIX: what is HTML in foreign text is escaped where Chat would read it. A
//! header is plain text there and stays as it is.

mod answer;
mod card;
#[cfg(test)]
mod tests;

use campanile_domain::{Failure, Notification};

use crate::render::markup::{html, plain};
use crate::render::{Limits, Style, json_bytes};
use crate::sample::{Limit, Markup, Measure, Sample};
use crate::webhook::{Target, json_body, json_headers};
use crate::{ConfigError, Exchange, Provider, Settings};
use card::Message;

/// A message with its cards, in bytes (API reference, `spaces.messages.create`: 32,000 bytes,
/// <https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create>).
const LONGEST_MESSAGE: usize = 32_000;

/// What is in it beside the texts, the ends of a `font` included.
const FRAME: usize = 400;

/// Longest title or subtitle, in bytes. An object's name has half of it.
const HEADING: usize = 1_000;

/// Widgets of a section (Apps Script reference of the same cards, `CardSection.addWidget`: no more than 100,
/// <https://developers.google.com/apps-script/reference/card-service/card-section>).
const WIDGETS: usize = 100;

const LIMITS: Limits = Limits {
    total: LONGEST_MESSAGE - FRAME - 2 * HEADING,
    text: LONGEST_MESSAGE - FRAME - 2 * HEADING,
    share: 12_000,
    count: WIDGETS - 1,
    key: 300,
    value: 4_000,
    overhead: 130,
};

const STYLE: Style = Style { escape: html, width: json_bytes };
const PLAIN: Style = Style { escape: plain, width: json_bytes };

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let url = settings.address.hook_url("Google Chat hook URL")?;
    Ok(Box::new(GoogleChat { target: Target { url, judge: answer::judge, masker: settings.masker.clone() } }))
}

struct GoogleChat {
    target: Target,
}

impl Provider for GoogleChat {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        Ok(self.target.post(json_headers(0), json_body(&Message::of(notification))?))
    }
}

const CHAT: &str = "[`spaces.messages.create`](https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create)";
const CARDS: &str = "[`CardSection.addWidget`](https://developers.google.com/apps-script/reference/card-service/card-section)";

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    plain_places: &["/cards/0/header"],
    ..Sample::webhook(
        Markup::Forbids(&["<users/", "<a href", "<!"]),
        &[
            Limit::body("message with its card", 32_000, CHAT),
            Limit::of(
                "widgets of a section",
                Measure::MostItems("/cards/0/sections", "widgets"),
                100,
                "",
                CARDS,
            ),
        ],
    )
};
