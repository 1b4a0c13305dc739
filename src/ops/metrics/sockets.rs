//! The sockets of deliveries.

use campanile_transport::SocketCounts;

use super::page::{FamilyType, MetricsPage};

pub(super) fn write(page: &mut MetricsPage, counts: &SocketCounts) {
    page.family("campanile_sockets", FamilyType::Gauge, "Sockets to destinations by state.");
    for (state, count) in [("busy", counts.busy), ("idle", counts.resting)] {
        page.sample(&[("state", state)], count as u64);
    }
    page.family(
        "campanile_sockets_limit",
        FamilyType::Gauge,
        "Sockets to all destinations that there may be.",
    );
    page.sample(&[], counts.most as u64);
    page.family("campanile_socket_waiting", FamilyType::Gauge, "Requests that wait for a socket.");
    page.sample(&[], counts.waiting as u64);
    let counters = [
        ("campanile_socket_waits_total", "Requests that had to wait for a socket.", counts.waited),
        ("campanile_sockets_evicted_total", "Idle sockets closed because others needed them.", counts.closed),
    ];
    for (name, help, count) in counters {
        page.family(name, FamilyType::Counter, help);
        page.sample(&[], count);
    }
}
