//! A proxy that takes every name for one destination (RFC 9110, 9.3.6).

use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use super::Arrival;

/// A running proxy.
pub(crate) struct Tunnel {
    address: SocketAddr,
}

impl Tunnel {
    /// Every `CONNECT` leads to `destination`.
    pub(crate) fn to(destination: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
        let address = listener.local_addr().expect("a listener has an address");
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A client that breaks off is seen by what does not arrive.
                std::thread::spawn(move || relay(client, destination));
            }
        });
        Self { address }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn relay(mut client: TcpStream, destination: SocketAddr) -> io::Result<()> {
    // What follows the head comes only after the answer, so nothing of it is lost with the reader.
    let Some(arrival) = Arrival::read(&mut BufReader::new(client.try_clone()?))? else { return Ok(()) };
    if arrival.method != "CONNECT" {
        return client.write_all(b"HTTP/1.1 405 Only CONNECT\r\nContent-Length: 0\r\n\r\n");
    }
    let upstream = TcpStream::connect(destination)?;
    client.write_all(b"HTTP/1.1 200 Go on\r\n\r\n")?;
    let (mut up, mut down) = (upstream.try_clone()?, client.try_clone()?);
    std::thread::spawn(move || io::copy(&mut client, &mut up));
    io::copy(&mut &upstream, &mut down).map(drop)
}
