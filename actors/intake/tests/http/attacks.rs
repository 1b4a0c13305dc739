//! A peer that takes what it can get: stalled bodies, dripped heads, connections for their own sake (docs/security.md). It has
//! an address of its own, as another pod would.

use std::net::SocketAddr;
use std::time::Duration;

use campanile_intake::IntakeConfig;
use campanile_testkit::event;
use futures_util::future::join_all;

use crate::bench::{about, post, run, run_with};
use crate::client::Client;

const ATTACKER: [u8; 4] = [127, 0, 0, 2];

async fn attack(at: SocketAddr) -> Client {
    Client::connect_from(ATTACKER, at).await
}

#[test]
fn issue_17_22_stalled_bodies_refuse_nobody_else_and_are_given_up() {
    run(|bench| async move {
        let head = b"POST / HTTP/1.1\r\nHost: events\r\nContent-Length: 3145728\r\n\r\n";
        let nearly = [&head[..], &vec![b' '; 3_145_727]].concat();
        let mut stalled = join_all((0..22).map(|_| attack(bench.address))).await;
        join_all(stalled.iter_mut().map(|client| client.send_what_goes(&nearly))).await;
        bench.shows(|shown| shown.open_body_bytes >= 4 * 3_145_727).await;
        for number in 0..50 {
            assert_eq!(bench.post(&about(&number.to_string(), "meanwhile")).await.status, 202);
        }
        bench.shows(|shown| shown.open_body_bytes == 0).await;
    });
}

#[test]
fn issue_17_heads_dripped_on_connections_that_were_used_before_end_in_time() {
    let second = Duration::from_secs(1);
    let config = IntakeConfig { head_timeout: second, linger: second, ..IntakeConfig::default() };
    run_with(config, |bench| async move {
        let drip = |number: usize| {
            let bench = &bench;
            async move {
                let mut client = attack(bench.address).await;
                client.send(&post(&about(&number.to_string(), "first"))).await;
                assert_eq!(client.response().await.status, 202);
                // A byte now and then, until the connection is gone.
                while client.drip(b"x", Duration::from_millis(200)).await {}
            }
        };
        tokio::time::timeout(Duration::from_secs(30), join_all((0..30).map(drip)))
            .await
            .expect("all are closed");
        assert_eq!(bench.post(&event()).await.status, 202);
    });
}

#[test]
fn issue_17_connections_of_one_peer_leave_room_for_others() {
    let config = IntakeConfig { connections: 32, connections_of_peer: 24, ..IntakeConfig::default() };
    run_with(config, |bench| async move {
        let mut held = Vec::new();
        for _ in 0..100 {
            let mut client = attack(bench.address).await;
            client.send_what_goes(b"POST / HTTP/1.1\r\nHost: ev").await;
            held.push(client);
        }
        for number in 0..20 {
            assert_eq!(bench.post(&about(&number.to_string(), "meanwhile")).await.status, 202);
        }
        assert!(bench.snapshot().await.connections <= 26);
    });
}
