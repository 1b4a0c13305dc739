//! How the end of a request to a Receiver is called in a status and a table.

use campanile_protocol::WebhookVerdict;

/// As a status and a table say it.
pub(crate) fn name(verdict: WebhookVerdict) -> &'static str {
    match verdict {
        WebhookVerdict::Accepted => "accepted",
        WebhookVerdict::Postponed => "postponed",
        WebhookVerdict::Refused => "refused",
        WebhookVerdict::Failed => "failed",
    }
}
