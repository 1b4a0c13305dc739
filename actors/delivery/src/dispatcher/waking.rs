//! Hints that Providers have work, taken in turns: a namespace with many Providers holds up no other, and what is sent first is
//! answered before the last is woken.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use campanile_domain::ObjectKey;
use campanile_supervision::{failpoint, failpoint_stall};

use super::Dispatcher;

/// Providers that are woken in one go, which leaves what was sent first time to be answered and its memory to be used again: a
/// turn of the arbiter has room for 61 steps, and a delivery takes four.
const AT_ONCE: usize = 16;
/// Those of one namespace, while others wait.
const OF_ONE: usize = 4;

/// Providers that are to be woken. Each is here once, so they are bounded by the Providers.
#[derive(Default)]
pub(super) struct Waking {
    /// Namespaces in the order of their turns.
    turns: VecDeque<Arc<str>>,
    keys: HashMap<Arc<str>, VecDeque<ObjectKey>>,
    /// A turn is due.
    turning: bool,
}

impl Waking {
    fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    fn push(&mut self, key: ObjectKey) {
        let keys = self.keys.entry(key.namespace.clone()).or_default();
        if keys.is_empty() {
            self.turns.push_back(key.namespace.clone());
        }
        keys.push_back(key);
    }

    /// The next to wake.
    fn turn(&mut self) -> Vec<ObjectKey> {
        let mut woken = Vec::with_capacity(AT_ONCE);
        while woken.len() < AT_ONCE
            && let Some(namespace) = self.turns.pop_front()
        {
            let Some(keys) = self.keys.get_mut(&namespace) else { continue };
            let room = AT_ONCE - woken.len();
            let most = if self.turns.is_empty() { room } else { room.min(OF_ONE) };
            woken.extend(keys.drain(..most.min(keys.len())));
            if keys.is_empty() {
                self.keys.remove(&namespace);
            } else {
                self.turns.push_back(namespace);
            }
        }
        woken
    }
}

impl Dispatcher {
    /// Makes sure that these Providers' actors know of their work. One whose gate is closed looks by itself when it opens.
    pub(super) fn wake_up(&mut self, keys: Vec<ObjectKey>, ctx: &mut Context<Self>) {
        if keys.len() <= AT_ONCE && self.waking.is_empty() {
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
                self.waking.push(key);
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
        if self.waking.is_empty() || std::mem::replace(&mut self.waking.turning, true) {
            return;
        }
        let turn = tokio::task::yield_now().into_actor(self);
        ctx.spawn(turn.map(|(), dispatcher, ctx| {
            for key in dispatcher.waking.turn() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issue_17_a_namespace_with_many_providers_leaves_others_their_turn() {
        let mut waking = Waking::default();
        (0..1000).for_each(|number| waking.push(ObjectKey::new("flood", format!("gone-{number}").as_str())));
        waking.push(ObjectKey::new("sound", "chat"));
        let first = waking.turn();
        assert_eq!(first.len(), AT_ONCE);
        assert!(first.contains(&ObjectKey::new("sound", "chat")), "{first:?}");
        let mut rest = 0;
        while !waking.is_empty() {
            rest += waking.turn().len();
        }
        assert_eq!(first.len() + rest, 1001);
    }
}
