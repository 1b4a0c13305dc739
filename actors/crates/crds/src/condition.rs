//! Types, reasons and texts of status conditions (contract, control plane 3.1), and how long a message may be.

use std::borrow::Cow;

/// Whether the object is valid and its references resolve.
pub const READY: &str = "Ready";
/// Whether messages get through. Tools that wait for readiness ignore it.
pub const DELIVERING: &str = "Delivering";

/// The status of a condition that holds.
pub const TRUE: &str = "True";
/// The status of a condition that does not hold.
pub const FALSE: &str = "False";
/// The status of a condition that is not judged yet.
pub const UNKNOWN: &str = "Unknown";

/// The reason of a condition with which all is well.
pub const SUCCEEDED: &str = "Succeeded";
/// Reason: something outside the object is wrong.
pub const FAILED: &str = "Failed";
/// The reason of a condition that is not judged yet.
pub const PROGRESSING: &str = "Progressing";
/// Reason: something in the object or its Secrets is wrong.
pub const VALIDATION_FAILED: &str = "ValidationFailed";

/// Message of a sound object.
pub const INITIALIZED: &str = "Initialized";
/// Message of an object that was not judged yet.
pub const IN_PROGRESS: &str = "Reconciliation in progress";

/// Reason: messages have failed for longer than an attempt may take, and are tried again.
pub const RETRYING: &str = "Retrying";

/// Message of a Provider whose messages get through.
pub const NOTHING_IN_THE_WAY: &str = "nothing stands in the way of messages";
/// Message of a Provider of which nobody knows whether messages get through.
pub const NOTHING_DELIVERED_YET: &str = "nothing was delivered yet; `campanile send` tries it";

/// Words that most objects have in their status.
const COMMON: &[&str] = &[
    READY,
    DELIVERING,
    TRUE,
    FALSE,
    UNKNOWN,
    SUCCEEDED,
    FAILED,
    PROGRESSING,
    VALIDATION_FAILED,
    INITIALIZED,
    IN_PROGRESS,
    NOTHING_IN_THE_WAY,
    NOTHING_DELIVERED_YET,
];

/// The same text without memory of its own, where it is one that most objects have.
pub fn shared(text: Cow<'static, str>) -> Cow<'static, str> {
    COMMON.iter().find(|common| **common == text).map_or(text, |common| Cow::Borrowed(*common))
}

/// The longest message, in bytes.
const LONGEST_MESSAGE: usize = 32_768;

/// Cuts a message that is too long and marks the cut with three dots.
pub fn bounded_message(mut message: Cow<'static, str>) -> Cow<'static, str> {
    const DOTS: &str = "...";
    if message.len() > LONGEST_MESSAGE {
        let text = message.to_mut();
        text.truncate(text.floor_char_boundary(LONGEST_MESSAGE - DOTS.len()));
        text.push_str(DOTS);
    }
    message
}
