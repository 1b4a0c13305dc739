//! Name lookup and TCP.
//!
//! The lookup asks the system's resolver on a blocking thread, as hosts files and search domains are its business, and
//! keeps the resolver's own error code: "no such name" and "ask again later" are different verdicts. Addresses are
//! tried in the resolver's order with families taking turns, the next one beside the last when that is slow.

use std::net::SocketAddr;

use actix_rt::task::spawn_blocking;
use actix_rt::time::sleep;
use dns_lookup::{AddrInfoHints, LookupError, LookupErrorKind, SockType, getaddrinfo};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpStream;

use crate::guard::is_private;
use crate::limits::{HEAD_START, MAX_ADDRESSES};
use crate::peer::Peer;
use crate::{AddressGuard, Endpoint, LookupFailure, TransportError};

/// A TCP connection to `at`, if `guard` lets it; `peer` learns what kind of address it has.
///
/// # Errors
/// [`TransportError::UnknownHost`], [`TransportError::Lookup`], [`TransportError::Denied`] or
/// [`TransportError::Connect`]. Bounded in time by its caller.
pub(crate) async fn dial(
    at: &Endpoint,
    guard: &AddressGuard,
    peer: &Peer,
) -> Result<TcpStream, TransportError> {
    guard.judge(at).map_err(|closed| TransportError::Denied { at: at.clone(), closed })?;
    let addresses = allowed(at, resolve(at).await?, guard)?;
    peer.set_private(addresses.iter().any(|address| is_private(address.ip())));
    let stream = race(at, take_turns(addresses)).await?;
    // Requests are written whole: waiting for more to send would only delay them.
    stream.set_nodelay(true).map_err(|source| TransportError::Connect { at: at.clone(), source })?;
    Ok(stream)
}

async fn resolve(at: &Endpoint) -> Result<Vec<SocketAddr>, TransportError> {
    if let Some(ip) = at.ip() {
        return Ok(vec![SocketAddr::new(ip, at.port())]);
    }
    let failed = |source| TransportError::Lookup { host: at.host().to_owned(), source };
    let (host, port) = (at.host().to_owned(), at.port());
    match spawn_blocking(move || look_up(&host, port)).await {
        Ok(Ok(addresses)) if addresses.is_empty() => Err(failed(LookupFailure::Empty)),
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(error)) if is_unknown(&error) => {
            Err(TransportError::UnknownHost { host: at.host().to_owned() })
        }
        Ok(Err(error)) => Err(failed(error.into())),
        Err(_) => Err(failed(LookupFailure::Cancelled)),
    }
}

fn look_up(host: &str, port: u16) -> Result<Vec<SocketAddr>, LookupError> {
    let hints = AddrInfoHints { socktype: SockType::Stream.into(), ..AddrInfoHints::default() };
    let found = getaddrinfo(Some(host), None, Some(hints))?;
    let addresses = found.filter_map(Result::ok).map(|info| SocketAddr::new(info.sockaddr.ip(), port));
    Ok(addresses.take(MAX_ADDRESSES).collect())
}

fn is_unknown(error: &LookupError) -> bool {
    matches!(error.kind(), LookupErrorKind::NoName | LookupErrorKind::NoData)
}

/// Those of `addresses` that may be dialled.
fn allowed(
    at: &Endpoint,
    mut addresses: Vec<SocketAddr>,
    guard: &AddressGuard,
) -> Result<Vec<SocketAddr>, TransportError> {
    let mut denied = None;
    addresses.retain(|address| {
        let judged = guard.judge_address(at, address.ip());
        denied = denied.or(judged.err());
        judged.is_ok()
    });
    match denied {
        Some(closed) if addresses.is_empty() => Err(TransportError::Denied { at: at.clone(), closed }),
        _ => Ok(addresses),
    }
}

/// `addresses` with the two families alternating, beginning with the first one's.
fn take_turns(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let total = addresses.len();
    let first_is_v4 = addresses.first().is_some_and(SocketAddr::is_ipv4);
    let (mut these, mut others): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv4() == first_is_v4);
    these.reverse();
    others.reverse();
    let mut ordered = Vec::with_capacity(total);
    while ordered.len() < total {
        ordered.extend(these.pop());
        ordered.extend(others.pop());
    }
    ordered
}

async fn race(at: &Endpoint, addresses: Vec<SocketAddr>) -> Result<TcpStream, TransportError> {
    let mut waiting = addresses.into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut last = None;
    loop {
        attempts.extend(waiting.next().map(TcpStream::connect));
        tokio::select! {
            outcome = attempts.next() => match outcome {
                Some(Ok(stream)) => return Ok(stream),
                Some(Err(error)) => last = Some(error),
                None => break,
            },
            () = sleep(HEAD_START), if waiting.len() > 0 => {}
        }
    }
    Err(match last {
        Some(source) => TransportError::Connect { at: at.clone(), source },
        None => TransportError::Lookup { host: at.host().to_owned(), source: LookupFailure::Empty },
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_rt::time::timeout;
    use tokio::net::TcpListener;

    use super::*;

    fn addresses(list: &[&str]) -> Vec<SocketAddr> {
        list.iter().map(|address| address.parse().unwrap()).collect()
    }

    #[test]
    fn families_take_turns() {
        let found = addresses(&["[2001:db8::1]:1", "[2001:db8::2]:1", "192.0.2.1:1"]);
        let expected = addresses(&["[2001:db8::1]:1", "192.0.2.1:1", "[2001:db8::2]:1"]);
        assert_eq!(take_turns(found), expected);
    }

    #[test]
    fn one_allowed_address_is_enough_and_the_denied_one_is_not_dialled() {
        let guard = AddressGuard::of_the_machine().with_private();
        let at = Endpoint::new("example.com", 1);
        let left = allowed(&at, addresses(&["10.0.0.1:1", "192.0.2.1:1"]), &guard).unwrap();
        assert_eq!(left, addresses(&["192.0.2.1:1"]));
        assert!(matches!(
            allowed(&at, addresses(&["10.0.0.1:1"]), &guard),
            Err(TransportError::Denied { .. })
        ));
    }

    #[actix_rt::test]
    async fn issue_15_that_an_address_is_private_is_known_before_it_answers() {
        for (host, private) in [("10.255.255.1", true), ("fd12::1", true), ("127.0.0.1", false)] {
            let (at, peer, guard) = (Endpoint::new(host, 1), Peer::default(), AddressGuard::default());
            // Whatever is there, or not.
            drop(timeout(Duration::from_millis(20), dial(&at, &guard, &peer)).await);
            assert_eq!(peer.is_private(), private, "{host}");
        }
    }

    #[actix_rt::test]
    async fn a_refusing_address_does_not_spoil_the_next() {
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let open = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = Endpoint::new("example.com", 1);
        let stream = race(&at, vec![closed, open.local_addr().unwrap()]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), open.local_addr().unwrap());
    }

    #[actix_rt::test]
    async fn a_name_that_does_not_exist_is_unknown() {
        // RFC 6761, section 6.4: `invalid` names never exist. A sandbox without any resolver says "later" instead.
        let error = resolve(&Endpoint::new("nowhere.invalid", 1)).await.unwrap_err();
        assert!(
            matches!(error, TransportError::UnknownHost { .. } | TransportError::Lookup { .. }),
            "{error}"
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn no_such_name_and_ask_again_later_are_told_apart() {
        let (no_name, again) = (LookupError::new(-2), LookupError::new(-3));
        assert!(is_unknown(&no_name) && !is_unknown(&again));
    }
}
