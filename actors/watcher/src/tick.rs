//! The tick of an actor: a message once a second.

use std::time::Duration;

use actix::{Actor, Addr, Context, Handler, Message};

/// The interval at which actors tick.
const EVERY: Duration = Duration::from_secs(1);

/// The message that a second passed.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Tick;

/// Ticks until the actor is gone, from outside of it: a timer of its own would keep it alive after its last address is
/// dropped.
pub(crate) fn start_ticking<A>(actor: &Addr<A>)
where
    A: Actor<Context = Context<A>> + Handler<Tick>,
{
    let actor = actor.downgrade();
    actix::spawn(async move {
        loop {
            tokio::time::sleep(EVERY).await;
            match actor.upgrade() {
                Some(actor) => actor.do_send(Tick),
                None => return,
            }
        }
    });
}
