//! Probes (contract, control plane 9.1).
//!
//! Both say `ok` once the process serves: its listeners were bound before this one answers. Whether objects are loaded,
//! the outbox can be written and the Lease is held are checks with names, which `?verbose` shows beside `ping` and which
//! can be asked for by name. They do not make the process unready: without them it still takes webhooks in, and stores
//! events or says that it cannot.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query, ServiceConfig, to};
use campanile_router::RouterPhase;
use campanile_supervision::GetSnapshot;

use super::View;

/// How long an actor may take to say how it stands.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) fn routes(config: &mut ServiceConfig) {
    for path in ["/healthz", "/healthz/"] {
        config.route(path, to(healthz));
    }
    for path in ["/readyz", "/readyz/"] {
        config.route(path, to(readyz));
    }
    config.route("/healthz/{check}", to(healthz_check)).route("/readyz/{check}", to(readyz_check));
}

/// One thing that was looked at.
struct Check {
    name: &'static str,
    /// What is well, for those who asked, or what is not.
    found: Result<&'static str, String>,
}

/// The one check that counts: an answer is the proof.
const PING: Check = Check { name: "ping", found: Ok("") };

/// The query as it was sent: names may repeat, and most have no value.
type Wishes = Query<Vec<(String, String)>>;

async fn healthz(wishes: Wishes) -> HttpResponse {
    summary(&wishes, || async { vec![PING] }).await
}

async fn readyz(wishes: Wishes, view: Data<View>) -> HttpResponse {
    summary(&wishes, || all(&view)).await
}

async fn healthz_check(name: Path<String>) -> HttpResponse {
    single(&name, &[PING])
}

async fn readyz_check(name: Path<String>, view: Data<View>) -> HttpResponse {
    single(&name, &if *name == PING.name { vec![PING] } else { all(&view).await })
}

async fn summary(wishes: &Wishes, checks: impl AsyncFn() -> Vec<Check>) -> HttpResponse {
    let has = |wish: &str| wishes.iter().any(|(name, _)| name == wish);
    if !has("verbose") {
        return HttpResponse::Ok().body("ok");
    }
    let excluded =
        |check: &Check| wishes.iter().any(|(name, value)| name == "exclude" && value == check.name);
    let mut page = String::new();
    for check in checks().await {
        page += &match &check.found {
            _ if excluded(&check) => format!("[+]{} excluded: ok\n", check.name),
            Ok("") => format!("[+]{} ok\n", check.name),
            Ok(what) => format!("[+]{} ok: {what}\n", check.name),
            Err(why) => format!("[-]{} failed: {why} (does not count)\n", check.name),
        };
    }
    HttpResponse::Ok().body(page + "healthz check passed\n")
}

fn single(name: &str, checks: &[Check]) -> HttpResponse {
    match checks.iter().find(|check| check.name == name).map(|check| &check.found) {
        Some(Ok(_)) => HttpResponse::Ok().body("ok"),
        Some(Err(why)) => HttpResponse::InternalServerError().body(format!("{name}: {why}\n")),
        None => HttpResponse::NotFound().body("404 page not found\n"),
    }
}

async fn all(view: &View) -> Vec<Check> {
    let mut checks = vec![
        PING,
        Check { name: "snapshots", found: snapshots(view).await },
        Check { name: "objects", found: objects(view).await },
        Check { name: "outbox", found: view.outbox.stats().trouble.map_or(Ok(""), Err) },
        Check { name: "intake", found: intake(view).await },
    ];
    // Only where there is one, in a cluster that has its webhooks served.
    if view.links.postponer_snapshot.recipient().is_some() {
        checks.push(Check { name: "reconciles", found: reconciles(view).await });
    }
    if let Some(leads) = view.leadership.leads() {
        let found = Ok(if leads { "this replica writes status" } else { "another replica writes status" });
        checks.push(Check { name: "lease", found });
    }
    checks
}

/// The names of all checks, and whether they pass, for metrics.
pub(super) async fn verdicts(view: &View) -> Vec<(&'static str, bool)> {
    all(view).await.iter().map(|check| (check.name, check.found.is_ok())).collect()
}

