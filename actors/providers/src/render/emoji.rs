//! The emoji before the text of a chat message.

use campanile_domain::Event;

/// What tells errors from other events at first sight: on Telegram, Lark and Matrix.
pub(crate) fn emoji(event: &Event) -> char {
    if event.is_error() { '🚨' } else { '💫' }
}
