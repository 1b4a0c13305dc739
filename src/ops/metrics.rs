//! Metrics for Prometheus, made from the state of the actors when they are asked for (contract, control plane 9.2).
//!
//! Label sets are bounded by tables and by the objects of the cluster. Labels that name objects can be turned off; then
//! sums take their place.

mod cluster;
mod delivery;
mod http;
mod objects;
mod outbox;
mod page;
mod process;
mod senders;
mod sockets;
#[cfg(test)]
mod tests;
mod token_cache;

use actix_web::http::header::ACCEPT;
use actix_web::web::{Data, ServiceConfig, get};
use actix_web::{HttpRequest, HttpResponse};
use campanile_delivery::{GetTallies, TallyRow};
use campanile_protocol::{GetObjects, ObjectTable};
use campanile_supervision::End;
use campanile_watcher::ReconcileCounts;

use super::{ActorSnapshots, View, health};
use crate::app::LEASE;
use campanile_logging as logging;
use outbox::Ages;
use page::{FamilyType, MetricsPage, TextFormat};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.route("/metrics", get().to(metrics));
}

async fn metrics(view: Data<View>, request: HttpRequest) -> HttpResponse {
    let accept = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let format = TextFormat::wanted(accept);
    let page = Sources::of(&view).await.page(format);
    HttpResponse::Ok().content_type(format.content_type()).body(page)
}

/// All that the page shows.
struct Sources {
    state: ActorSnapshots,
    tallies: Vec<TallyRow>,
    /// None if nothing may be labelled by object.
    objects: Option<ObjectTable>,
    ages: Ages,
    checks: Vec<(&'static str, bool)>,
    leads: Option<bool>,
    /// Counts of reconciles; none without a cluster.
    reconciles: Option<Vec<ReconcileCounts>>,
    process: process::Process,
}

impl Sources {
    async fn of(view: &View) -> Self {
        let state = ActorSnapshots::of(view).await;
        let objects = match view.metrics_per_object {
            true => Some(view.links.objects.ask(GetObjects).await.unwrap_or_default()),
            false => None,
        };
        Self {
            tallies: view.links.tallies.ask(GetTallies).await.unwrap_or_default(),
            ages: Ages::of(view, &state.outbox, objects.is_some()).await,
            checks: health::verdicts(view).await,
            leads: view.leadership.leads(),
            reconciles: view.meters.as_ref().map(|meters| meters.reconciles.counts()),
            process: process::Process::now(view.started),
            state,
            objects,
        }
    }

    fn page(&self, format: TextFormat) -> String {
        let mut page = MetricsPage::new(format);
        if let Some(intake) = &self.state.intake {
            http::write(&mut page, &http::EVENTS, &intake.requests, &intake.open_by_path);
        }
        if let Some(webhooks) = &self.state.webhooks {
            http::write(&mut page, &http::WEBHOOKS, &webhooks.requests, &webhooks.open_by_path);
        }
        if let Some(postponer) = &self.state.postponer {
            cluster::postponed(&mut page, postponer);
        }
        delivery::write(&mut page, &self.tallies, self.state.delivery.as_ref(), self.objects.is_some());
        outbox::write(&mut page, &self.state.outbox, &self.ages, self.objects.is_some());
        if let Some(objects) = &self.objects {
            objects::write(&mut page, objects);
        }
        if let Some(cache) = &self.state.token_cache {
            token_cache::write(&mut page, cache, self.objects.is_some());
        }
        if let Some(requests) = &self.state.api_requests {
            cluster::requests(&mut page, requests);
        }
        if let Some(reconciles) = &self.reconciles {
            cluster::reconciles(&mut page, reconciles);
            cluster::queues(&mut page, reconciles, self.state.status_writer.as_ref());
        }
        sockets::write(&mut page, &self.state.sockets);
        self.events(&mut page);
        self.health(&mut page);
        self.process.write(&mut page);
        page.end()
    }

