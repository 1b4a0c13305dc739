//! The emoji before the text of a chat message.

use campanile_domain::Notification;

/// What tells errors from other notifications at first sight: on Telegram, Lark and Matrix.
pub(crate) fn emoji(notification: &Notification<'_>) -> char {
    if notification.is_error() { '🚨' } else { '💫' }
}
