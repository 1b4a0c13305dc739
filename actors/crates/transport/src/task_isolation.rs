//! Isolation of the tasks that awc spawns for one request.
//!
//! With each request awc makes a clock for the `Date` header, which nobody reads: a task with a timer that is due at
//! once, for which the thread is woken twice. Beside the arbiter's own tasks it is never polled. What else awc spawns
//! is the goodbye to a connection that it no longer wants, which is closed without one.

use std::future::{Future, poll_fn};
use std::pin::pin;

use tokio::task::LocalSet;

/// Awaits `request`; what it spawns is dropped unpolled when it ends.
pub(crate) async fn isolate_tasks<F: Future>(request: F) -> F::Output {
    let tasks = LocalSet::new();
    let mut request = pin!(request);
    poll_fn(|cx| {
        let _inside = tasks.enter();
        request.as_mut().poll(cx)
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    #[actix_rt::test]
    async fn what_a_request_spawns_is_never_polled_and_ends_with_it() {
        let (polled, held) = (Rc::new(Cell::new(false)), Rc::new(()));
        let (polls, holds) = (Rc::clone(&polled), Rc::clone(&held));
        isolate_tasks(async move {
            actix_rt::spawn(async move {
                polls.set(true);
                drop(holds);
            });
            tokio::task::yield_now().await;
        })
        .await;
        assert!(!polled.get());
        assert_eq!(Rc::strong_count(&held), 1);
    }

    #[actix_rt::test]
    async fn tasks_around_a_request_go_on() {
        let (asks, answers) = tokio::sync::oneshot::channel();
        actix_rt::spawn(async move { asks.send(7).unwrap() });
        assert_eq!(isolate_tasks(answers).await, Ok(7));
    }
}
