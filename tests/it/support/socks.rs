//! A SOCKS5 proxy (RFC 1928, RFC 1929) that takes every name for this machine.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// User and password that it wants.
const LOGIN: (&str, &str) = ("bob", "s3cr3t");

/// A running proxy.
pub(crate) struct Socks {
    address: SocketAddr,
    /// The names that clients asked for.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Socks {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let heard = asked.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let heard = heard.clone();
                // A client that breaks off is seen by what does not arrive.
                std::thread::spawn(move || serve(client, &heard));
            }
        });
        Self { address, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("socks5://{}", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no thread of the proxy panicked").clone()
    }
}

fn serve(mut client: TcpStream, asked: &Mutex<Vec<String>>) -> io::Result<()> {
    greet(&mut client)?;
    let [_, _, _, kind] = take::<4>(&mut client)?;
    // 3 is a name; an address would mean that the client looked the name up itself.
    if kind != 3 {
        return client.write_all(&[5, 8, 0, 1, 0, 0, 0, 0, 0, 0]);
    }
    let name = text(&mut client)?;
    let port = u16::from_be_bytes(take(&mut client)?);
    if let Ok(mut asked) = asked.lock() {
        asked.push(name);
    }
    let upstream = TcpStream::connect(("127.0.0.1", port))?;
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    let (mut up, mut down) = (upstream.try_clone()?, client.try_clone()?);
    std::thread::spawn(move || io::copy(&mut client, &mut up));
    io::copy(&mut &upstream, &mut down).map(drop)
}

/// Settles on user and password, and checks them.
fn greet(client: &mut TcpStream) -> io::Result<()> {
    let [_, methods] = take::<2>(client)?;
    let mut offered = vec![0; methods.into()];
    client.read_exact(&mut offered)?;
    if !offered.contains(&2) {
        client.write_all(&[5, 0xff])?;
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    client.write_all(&[5, 2])?;
    take::<1>(client)?;
    let login = (text(client)?, text(client)?);
    let known = (login.0.as_str(), login.1.as_str()) == LOGIN;
    client.write_all(&[1, u8::from(!known)])?;
    if known { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

fn take<const N: usize>(client: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A text after its length in one byte.
fn text(client: &mut TcpStream) -> io::Result<String> {
    let [length] = take::<1>(client)?;
    let mut bytes = vec![0; length.into()];
    client.read_exact(&mut bytes)?;
    String::from_utf8(bytes).map_err(io::Error::other)
}
