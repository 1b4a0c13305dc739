//! A SOCKS 5 proxy (RFC 1928, RFC 1929) with one fixed upstream.

use std::cell::RefCell;
use std::rc::Rc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// A running proxy.
#[derive(Clone)]
pub(crate) struct SocksProxy {
    pub(crate) port: u16,
    upstream: u16,
    login: Option<(&'static str, &'static str)>,
    reply: u8,
    asked: Rc<RefCell<Vec<(String, u16)>>>,
}

impl SocksProxy {
    /// Answers every request with the code `reply`, of which zero is success.
    pub(crate) async fn start(upstream: u16, login: Option<(&'static str, &'static str)>, reply: u8) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let proxy = Self { port, upstream, login, reply, asked: Rc::default() };
        let running = proxy.clone();
        actix_rt::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let proxy = running.clone();
                actix_rt::spawn(async move { proxy.serve(stream).await });
            }
        });
        proxy
    }

    /// Names and ports that were asked for.
    pub(crate) fn asked(&self) -> Vec<(String, u16)> {
        self.asked.borrow().clone()
    }

    async fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let (_version, methods) = (stream.read_u8().await.ok()?, read_text(&mut stream).await?);
        let method = if self.login.is_some() { 2 } else { 0 };
        let offered = methods.as_bytes().contains(&method);
        stream.write_all(&[5, if offered { method } else { 0xff }]).await.ok()?;
        if let Some((user, password)) = self.login.filter(|_| offered) {
            stream.read_u8().await.ok()?;
            let given = (read_text(&mut stream).await?, read_text(&mut stream).await?);
            let wrong = u8::from(given != (user.to_owned(), password.to_owned()));
            stream.write_all(&[1, wrong]).await.ok()?;
        }
        let mut head = [0; 4];
        stream.read_exact(&mut head).await.ok()?;
        assert_eq!(head, [5, 1, 0, 3], "a CONNECT with a name that is not resolved");
        let name = read_text(&mut stream).await?;
        let port = stream.read_u16().await.ok()?;
        self.asked.borrow_mut().push((name, port));
        stream.write_all(&[5, self.reply, 0, 1, 0, 0, 0, 0, 0, 0]).await.ok()?;
        if self.reply == 0 {
            let mut upstream = TcpStream::connect(("127.0.0.1", self.upstream)).await.ok()?;
            copy_bidirectional(&mut stream, &mut upstream).await.ok()?;
        }
        Some(())
    }
}

/// A length and as many bytes.
async fn read_text(stream: &mut TcpStream) -> Option<String> {
    let mut text = vec![0; usize::from(stream.read_u8().await.ok()?)];
    stream.read_exact(&mut text).await.ok()?;
    String::from_utf8(text).ok()
}
