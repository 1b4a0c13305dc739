//! Probes (contract, control plane 9.1).

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig, get};
use campanile_watcher::GetWatcherSnapshot;

use super::View;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.route("/healthz", get().to(healthz)).route("/readyz", get().to(readyz));
}

/// The process is alive: it answers.
async fn healthz() -> HttpResponse {
    HttpResponse::Ok().body("ok")
}

/// The listeners are up (they were bound before this one answers) and the manifests are loaded.
async fn readyz(view: Data<View>) -> HttpResponse {
    match view.links.watcher_snapshot.ask(GetWatcherSnapshot).await {
        Ok(snapshot) if snapshot.loaded => HttpResponse::Ok().body("ok"),
        Ok(_) => HttpResponse::ServiceUnavailable().body("manifests: not loaded yet"),
        Err(_) => HttpResponse::ServiceUnavailable().body("watcher: not running"),
    }
}
