//! Queues whose owners take turns, so that nobody waits for all that somebody else has.

use std::borrow::Borrow;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::Hash;

/// Items in the order in which their owners take turns; those of one owner keep their own order. Whoever fills it bounds it, by
/// [`len`](Self::len) and [`give_way`](Self::give_way).
pub struct Turns<K: ?Sized + ToOwned, T> {
    queues: HashMap<K::Owned, VecDeque<T>>,
    /// Owners of items, the one whose turn it is first.
    order: VecDeque<K::Owned>,
    len: usize,
}

impl<K, T> Turns<K, T>
where
    K: ?Sized + ToOwned + Eq + Hash,
    K::Owned: Eq + Hash,
{
    /// Puts an item behind all others of its owner.
    pub fn push(&mut self, owner: &K, item: T) {
        self.len += 1;
        if let Some(queue) = self.queues.get_mut(owner) {
            return queue.push_back(item);
        }
        self.queues.insert(owner.to_owned(), VecDeque::from([item]));
        self.order.push_back(owner.to_owned());
    }

    /// The first item of the owner whose turn it is.
    pub fn pop(&mut self) -> Option<T> {
        let owner = self.order.pop_front()?;
        let queue = self.queues.get_mut(owner.borrow())?;
        let item = queue.pop_front();
        if queue.is_empty() {
            self.queues.remove(owner.borrow());
        } else {
            self.order.push_back(owner);
        }
        self.len -= usize::from(item.is_some());
        item
    }

    /// Makes room for an item of `owner`: the last one of the owner that has most, if that has more than `owner`.
    pub fn give_way(&mut self, owner: &K) -> Option<T> {
        let has = self.queues.get(owner).map_or(0, VecDeque::len);
        let most = self.queues.values_mut().max_by_key(|queue| queue.len())?;
        // It has more than one, so its owner keeps a turn.
        let item = if most.len() > has.max(1) { most.pop_back() } else { None };
        self.len -= usize::from(item.is_some());
        item
    }

    /// The number of items that wait.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no namespace waits for a turn.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<K: ?Sized + ToOwned, T> Default for Turns<K, T>
where
    K::Owned: Eq + Hash,
{
    fn default() -> Self {
        Self { queues: HashMap::new(), order: VecDeque::new(), len: 0 }
    }
}

impl<K: ?Sized + ToOwned, T> fmt::Debug for Turns<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turns").field("len", &self.len).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issue_17_owners_take_turns_and_items_of_one_keep_their_order() {
        let mut turns = Turns::<str, u8>::default();
        [("flood", 1), ("flood", 2), ("flood", 3), ("a", 4), ("b", 5), ("a", 6)]
            .iter()
            .for_each(|(owner, item)| turns.push(owner, *item));
        let mut taken: Vec<u8> = (0..2).filter_map(|_| turns.pop()).collect();
        turns.push("late", 7);
        taken.extend(std::iter::from_fn(|| turns.pop()));
        assert_eq!(taken, [1, 4, 5, 2, 6, 7, 3]);
        assert!(turns.is_empty() && turns.queues.is_empty());
    }

    #[test]
    fn issue_17_who_has_most_gives_way_to_who_has_less_and_to_nobody_else() {
        let mut turns = Turns::<str, u8>::default();
        (1..=3).for_each(|item| turns.push("flood", item));
        turns.push("a", 4);
        assert_eq!(turns.give_way("flood"), None);
        assert_eq!((turns.give_way("a"), turns.give_way("b")), (Some(3), Some(2)));
        assert_eq!((turns.give_way("b"), turns.len()), (None, 2), "who has one keeps it");
        assert_eq!([turns.pop(), turns.pop(), turns.pop()], [Some(1), Some(4), None]);
    }
}
