//! Names of the outcomes of a Receiver's requests, as a status and a table show them.

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
