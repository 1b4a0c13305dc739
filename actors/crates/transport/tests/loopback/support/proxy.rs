//! An HTTP proxy: CONNECT to one fixed upstream, and absolute-form requests that it answers itself.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::server::{Seen, read_request};

/// What the proxy lets through.
#[derive(Clone, Default)]
pub(crate) struct ProxyRules {
    /// Where every tunnel leads, whatever name was asked for.
    pub(crate) upstream: u16,
    /// Wanted value of `Proxy-Authorization`.
    pub(crate) login: Option<&'static str>,
    /// Written instead of an answer to CONNECT.
    pub(crate) refusal: Option<&'static str>,
}

/// A running proxy.
#[derive(Clone)]
pub(crate) struct HttpProxy {
    pub(crate) port: u16,
    seen: Rc<RefCell<Vec<Seen>>>,
}

impl HttpProxy {
    pub(crate) async fn start(rules: ProxyRules) -> Self {
        Self::listen(None, rules).await
    }

    pub(crate) async fn start_tls(config: ServerConfig, rules: ProxyRules) -> Self {
        Self::listen(Some(TlsAcceptor::from(Arc::new(config))), rules).await
    }

    /// The requests to the proxy itself, CONNECTs included.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.borrow().clone()
    }

    async fn listen(tls: Option<TlsAcceptor>, rules: ProxyRules) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self { port: listener.local_addr().unwrap().port(), seen: Rc::default() };
        let running = proxy.clone();
        actix_rt::spawn(async move {
            let mut connection = 0;
            while let Ok((stream, _)) = listener.accept().await {
                connection += 1;
                let (proxy, rules, tls) = (running.clone(), rules.clone(), tls.clone());
                actix_rt::spawn(async move {
                    match tls {
                        None => proxy.serve(stream, rules, connection).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                proxy.serve(stream, rules, connection).await;
                            }
                        }
                    }
                });
            }
        });
        proxy
    }

    async fn serve<S>(&self, mut stream: S, rules: ProxyRules, connection: usize)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        while let Some(mut seen) = read_request(&mut stream).await {
            seen.connection = connection;
            self.seen.borrow_mut().push(seen.clone());
            let admitted = rules.login.is_none() || seen.header("proxy-authorization") == rules.login;
            let answer = match (admitted, seen.line.starts_with("CONNECT ")) {
                (false, _) => "HTTP/1.1 407 Login\r\ncontent-length: 0\r\n\r\n",
                (true, true) => rules.refusal.unwrap_or("HTTP/1.1 200 Go ahead\r\n\r\n"),
                (true, false) => "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nforwarded",
            };
            if stream.write_all(answer.as_bytes()).await.is_err() || stream.flush().await.is_err() {
                return;
            }
            if answer.contains("HTTP/1.1 200 Go") {
                let mut upstream = TcpStream::connect(("127.0.0.1", rules.upstream)).await.unwrap();
                copy_bidirectional(&mut stream, &mut upstream).await.ok();
                return;
            }
        }
    }
}