/// Whether Alerts and Providers are known, so that events are planned as they come.
async fn snapshots(view: &View) -> Result<&'static str, String> {
    let watcher = tokio::time::timeout(PATIENCE, view.links.watcher_snapshot.ask(GetSnapshot::new()));
    let router = tokio::time::timeout(PATIENCE, view.links.router_snapshot.ask(GetSnapshot::new()));
    match (watcher.await, router.await) {
        (Ok(Ok(watcher)), Ok(Ok(router))) => match router.phase {
            _ if !watcher.loaded => Err("the objects are not loaded yet, events are stored".to_owned()),
            RouterPhase::Loading => Err("the router has no objects yet, events are stored".to_owned()),
            RouterPhase::CatchingUp => Ok("planning what was stored meanwhile"),
            RouterPhase::Open => Ok(""),
        },
        (Err(_), _) | (_, Err(_)) => Err("an actor does not answer".to_owned()),
        _ => Err("an actor is being restarted".to_owned()),
    }
}

/// Whether the event endpoint has connections and memory for further requests.
async fn intake(view: &View) -> Result<&'static str, String> {
    match tokio::time::timeout(PATIENCE, view.links.intake_snapshot.ask(GetSnapshot::new())).await {
        Ok(Ok(intake)) if !intake.overloaded => Ok(""),
        Ok(Ok(intake)) => {
            let (connections, bytes) = (intake.connections, intake.open_body_bytes);
            Err(format!(
                "overloaded: the event endpoint has {connections} connections and {bytes} bytes of bodies under way, senders may get 503"
            ))
        }
        _ => Err("the event endpoint does not answer".to_owned()),
    }
}

/// Whether nothing that webhooks asked for waits for the API server.
async fn reconciles(view: &View) -> Result<&'static str, String> {
    match tokio::time::timeout(PATIENCE, view.links.postponer_snapshot.ask(GetSnapshot::new())).await {
        Ok(Ok(postponer)) if postponer.waiting == 0 => Ok(""),
        Ok(Ok(postponer)) => {
            let (count, why) = (postponer.waiting, postponer.last_error.unwrap_or_default());
            Err(format!("{count} requests to reconcile wait for the API server: {why}"))
        }
        _ => Err("the postponer does not answer".to_owned()),
    }
}

/// Whether every manifest and object can be used, and in a cluster the API server be reached.
async fn objects(view: &View) -> Result<&'static str, String> {
    match tokio::time::timeout(PATIENCE, view.links.watcher_snapshot.ask(GetSnapshot::new())).await {
        Ok(Ok(watcher)) if watcher.problems == 0 => Ok(""),
        Ok(Ok(watcher)) => {
            let count = watcher.problems;
            Err(format!("{count} cannot be used or read, `campanile get alerts` says which and why"))
        }
        _ => Err("the watcher does not answer".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;

    use super::*;

    async fn page(query: &str, checks: fn() -> Vec<Check>) -> (u16, String) {
        let wishes = Wishes::from_query(query).unwrap();
        let response = summary(&wishes, async || checks()).await;
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body()).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    fn full_disk() -> Vec<Check> {
        let found = Err("the outbox is full".to_owned());
        vec![PING, Check { name: "outbox", found }, Check { name: "lease", found: Ok("here") }]
    }

    #[actix_rt::test]
    async fn a_full_disk_shows_and_does_not_make_the_process_unready() {
        assert_eq!(page("", full_disk).await, (200, "ok".into()));
        let shown = "[+]ping ok\n[-]outbox failed: the outbox is full (does not count)\n[+]lease ok: here\nhealthz check passed\n";
        assert_eq!(page("verbose", full_disk).await, (200, shown.into()));
        assert_eq!(page("verbose=1", full_disk).await, (200, shown.into()));
        assert_eq!(single("outbox", &full_disk()).status(), 500);
    }

    #[actix_rt::test]
    async fn what_is_excluded_is_said_to_be() {
        let shown = "[+]ping excluded: ok\n[-]outbox failed: the outbox is full (does not count)\n[+]lease excluded: ok\nhealthz check passed\n";
        assert_eq!(page("exclude=ping&verbose&exclude=lease", full_disk).await, (200, shown.into()));
        assert_eq!(page("exclude=ping", full_disk).await, (200, "ok".into()));
    }
}
