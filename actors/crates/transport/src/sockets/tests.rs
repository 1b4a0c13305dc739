//! Turns without sockets.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use futures_util::FutureExt;

use super::*;

/// The share of a new client in the usual namespace.
fn share(sockets: &Sockets) -> Share {
    sockets.share("apps".into())
}

/// As many turns as `share` gets at once, at most `wanted`.
fn grab(share: &Share, wanted: usize) -> Vec<SocketPermit> {
    (0..wanted).map_while(|_| share.turn().now_or_never()).collect()
}

#[test]
fn a_client_alone_gets_all_it_asks_for() {
    let sockets = Sockets::new(80);
    assert_eq!(grab(&share(&sockets), 16).len(), 16);
    assert_eq!(sockets.counts(), SocketCounts { most: 80, ..SocketCounts::default() });
}

#[test]
fn a_thousand_clients_get_one_at_once() {
    let sockets = Sockets::new(crate::Limits::default().total_sockets);
    let shares: Vec<Share> = (0..1000).map(|_| share(&sockets)).collect();
    let turns: Vec<SocketPermit> = shares.iter().filter_map(|share| share.turn().now_or_never()).collect();
    assert_eq!((turns.len(), sockets.counts().waited), (1000, 0));
}

#[test]
fn those_that_hang_take_nobodys_first_turn() {
    let sockets = Sockets::new(100);
    let hanging: Vec<Share> = (0..30).map(|_| share(&sockets)).collect();
    let held: Vec<SocketPermit> = hanging.iter().flat_map(|share| grab(share, 16)).collect();
    assert!(held.len() > 70, "what nobody else needs is used: {}", held.len());
    for _ in 0..10 {
        assert!(share(&sockets).turn().now_or_never().is_some(), "{:?}", sockets.counts());
    }
    let others: Vec<Share> = (0..10).map(|_| share(&sockets)).collect();
    let firsts: Vec<SocketPermit> = others.iter().flat_map(|share| grab(share, 1)).collect();
    assert_eq!(firsts.len(), 10);
}

#[test]
fn whoever_has_least_is_served_first_and_whoever_has_left_not_at_all() {
    let sockets = Sockets::new(2);
    let (rich, poor, gone) = (share(&sockets), share(&sockets), share(&sockets));
    let mut held = grab(&rich, 3);
    held.extend(grab(&poor, 1));
    assert_eq!((held.len(), sockets.counts().busy), (2, 2));
    let mut second = Box::pin(rich.turn());
    assert!(second.as_mut().now_or_never().is_none());
    drop(Box::pin(gone.turn()).now_or_never());
    let newcomer = share(&sockets);
    let mut first = Box::pin(newcomer.turn());
    assert!(first.as_mut().now_or_never().is_none());
    drop(held.remove(0));
    let first = first.now_or_never().expect("its turn");
    let counts = sockets.counts();
    assert_eq!((counts.busy, counts.waiting), (2, 1), "{counts:?}");
    drop((held, first));
    assert!(second.now_or_never().is_some());
    assert_eq!(sockets.counts(), SocketCounts { most: 2, waited: 5, ..SocketCounts::default() });
}

#[test]
fn a_turn_that_nobody_takes_any_more_goes_to_the_next() {
    let sockets = Sockets::new(1);
    let (first, second) = (share(&sockets), share(&sockets));
    let held = grab(&share(&sockets), 1);
    let mut left = Box::pin(first.turn());
    let mut stays = Box::pin(second.turn());
    assert!(left.as_mut().now_or_never().is_none() && stays.as_mut().now_or_never().is_none());
    drop(held);
    // It was handed over and not looked at.
    drop(left);
    assert!(stays.now_or_never().is_some());
}

#[test]
fn the_bound_holds_over_clients_on_several_threads() {
    let (sockets, busy, most) = (Sockets::new(2), AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let share = share(&sockets);
                actix_rt::System::new().block_on(async {
                    for _ in 0..200 {
                        let turn = share.turn().await;
                        most.fetch_max(busy.fetch_add(1, Relaxed) + 1, Relaxed);
                        tokio::task::yield_now().await;
                        busy.fetch_sub(1, Relaxed);
                        drop(turn);
                    }
                });
            });
        }
    });
    assert!(most.load(Relaxed) <= 2, "{most:?} at once");
    assert_eq!((sockets.counts().busy, sockets.counts().waiting), (0, 0));
}

#[test]
fn issue_17_a_namespace_whose_every_client_hangs_leaves_an_eighth_to_others() {
    let sockets = Sockets::new(64);
    let flood: Vec<Share> = (0..100).map(|_| sockets.share("flood".into())).collect();
    let held: Vec<SocketPermit> = flood.iter().flat_map(|share| grab(share, 1)).collect();
    assert_eq!(held.len(), 56);
    let mut waiting: Vec<_> = flood[60..70].iter().map(|share| Box::pin(share.turn())).collect();
    assert!(waiting.iter_mut().all(|turn| turn.as_mut().now_or_never().is_none()));
    let sound: Vec<Share> = (0..10).map(|_| sockets.share("sound".into())).collect();
    let mut firsts: Vec<SocketPermit> = sound.iter().flat_map(|share| grab(share, 1)).collect();
    assert_eq!(firsts.len(), 8, "all that is left");
    let mut ninth = Box::pin(sound[8].turn());
    assert!(ninth.as_mut().now_or_never().is_none());
    drop(held);
    assert!(ninth.now_or_never().is_some(), "whoever holds less is served first");
    firsts.clear();
    assert_eq!(sockets.counts().busy, 10, "those of the flood that waited");
}
