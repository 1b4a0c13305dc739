//! The destination of the notifications.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use http_body_util::{BodyExt, Collected, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::RETRY_AFTER;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::args::Mode;
use crate::ledger::{Ledger, Port};

/// Opens the port, once it is no longer down, and serves it as its mode says.
pub(crate) async fn serve(ledger: Arc<Ledger>, port: Arc<Port>, delay: Duration) -> io::Result<()> {
    if let Mode::Down(seconds) = port.mode {
        let left = seconds - ledger.start.elapsed().as_secs_f64();
        tokio::time::sleep(Duration::from_secs_f64(left.max(0.0))).await;
    }
    let listener = listen(port.number)?;
    let mut held = Vec::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        port.connections.fetch_add(1, Relaxed);
        if matches!(port.mode, Mode::BlackHole) {
            held.push(stream);
        } else {
            tokio::spawn(converse(stream, ledger.clone(), port.clone(), delay));
        }
    }
}

fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(([127, 0, 0, 1], port).into())?;
    socket.listen(8192)
}

/// One connection; one that breaks is the client's affair.
async fn converse(stream: TcpStream, ledger: Arc<Ledger>, port: Arc<Port>, delay: Duration) {
    stream.set_nodelay(true).ok();
    let service =
        hyper::service::service_fn(move |request| receive(ledger.clone(), port.clone(), delay, request));
    let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
    server.serve_connection(TokioIo::new(stream), service).await.ok();
}

async fn receive(
    ledger: Arc<Ledger>,
    port: Arc<Port>,
    delay: Duration,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.map(Collected::to_bytes).unwrap_or_default();
    let now = ledger.micros();
    if let Mode::Status { code, seconds, retry_after } = port.mode
        && now < (seconds * 1e6) as u64
    {
        port.refused.fetch_add(1, Relaxed);
        return Ok(refusal(code, retry_after));
    }
    ledger.arrived(&port, &body, now);
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    Ok(Response::new(Full::new(Bytes::from_static(b"{\"ok\":true}"))))
}

fn refusal(code: u16, retry_after: Option<u64>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(b"{}")));
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}
