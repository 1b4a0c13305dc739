//! The keyring against an issuer on loopback that rotates its keys.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test, as the tests themselves do")]

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use actix::{Actor, Addr};
use campanile_keyring::{KeyringActor, KeyringParts};
use campanile_protocol::GetKeys;
use campanile_receivers::{KeyError, KeySource};
use campanile_supervision::Clock;
use campanile_testkit::{Ward, noon};
use campanile_transport::{Environment, Limits, Transport};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

/// An issuer with one key, whose id may change.
struct Issuer {
    address: SocketAddr,
    key_id: Arc<Mutex<String>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Issuer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let key_id = Arc::new(Mutex::new("1".to_owned()));
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let (id, log) = (key_id.clone(), asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let Some(Ok(line)) = lines.next() else { continue };
                while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
                let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
                let base = format!("http://{address}");
                let body = match path.as_str() {
                    "/.well-known/openid-configuration" => json!({
                        "issuer": base, "jwks_uri": format!("{base}/keys"),
                        "id_token_signing_alg_values_supported": ["EdDSA"],
                    }),
                    "/keys" => {
                        json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AA", "kid": *id.lock().unwrap()}]})
                    }
                    _ => json!(null),
                };
                log.lock().unwrap().push(path);
                let body = body.to_string();
                let length = body.len();
                let head =
                    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
                stream.write_all(format!("{head}{body}").as_bytes()).ok();
            }
        });
        Self { address, key_id, asked }
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

/// A clock that moves when it is told to.
struct HandClock(Mutex<Timestamp>);

impl HandClock {
    fn start() -> Arc<Self> {
        Arc::new(Self(Mutex::new(noon())))
    }

    fn advance(&self, seconds: i64) {
        *self.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

fn keyring(ward: &Ward, clock: &Arc<HandClock>) -> Addr<KeyringActor> {
    let transport = Transport::new(Environment::default(), Limits::default());
    let parts = KeyringParts { transport, clock: clock.clone(), guard: ward.guard("keyring") };
    KeyringActor::new(parts).start()
}

fn question(issuer: &str, key_id: &str) -> GetKeys {
    GetKeys { source: KeySource::Issuer(issuer.to_owned()), key_id: Some(key_id.to_owned()) }
}

/// Runs `test` in real time.
fn run(test: impl AsyncFnOnce(Ward)) {
    campanile_testkit::run(async |ward| {
        tokio::time::resume();
        test(ward).await;
    });
}

#[test]
fn issue_20_an_issuer_is_asked_once_for_many_and_again_for_a_key_that_is_new() {
    run(async |ward| {
        let (issuer, clock) = (Issuer::start(), HandClock::start());
        let (keyring, url) = (keyring(&ward, &clock), format!("http://{}", issuer.address));
        let many = (0..20).map(|_| keyring.send(question(&url, "1")));
        for answer in futures_util::future::join_all(many).await {
            answer.unwrap().unwrap();
        }
        assert_eq!(issuer.asked(), 2, "discovery and keys");
        *issuer.key_id.lock().unwrap() = "2".to_owned();
        let before = keyring.send(question(&url, "2")).await.unwrap().unwrap();
        assert_eq!(issuer.asked(), 2, "it was asked a moment ago");
        clock.advance(10);
        let after = keyring.send(question(&url, "2")).await.unwrap().unwrap();
        assert_eq!(issuer.asked(), 4);
        assert_ne!(before, after);
    });
}

#[test]
fn issue_20_a_document_of_another_issuer_is_refused_and_not_asked_for_again_at_once() {
    run(async |ward| {
        let (issuer, clock) = (Issuer::start(), HandClock::start());
        let (keyring, url) = (keyring(&ward, &clock), format!("http://{}/", issuer.address));
        for _ in 0..3 {
            let error = keyring.send(question(&url, "1")).await.unwrap().unwrap_err();
            assert!(matches!(error, KeyError::Issuer { .. }), "{error}");
        }
        assert_eq!(issuer.asked(), 1);
    });
}

#[test]
fn issue_20_an_issuer_that_is_not_there_is_named() {
    run(async |ward| {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let answer = keyring(&ward, &HandClock::start())
            .send(question(&format!("http://{closed}"), "1"))
            .await
            .unwrap();
        assert!(matches!(answer, Err(KeyError::Fetch(_))), "{answer:?}");
    });
}
