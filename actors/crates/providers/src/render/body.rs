//! The parts of a message that grow with its notification, within the limits of a destination.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use campanile_domain::{Fact, Notification};

use super::Style;
use super::markup::ZERO_WIDTH;

/// The limits of a message, in units of its [`Style`].
#[derive(Clone, Copy)]
pub(crate) struct MessageLimits {
    /// The most for text and entries together.
    pub(crate) total: usize,
    /// The most for the notification's text.
    pub(crate) text: usize,
    /// What a long message leaves to the entries, if they need it. Less than `total`.
    pub(crate) share: usize,
    /// The most entries of a message.
    pub(crate) count: usize,
    /// The most for one key.
    pub(crate) key: usize,
    /// The most for one value.
    pub(crate) value: usize,
    /// What an entry takes beside its key and value.
    pub(crate) overhead: usize,
}

/// The key of a fact and its value, ready to be shown.
pub(crate) type FactEntry<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The parts of a message that grow with the notification.
pub(crate) struct MessageBody<'a> {
    /// The text of the notification, escaped.
    pub(crate) text: Cow<'a, str>,
    /// Facts in the order given; the last one tells how many are left out, if any are.
    pub(crate) entries: Vec<FactEntry<'a>>,
}

/// Facts that may be shown if there is room.
struct Selected<'a> {
    entries: Vec<FactEntry<'a>>,
    /// The width that they take together.
    width: usize,
    /// How many were not looked at.
    beyond: usize,
}

/// The key of the entry that stands for the ones left out.
const ELLIPSIS: &str = "…";

/// The same where keys must be made of letters.
const PLAIN_ELLIPSIS: &str = "metadata_left_out";

/// Room for the entry that stands for the ones left out.
const LEFT_OUT: usize = 40;

/// Some destinations refuse a message for an empty text in it.
pub(crate) fn or_blank(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.is_empty() { Cow::Borrowed(ZERO_WIDTH) } else { text }
}

/// `entries` for a place whose keys must be made of letters: the one that stands for others is called by a word.
pub(crate) fn with_plain_keys(mut entries: Vec<FactEntry<'_>>) -> Vec<FactEntry<'_>> {
    if let Some((key, _)) = entries.last_mut().filter(|(key, _)| key == ELLIPSIS) {
        *key = Cow::Borrowed(PLAIN_ELLIPSIS);
    }
    entries
}

impl Style {
    /// The title of `notification`, escaped and within `limit`.
    pub(crate) fn title(&self, notification: &Notification<'_>, limit: usize) -> String {
        self.fit_owned(notification.title(), limit)
    }

    /// The text of `notification` and `facts`, a selection of its own, within `limits`.
    ///
    /// Facts that the Alert itself adds were written by who runs the Provider: their markup and mentions work, unless they
    /// have to be cut.
    pub(crate) fn body<'a>(
        &self,
        notification: &'a Notification<'_>,
        facts: impl Iterator<Item = Fact<'a>>,
        limits: &MessageLimits,
    ) -> MessageBody<'a> {
        let value = |fact: Fact<'a>| self.value(fact, limits.value);
        self.body_of(notification, self.select(facts, value, limits), limits)
    }

    /// As [`Style::body`], but what the Alert adds is escaped too: for places that refuse a text which is no sound markup.
    pub(crate) fn escaped_body<'a>(
        &self,
        notification: &'a Notification<'_>,
        facts: impl Iterator<Item = Fact<'a>>,
        limits: &MessageLimits,
    ) -> MessageBody<'a> {
        let value = |fact: Fact<'a>| self.fit(fact.value, limits.value);
        self.body_of(notification, self.select(facts, value, limits), limits)
    }

    /// The entries of [`Style::escaped_body`] where the text has a place of its own: they have all of `limits.total`.
    pub(crate) fn entries<'a>(
        &self,
        facts: impl Iterator<Item = Fact<'a>>,
        limits: &MessageLimits,
    ) -> Vec<FactEntry<'a>> {
        let value = |fact: Fact<'a>| self.fit(fact.value, limits.value);
        self.within(self.select(facts, value, limits), limits.total, limits)
    }

    fn select<'a>(
        &self,
        mut facts: impl Iterator<Item = Fact<'a>>,
        value: impl Fn(Fact<'a>) -> Cow<'a, str>,
        limits: &MessageLimits,
    ) -> Selected<'a> {
        let entry = |fact: Fact<'a>| (self.fit(fact.key, limits.key), value(fact));
        let entries: Vec<FactEntry<'a>> = facts.by_ref().take(limits.count).map(entry).collect();
        let width = entries.iter().map(|entry| self.entry_width(entry, limits)).sum();
        Selected { entries, width, beyond: facts.count() }
    }

    fn body_of<'a>(
        &self,
        notification: &'a Notification<'_>,
        selected: Selected<'a>,
        limits: &MessageLimits,
    ) -> MessageBody<'a> {
        let most = limits.text.min(limits.total - selected.width.min(limits.share));
        let text = self.fit(notification.text(), most);
        let room = limits.total.saturating_sub(self.measure(&text));
        MessageBody { text, entries: self.within(selected, room, limits) }
    }

    fn within<'a>(&self, selected: Selected<'a>, room: usize, limits: &MessageLimits) -> Vec<FactEntry<'a>> {
        let Selected { entries, width, beyond } = selected;
        if width <= room && beyond == 0 { entries } else { self.shortened(entries, beyond, room, limits) }
    }

    fn value<'a>(&self, fact: Fact<'a>, limit: usize) -> Cow<'a, str> {
        if !fact.is_from_event() && self.is_within(fact.value, limit) {
            Cow::Borrowed(fact.value)
        } else {
            self.fit(fact.value, limit)
        }
    }

    fn entry_width(&self, (key, value): &FactEntry<'_>, limits: &MessageLimits) -> usize {
        self.measure(key) + self.measure(value) + limits.overhead
    }

    /// The first of `entries`, as many as fit into `room`, and one more that counts the others and those `beyond`.
    fn shortened<'a>(
        &self,
        mut entries: Vec<FactEntry<'a>>,
        beyond: usize,
        room: usize,
        limits: &MessageLimits,
    ) -> Vec<FactEntry<'a>> {
        let last = limits.count.saturating_sub(1);
        let mut left = room.saturating_sub(LEFT_OUT + limits.overhead);
        let fits = |entry: &&FactEntry<'_>| match left.checked_sub(self.entry_width(entry, limits)) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        };
        let kept = entries.iter().take(last).take_while(fits).count();
        let missing = entries.len() - kept + beyond;
        entries.truncate(kept);
        entries.push((Cow::Borrowed(ELLIPSIS), Cow::Owned(format!("{missing} more left out"))));
        entries
    }
}
