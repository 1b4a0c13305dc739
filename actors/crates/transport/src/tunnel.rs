//! Tunnels through proxies: CONNECT (RFC 9110, section 9.3.6) and SOCKS 5 (RFC 1928, RFC 1929).

use campanile_domain::Proxy;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_socks::tcp::Socks5Stream;

use crate::answer::read_head;
use crate::limits::MAX_PROXY_HEAD;
use crate::link::ByteStream;
use crate::routes::proxy_authorization;
use crate::{Endpoint, ProxyError, USER_AGENT};

/// Has the HTTP proxy at the other end of `stream` connect it to `target`.
///
/// # Errors
/// [`ProxyError::Refused`] for any status but 2xx; [`ProxyError::Garbled`] for what is not an answer.
pub(crate) async fn connect(
    stream: &mut ByteStream,
    target: &Endpoint,
    proxy: &Proxy,
) -> Result<(), ProxyError> {
    let login = proxy_authorization(proxy).map(|value| format!("Proxy-Authorization: {value}\r\n"));
    let login = login.unwrap_or_default();
    let request =
        format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: {USER_AGENT}\r\n{login}\r\n");
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    // What follows the head belongs to the tunnel.
    let answer = read_head(stream, MAX_PROXY_HEAD).await?.map_err(|_| ProxyError::Garbled)?;
    if answer.status.is_success() {
        return Ok(());
    }
    Err(ProxyError::Refused { status: answer.status.as_u16() })
}

/// Has the SOCKS 5 proxy at the other end of `stream` connect it to `target`, whose name it resolves itself.
///
/// # Errors
/// [`ProxyError::Socks`] with what the proxy said.
pub(crate) async fn socks(
    stream: TcpStream,
    target: &Endpoint,
    proxy: &Proxy,
) -> Result<TcpStream, ProxyError> {
    let to = (target.host(), target.port());
    let connected = match &proxy.username {
        Some(user) => {
            let password = proxy.password.as_deref().unwrap_or_default();
            Socks5Stream::connect_with_password_and_socket(stream, to, user, password).await
        }
        None => Socks5Stream::connect_with_socket(stream, to).await,
    };
    connected.map(Socks5Stream::into_inner).map_err(ProxyError::Socks)
}
