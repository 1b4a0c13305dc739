//! Metrics in the text format of OpenMetrics, made from the state of the actors when they are asked for.
//!
//! Label sets are bounded: actors and results are few, and nothing is labelled by object.

use std::fmt;

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig, get};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, text};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::{State, View};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.route("/metrics", get().to(metrics));
}

async fn metrics(view: Data<View>) -> HttpResponse {
    let mut registry = Registry::with_prefix("campanile");
    registry.register_collector(Box::new(StateCollector(State::of(&view).await)));
    let mut page = String::new();
    match text::encode(&mut page, &registry) {
        Ok(()) => HttpResponse::Ok()
            .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
            .body(page),
        Err(error) => HttpResponse::InternalServerError().body(format!("failed to write metrics: {error}")),
    }
}

/// Hands the numbers of one state over to the registry.
#[derive(Debug)]
struct StateCollector(State);

impl Collector for StateCollector {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page(encoder);
        let state = &self.0;
        let restarts: Vec<_> = state.actors.iter().map(|actor| (actor.name, actor.restarts)).collect();
        page.counters("actor_restarts", "Restarts of a supervised actor.", "actor", &restarts)?;
        let stalls: Vec<_> = state.actors.iter().map(|actor| (actor.name, actor.stalls)).collect();
        page.counters("actor_stalls", "Restarts because an actor did not answer.", "actor", &stalls)?;
        let total = state.outbox.total;
        let stored = [("pending", total.pending), ("parked", total.parked), ("dead", total.dead)];
        page.gauges("outbox_deliveries", "Stored deliveries by state.", "state", &stored)?;
        page.gauge("outbox_bytes", "Bytes stored in the outbox.", state.outbox.bytes)?;
        page.gauge("outbox_unplanned_events", "Events that wait for Alerts.", state.outbox.unplanned)?;
        page.counter("outbox_damaged", "Records that could not be read.", state.outbox.damaged)?;
        page.counter("outbox_failed_writes", "Groups of writes that failed.", state.outbox.failed_writes)?;
        page.counter(
            "outbox_superseded",
            "Commit statuses that a newer one replaced.",
            state.outbox.superseded,
        )?;
        let Some(delivery) = &state.delivery else { return Ok(()) };
        let results = [
            ("delivered", delivery.delivered),
            ("retry", delivery.retries),
            ("parked", delivery.parked),
            ("dead", delivery.dead),
        ];
        page.counters("deliveries", "Tries by result.", "result", &results)?;
        page.counter("provider_actor_restarts", "Restarts of provider actors.", delivery.restarts)?;
        page.gauge("deliveries_in_flight", "Exchanges under way.", delivery.in_flight)?;
        page.counter("exchange_panics", "Exchanges that panicked.", delivery.panics)
    }
}

struct Page<'a>(DescriptorEncoder<'a>);

impl Page<'_> {
    fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let metric = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
        metric.encode(self.0.encode_descriptor(name, help, None, metric.metric_type())?)
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let metric = ConstCounter::new(value);
        metric.encode(self.0.encode_descriptor(name, help, None, metric.metric_type())?)
    }

    fn gauges(&mut self, name: &str, help: &str, label: &str, values: &[(&str, u64)]) -> fmt::Result {
        let metric = |value| ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
        let kind = metric(0).metric_type();
        family(self.0.encode_descriptor(name, help, None, kind)?, label, values, metric)
    }

    fn counters(&mut self, name: &str, help: &str, label: &str, values: &[(&str, u64)]) -> fmt::Result {
        let kind = ConstCounter::new(0_u64).metric_type();
        family(self.0.encode_descriptor(name, help, None, kind)?, label, values, ConstCounter::<u64>::new)
    }
}

/// One sample for each label value.
fn family<M: EncodeMetric>(
    mut encoder: MetricEncoder<'_>,
    label: &str,
    values: &[(&str, u64)],
    metric: impl Fn(u64) -> M,
) -> fmt::Result {
    for (name, value) in values {
        metric(*value).encode(encoder.encode_family(&[(label, *name)])?)?;
    }
    Ok(())
}
