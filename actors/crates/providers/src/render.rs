//! Rendering that types share: foreign text made safe and cut to what a destination takes, and the forms of messages that
//! more than one destination knows.

mod body;
mod emoji;
pub(crate) mod event_body;
pub(crate) mod event_time;
pub(crate) mod markdown_post;
pub(crate) mod markup;
pub(crate) mod slack_message;
mod style;
mod width;

pub(crate) use body::{FactEntry, MessageBody, MessageLimits, or_blank, with_plain_keys};
pub(crate) use emoji::emoji;
pub(crate) use style::{Escape, MarkupContext, Style, is_unshowable};
pub(crate) use width::{bytes, characters, json_bytes};
