//! Access to the operations API: for whoever calls it by a name of this machine, and for no page of somebody else in a browser.

use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::HOST;
use actix_web::middleware::Next;
use actix_web::web::Data;
use campanile_intake::{ServerConnection, host_name, is_foreign, is_loopback};

use super::View;
use super::error::ApiError;

/// Refuses a request with a foreign `Host` or `Origin`.
pub(super) async fn check(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    if let Some(refusal) = refusal(&request) {
        return Err(ApiError::new(StatusCode::FORBIDDEN, refusal).into());
    }
    next.call(request).await
}

fn refusal(request: &ServiceRequest) -> Option<String> {
    if is_foreign(request.headers()) {
        return Some(
            "use the operations API: a page of another place asks; use a command or curl".to_owned(),
        );
    }
    // One that names no host is no browser.
    let host = request.headers().get(HOST)?;
    let name = host_name(host.to_str().unwrap_or_default());
    let own = request.conn_data::<Arc<ServerConnection>>().and_then(|connection| connection.local);
    let own = own.map(|socket| socket.ip().to_canonical());
    let hosts = request.app_data::<Data<View>>().map(|view| view.admin_hosts.clone()).unwrap_or_default();
    let is_own = is_loopback(name)
        || name.parse().is_ok_and(|address: std::net::IpAddr| own == Some(address))
        || hosts.iter().any(|known| known.eq_ignore_ascii_case(name));
    (!is_own).then(|| {
        format!(
            "use the operations API as '{name}': it is no name of this machine; allow it with --admin-hosts"
        )
    })
}
