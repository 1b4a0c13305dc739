//! Starting, stopping and being built anew.

use std::sync::Arc;
use std::time::Duration;

use actix::Actor;
use campanile_intake::{IntakeActor, IntakeConfig, IntakeParts, StopAccepting, bind};
use campanile_testkit::{event, noon};
use jiff::SignedDuration;
use tokio::net::TcpStream;

use crate::bench::{PATIENCE, Script, StillClock, about, post, run, run_with};

#[test]
fn a_stop_lets_open_requests_finish_and_closes_idle_connections() {
    run(|bench| async move {
        bench.router.plays(Script::Hold);
        let (mut busy, mut idle) = (bench.connect().await, bench.connect().await);
        idle.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").await;
        assert_eq!(idle.response().await.status, 400);
        busy.send(&post(&event())).await;
        bench.router.has_seen(1).await;
        let stopped = actix_rt::spawn(bench.intake.send(StopAccepting));
        idle.closed().await;
        bench.router.answer_held(&Ok(()));
        let answer = busy.response().await;
        assert_eq!((answer.status, answer.header("Connection")), (202, Some("close")));
        busy.closed().await;
        tokio::time::timeout(PATIENCE, stopped).await.expect("in time").unwrap().unwrap();
        assert_eq!(bench.snapshot().await.accepted, 1, "the actor lives on");
        tokio::time::timeout(PATIENCE, bench.intake.send(StopAccepting)).await.expect("in time").unwrap();
    });
}

#[test]
fn a_stop_does_not_wait_for_ever() {
    let config = IntakeConfig { drain: Duration::from_secs(1), ..IntakeConfig::default() };
    run_with(config, |bench| async move {
        bench.router.plays(Script::Hold);
        let mut busy = bench.connect().await;
        busy.send(&post(&event())).await;
        bench.router.has_seen(1).await;
        tokio::time::timeout(Duration::from_secs(3), bench.intake.send(StopAccepting))
            .await
            .expect("in time")
            .unwrap();
        busy.closed().await;
    });
}

#[test]
fn after_a_stop_nobody_is_accepted() {
    run(|bench| async move {
        assert_eq!(bench.post(&event()).await.status, 202);
        bench.intake.send(StopAccepting).await.unwrap();
        assert!(TcpStream::connect(bench.address).await.is_err());
    });
}

#[test]
fn an_actor_built_anew_on_the_same_socket_goes_on_with_the_same_window() {
    campanile_testkit::run(|ward| async move {
        tokio::time::resume();
        let bench = crate::bench::Bench::start(&ward, IntakeConfig::default());
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let build = || {
            let parts = IntakeParts {
                listeners: vec![listener.try_clone().unwrap().into()],
                config: IntakeConfig::default(),
                router: bench.link.clone(),
                clock: Arc::new(StillClock(noon())),
                guard: ward.guard("intake"),
                window: bench.window.clone(),
                watchdog: None,
                senders: None,
            };
            IntakeActor::new(parts).start()
        };
        let first = build();
        let mut client = crate::client::Client::connect(address).await;
        client.send(&post(&event())).await;
        assert_eq!(client.response().await.status, 202);
        drop(first);
        client.closed().await;
        let _second = build();
        let mut client = crate::client::Client::connect(address).await;
        client.send(&post(&event())).await;
        assert_eq!(client.response().await.status, 429);
        client.send(&post(&about("new", "m"))).await;
        assert_eq!(client.response().await.status, 202);
    });
}

#[test]
fn a_listener_is_not_shared_with_another_process() {
    run(|bench| async move {
        assert!(bind(bench.address).is_err());
        assert!(bench.window.sweep_pause() < SignedDuration::from_mins(5).unsigned_abs());
    });
}
