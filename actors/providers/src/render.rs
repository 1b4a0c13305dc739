//! Rendering that types share: foreign text made safe and cut to what a destination takes, and the forms of messages that
//! more than one destination knows.

pub(crate) mod cut;
mod emoji;
pub(crate) mod event_body;
pub(crate) mod event_time;
pub(crate) mod markdown_post;
pub(crate) mod slack_message;

pub(crate) use emoji::emoji;
