//! Hints that Providers have work, taken in turns: a namespace with many Providers holds up no other, and what is sent first is
//! answered before the last is woken.

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use campanile_domain::{ObjectKey, Turns};
use campanile_supervision::{failpoint, failpoint_stall};

use super::Dispatcher;

/// Providers that are woken in one go, which leaves what was sent first time to be answered and its memory to be used again: a
/// turn of the arbiter has room for 61 steps, and a delivery takes four.
const AT_ONCE: usize = 16;

/// Providers that are to be woken. Each is here once, so they are bounded by the Providers.
#[derive(Default)]
pub(super) struct Waking {
    /// The Providers to wake, by namespace.
    keys: Turns<str, ObjectKey>,
    /// Whether a turn is already due.
    turning: bool,
}

impl Dispatcher {
    /// Makes sure that these Providers' actors know of their work. One whose gate is closed looks by itself when it opens.
    pub(super) fn wake_up(&mut self, keys: Vec<ObjectKey>, ctx: &mut Context<Self>) {
        if keys.len() <= AT_ONCE && self.waking.keys.is_empty() {
            return keys.iter().for_each(|key| self.wake_up_one(key, ctx));
        }
        let now = self.shared.clock.now();
        for key in keys {
            let Some(slot) = self.slots.get_mut(&key) else {
                self.work(&key, ctx);
                continue;
            };
            let is_asleep = slot.child.as_ref().is_some_and(|child| child.is_asleep(now));
            if !is_asleep && !std::mem::replace(&mut slot.waking, true) {
                self.waking.keys.push(&key.namespace.clone(), key);
            }
        }
        self.next_turn(ctx);
    }

    fn wake_up_one(&mut self, key: &ObjectKey, ctx: &mut Context<Self>) {
        failpoint("dispatcher", &key.name);
        failpoint_stall(self, ctx, "dispatcher", &key.name);
        self.work(key, ctx);
    }

    fn next_turn(&mut self, ctx: &mut Context<Self>) {
        if self.waking.keys.is_empty() || std::mem::replace(&mut self.waking.turning, true) {
            return;
        }
        let turn = tokio::task::yield_now().into_actor(self);
        ctx.spawn(turn.map(|(), dispatcher, ctx| {
            for _ in 0..AT_ONCE {
                let Some(key) = dispatcher.waking.keys.pop() else { break };
                if let Some(slot) = dispatcher.slots.get_mut(&key) {
                    slot.waking = false;
                }
                dispatcher.wake_up_one(&key, ctx);
            }
            dispatcher.waking.turning = false;
            dispatcher.next_turn(ctx);
        }));
    }
}
