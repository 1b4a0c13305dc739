//! A message with one card of the first version of Google's cards.

use std::borrow::Cow;

use campanile_domain::Notification;
use serde::Serialize;

use super::{HEADING, LIMITS, PLAIN, STYLE};
use crate::render::{Body, Entry, or_blank};

#[derive(Serialize)]
pub(super) struct Message<'a> {
    cards: [Card<'a>; 1],
}

#[derive(Serialize)]
struct Card<'a> {
    header: Header<'a>,
    sections: Vec<Section<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Header<'a> {
    title: String,
    subtitle: Cow<'a, str>,
    image_url: Option<()>,
    image_style: Option<()>,
}

#[derive(Serialize)]
struct Section<'a> {
    header: &'static str,
    widgets: Vec<Widget<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Widget<'a> {
    text_paragraph: Option<TextParagraph<'a>>,
    key_value: Option<KeyValue<'a>>,
}

#[derive(Serialize)]
struct TextParagraph<'a> {
    text: Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyValue<'a> {
    top_label: Cow<'a, str>,
    content: Cow<'a, str>,
    content_multiline: bool,
    bottom_label: Option<()>,
    icon: Option<()>,
}

impl<'a> Message<'a> {
    pub(super) fn of(notification: &'a Notification<'_>) -> Self {
        let header = Header {
            title: PLAIN.title(notification, HEADING),
            subtitle: PLAIN.fit(notification.controller(), HEADING),
            image_url: None,
            image_style: None,
        };
        let Body { text, entries } = STYLE.body(notification, notification.facts(), &LIMITS);
        let text = if notification.is_error() {
            Cow::Owned(format!("<font color=\"#ff0000\">{text}</font>"))
        } else {
            text
        };
        let mut sections = vec![Section::of(vec![Widget::paragraph(text)])];
        if !entries.is_empty() {
            sections.push(Section::of(entries.into_iter().map(Widget::entry).collect()));
        }
        Self { cards: [Card { header, sections }] }
    }
}

impl<'a> Section<'a> {
    fn of(widgets: Vec<Widget<'a>>) -> Self {
        Self { header: "", widgets }
    }
}

impl<'a> Widget<'a> {
    fn paragraph(text: Cow<'a, str>) -> Self {
        Self { text_paragraph: Some(TextParagraph { text }), key_value: None }
    }

    fn entry((key, value): Entry<'a>) -> Self {
        let key_value = KeyValue {
            top_label: key,
            content: or_blank(value),
            content_multiline: false,
            bottom_label: None,
            icon: None,
        };
        Self { text_paragraph: None, key_value: Some(key_value) }
    }
}
