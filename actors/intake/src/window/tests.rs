use std::sync::Mutex;
use std::task::Poll;

use campanile_supervision::Clock;
use campanile_testkit::noon;
use futures_util::FutureExt;
use futures_util::poll;

use super::*;

/// A clock that only the test moves.
struct HandClock(Mutex<Timestamp>);

impl HandClock {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(noon())))
    }

    fn forward(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

const INTERVAL: SignedDuration = SignedDuration::from_mins(5);

fn window(interval: SignedDuration) -> (Arc<Window>, Arc<HandClock>) {
    let clock = HandClock::new();
    (Arc::new(Window::new(interval, clock.clone())), clock)
}

fn key(number: usize) -> DuplicateKey {
    let mut key = DuplicateKey::default();
    key[..8].copy_from_slice(&number.to_le_bytes());
    key
}

/// Claims without waiting: nothing if the key is pending.
fn claim(window: &Arc<Window>, number: usize) -> Option<Claim> {
    window.claim(key(number)).now_or_never()
}

fn ticket(window: &Arc<Window>, number: usize) -> Option<Ticket> {
    match claim(window, number) {
        Some(Claim::New(ticket)) => Some(ticket),
        _ => None,
    }
}

/// Whether an event of this key is accepted now.
fn accepts(window: &Arc<Window>, number: usize) -> bool {
    ticket(window, number).map(Ticket::confirm).is_some()
}

fn refused_until(window: &Arc<Window>, number: usize) -> Option<Timestamp> {
    match claim(window, number) {
        Some(Claim::Duplicate { reset }) => Some(reset),
        _ => None,
    }
}

#[test]
fn a_duplicate_is_refused_until_the_next_slot_of_its_bucket() {
    let (window, clock) = window(INTERVAL);
    let first = ticket(&window, 1).unwrap();
    assert_eq!(first.reset(), noon() + INTERVAL);
    first.confirm();
    clock.forward(Duration::from_secs(299));
    assert_eq!(refused_until(&window, 1), Some(noon() + INTERVAL));
    assert!(accepts(&window, 2));
    clock.forward(Duration::from_secs(1));
    assert!(accepts(&window, 1));
    assert_eq!(refused_until(&window, 1), Some(noon() + INTERVAL * 2));
    assert_eq!(refused_until(&window, 2), Some(noon() + SignedDuration::from_secs(599)));
}

#[test]
fn an_interval_that_is_not_positive_counts_as_a_second() {
    for interval in [SignedDuration::ZERO, SignedDuration::from_secs(-7)] {
        let (window, clock) = window(interval);
        assert!(accepts(&window, 1));
        assert_eq!(refused_until(&window, 1), Some(noon() + SignedDuration::from_secs(1)));
        clock.forward(Duration::from_secs(1));
        assert!(accepts(&window, 1));
        assert_eq!(window.sweep_pause() * 16, Duration::from_hours(6));
    }
}

#[test]
fn a_claim_that_is_dropped_frees_the_key() {
    let (window, _) = window(INTERVAL);
    drop(ticket(&window, 1).unwrap());
    assert_eq!(window.keys(), 0);
    assert!(accepts(&window, 1));
}

#[test]
fn an_older_bucket_keeps_its_slots_when_a_later_claim_fails() {
    let (window, clock) = window(INTERVAL);
    assert!(accepts(&window, 1));
    clock.forward(Duration::from_secs(400));
    drop(ticket(&window, 1).unwrap());
    assert_eq!(window.keys(), 1);
    assert_eq!(ticket(&window, 1).unwrap().reset(), noon() + INTERVAL * 2);
}

#[actix_rt::test]
async fn a_duplicate_of_a_pending_event_waits_and_is_refused_once_that_is_stored() {
    let (window, _) = window(INTERVAL);
    let first = ticket(&window, 1).unwrap();
    let mut second = Box::pin(window.claim(key(1)));
    assert!(poll!(&mut second).is_pending());
    first.confirm();
    assert!(matches!(poll!(&mut second), Poll::Ready(Claim::Duplicate { .. })));
}

#[actix_rt::test]
async fn of_the_duplicates_of_a_failed_event_one_takes_over() {
    let (window, _) = window(INTERVAL);
    let first = ticket(&window, 1).unwrap();
    let mut second = Box::pin(window.claim(key(1)));
    let mut third = Box::pin(window.claim(key(1)));
    assert!(poll!(&mut second).is_pending() && poll!(&mut third).is_pending());
    drop(first);
    let Poll::Ready(Claim::New(taken_over)) = poll!(&mut second) else { panic!("nobody took over") };
    assert!(poll!(&mut third).is_pending());
    taken_over.confirm();
    assert!(matches!(poll!(&mut third), Poll::Ready(Claim::Duplicate { .. })));
}

fn sweep_all(window: &Window) {
    for _ in 0..PARTS {
        window.sweep();
    }
}

#[test]
fn a_sweep_drops_what_was_not_accepted_for_two_intervals() {
    let (window, clock) = window(INTERVAL);
    assert!(accepts(&window, 1) && accepts(&window, 2));
    clock.forward(Duration::from_secs(300));
    assert!(accepts(&window, 2));
    clock.forward(Duration::from_secs(300));
    sweep_all(&window);
    assert_eq!(window.keys(), 2, "exactly two intervals are not more than two");
    clock.forward(Duration::from_secs(1));
    sweep_all(&window);
    assert_eq!(window.keys(), 1);
    assert!(accepts(&window, 1));
    assert_eq!(window.sweep_pause() * 16, Duration::from_mins(5));
}

#[test]
fn a_pending_key_survives_every_sweep() {
    let (window, clock) = window(INTERVAL);
    let pending = ticket(&window, 1).unwrap();
    clock.forward(Duration::from_hours(5));
    sweep_all(&window);
    pending.confirm();
    assert_eq!(window.keys(), 1);
}

#[test]
fn a_full_window_drops_the_oldest_keys() {
    let clock = HandClock::new();
    let window = Arc::new(Window::bounded(INTERVAL, clock.clone(), 64));
    // The first byte chooses the part: all of these fall into the same.
    for number in 0..256 {
        clock.forward(Duration::from_secs(1));
        assert!(accepts(&window, number * 256));
        assert!(window.keys() <= 65);
    }
    assert!(!accepts(&window, 255 * 256) && !accepts(&window, 200 * 256));
    assert!(accepts(&window, 0) && accepts(&window, 100 * 256));
}

#[test]
fn keys_of_the_same_age_do_not_all_go_at_once() {
    let window = Arc::new(Window::bounded(INTERVAL, HandClock::new(), 64));
    for number in 0..66 {
        assert!(accepts(&window, number * 256));
    }
    assert!(window.keys() >= 60, "{}", window.keys());
}

#[test]
fn an_entry_stays_small() {
    assert_eq!(size_of::<(DuplicateKey, WindowEntry)>(), 48);
    const { assert!(Window::MOST_KEYS <= 2_000_000) };
}
