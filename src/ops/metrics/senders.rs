//! Metrics of the verdicts on senders of events.

use campanile_intake::SendersSnapshot;

use super::page::{FamilyType, MetricsPage};

pub(super) fn write(page: &mut MetricsPage, senders: &SendersSnapshot) {
    let help = "Events by the verdict on their sender, refused requests included.";
    page.family("campanile_event_senders_total", FamilyType::Counter, help);
    for (verdict, count) in &senders.verdicts {
        page.sample(&[("verdict", verdict)], *count);
    }
    let help = "Tokens of senders: known, and being reviewed.";
    page.family("campanile_event_sender_tokens", FamilyType::Gauge, help);
    page.sample(&[("state", "known")], senders.known_tokens as u64);
    page.sample(&[("state", "open")], senders.open_reviews as u64);
}
