//! Tunnels through proxies: CONNECT (RFC 9110, section 9.3.6) and SOCKS 5 (RFC 1928, RFC 1929).

use campanile_domain::Proxy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_socks::tcp::Socks5Stream;

use crate::limits::MAX_PROXY_HEAD;
use crate::link::Link;
use crate::routes::proxy_authorization;
use crate::{Endpoint, ProxyError, USER_AGENT};

/// Has the HTTP proxy at the other end of `stream` connect it to `target`.
///
/// # Errors
/// [`ProxyError::Refused`] for any status but 2xx; [`ProxyError::Garbled`] for what is not an answer.
pub(crate) async fn connect(stream: &mut Link, target: &Endpoint, proxy: &Proxy) -> Result<(), ProxyError> {
    let login = proxy_authorization(proxy).map(|value| format!("Proxy-Authorization: {value}\r\n"));
    let login = login.unwrap_or_default();
    let request =
        format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: {USER_AGENT}\r\n{login}\r\n");
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    match read_status(stream).await? {
        200..=299 => Ok(()),
        status => Err(ProxyError::Refused { status }),
    }
}

/// Reads the head of an answer and not a byte more: what follows belongs to the tunnel.
async fn read_status(stream: &mut Link) -> Result<u16, ProxyError> {
    let mut head = Vec::with_capacity(256);
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= MAX_PROXY_HEAD {
            return Err(ProxyError::Garbled);
        }
        head.push(stream.read_u8().await?);
    }
    parse_status(&head).ok_or(ProxyError::Garbled)
}

fn parse_status(head: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(head.split(|byte| *byte == b'\r').next()?).ok()?;
    let status = line.strip_prefix("HTTP/1.")?.split(' ').nth(1)?;
    status.parse().ok().filter(|status| (200..600).contains(status))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_status_line_of_http_1_is_understood() {
        assert_eq!(parse_status(b"HTTP/1.1 200 Connection established\r\n\r\n"), Some(200));
        assert_eq!(parse_status(b"HTTP/1.0 407\r\nA: b\r\n\r\n"), Some(407));
        for nonsense in
            [&b"SSH-2.0-OpenSSH\r\n\r\n"[..], b"HTTP/1.1 99 x\r\n\r\n", b"HTTP/1.1\r\n\r\n", b"\xff"]
        {
            assert_eq!(parse_status(nonsense), None);
        }
    }
}