    /// What became of events before there was a delivery.
    fn events(&self, page: &mut MetricsPage) {
        if let Some(router) = &self.state.router {
            let events = [
                ("selected", router.events.selected),
                ("discarded", router.events.discarded),
                ("deferred", router.events.deferred),
                ("set-aside", router.events.set_aside),
            ];
            page.family(
                "campanile_events_total",
                FamilyType::Counter,
                "Events by what the Alerts made of them.",
            );
            for (result, count) in events {
                page.sample(&[("result", result)], count);
            }
            let help = "Events some of whose patterns or expressions were left to the threads for dear ones.";
            page.family("campanile_matched_elsewhere_total", FamilyType::Counter, help);
            page.sample(&[], router.matched_elsewhere);
            let help = "Notifications that an Alert asked for and that were not planned, by reason.";
            page.family("campanile_dropped_notifications_total", FamilyType::Counter, help);
            for (reason, count) in &router.drops {
                page.sample(&[("reason", reason)], *count);
            }
        }
        if let Some(intake) = &self.state.intake {
            page.family(
                "campanile_refused_requests_total",
                FamilyType::Counter,
                "Requests not taken, by reason.",
            );
            page.sample(&[("reason", "duplicate")], intake.duplicates);
            for (reason, count) in &intake.refused {
                page.sample(&[("reason", reason)], *count);
            }
            if let Some(senders) = &intake.senders {
                senders::write(page, senders);
            }
            let help = "Events whose unknown fields were dropped, because they take too many bytes.";
            page.family("campanile_unknown_fields_dropped_total", FamilyType::Counter, help);
            page.sample(&[], intake.dropped_fields);
        }
    }

    fn health(&self, page: &mut MetricsPage) {
        page.family(
            "campanile_check",
            FamilyType::Gauge,
            "1 while a check of /readyz?verbose passes, else 0.",
        );
        for (check, passes) in &self.checks {
            page.sample(&[("check", check)], u64::from(*passes));
        }
        if let Some(leads) = self.leads {
            let help = "1 if this replica leads, so that it writes status.";
            page.family("leader_election_master_status", FamilyType::Gauge, help);
            page.sample(&[("name", LEASE)], u64::from(leads));
        }
        page.family("campanile_actor_restarts_total", FamilyType::Counter, "Restarts of a supervised actor.");
        for actor in &self.state.actors {
            page.sample(&[("actor", actor.name)], actor.restarts);
        }
        let help = "Restarts because an actor did not answer.";
        page.family("campanile_actor_stalls_total", FamilyType::Counter, help);
        for actor in &self.state.actors {
            page.sample(&[("actor", actor.name)], actor.stalls);
        }
        let help = "Ends of a supervised actor, by what it came to.";
        page.family("campanile_actor_ends_total", FamilyType::Counter, help);
        for actor in &self.state.actors {
            for end in End::ALL {
                page.sample(&[("actor", actor.name), ("end", end.label())], actor.ends.of(end));
            }
        }
        if let Some(watcher) = &self.state.watcher {
            page.family(
                "campanile_objects",
                FamilyType::Gauge,
                "Objects in force, and those that cannot be used.",
            );
            let objects = [
                ("Alert", watcher.alerts),
                ("Provider", watcher.providers),
                ("Receiver", watcher.receivers),
                ("problem", watcher.problems),
            ];
            for (kind, count) in objects {
                page.sample(&[("kind", kind)], count as u64);
            }
        }
        let lines = logging::counts();
        let lines = [("written", lines.written), ("sampled", lines.sampled), ("dropped", lines.dropped)];
        page.family("campanile_log_lines_total", FamilyType::Counter, "Log lines by what became of them.");
        for (result, count) in lines {
            page.sample(&[("result", result)], count);
        }
        page.family("campanile_build_info", FamilyType::Gauge, "The version, always 1.");
        page.sample(&[("version", env!("CARGO_PKG_VERSION"))], 1_u64);
    }
}
