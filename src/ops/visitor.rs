//! Who may use the operations API: whoever calls it by a name of this machine, and no page of somebody else in a browser.

use actix_web::body::MessageBody;
use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::HOST;
use actix_web::middleware::Next;
use actix_web::rt::net::TcpStream;
use actix_web::web::Data;
use campanile_intake::{host_name, is_foreign, is_loopback};

use super::View;
use super::error::ApiError;

/// The address by which a connection came.
struct Own(std::net::IpAddr);

/// Notes by which address a connection came.
pub(super) fn note_own_address(connection: &dyn std::any::Any, data: &mut Extensions) {
    let socket = connection.downcast_ref::<TcpStream>().and_then(|socket| socket.local_addr().ok());
    if let Some(socket) = socket {
        data.insert(Own(socket.ip().to_canonical()));
    }
}

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
    let own = request.conn_data::<Own>().map(|own| own.0);
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
