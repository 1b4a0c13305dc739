//! The subscribers of a watcher. One that cannot be reached is behind until it was sent the whole state.

use campanile_protocol::Changes;
use campanile_supervision::Link;

struct Subscriber {
    link: Link<Changes>,
    /// Whether it missed a batch.
    behind: bool,
}

/// All subscribers of a watcher.
pub(crate) struct Subscribers(Vec<Subscriber>);

impl Subscribers {
    pub(crate) fn new(links: Vec<Link<Changes>>) -> Self {
        Self(links.into_iter().map(|link| Subscriber { link, behind: false }).collect())
    }

    /// Tells all who have missed nothing yet; nobody is waited for.
    pub(crate) fn publish(&mut self, news: &Changes) {
        for subscriber in &mut self.0 {
            subscriber.behind = subscriber.behind || subscriber.link.send(news.clone()).is_err();
        }
    }

    /// Has the whole state sent to all, the next time that they [`catch_up`](Self::catch_up).
    pub(crate) fn mark_all_behind(&mut self) {
        self.0.iter_mut().for_each(|subscriber| subscriber.behind = true);
    }

    /// Sends the whole state to those who are behind.
    pub(crate) fn catch_up(&mut self, whole: impl Fn() -> Changes) {
        for subscriber in self.0.iter_mut().filter(|subscriber| subscriber.behind) {
            subscriber.behind = subscriber.link.send(whole()).is_err();
        }
    }
}
