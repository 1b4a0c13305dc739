//! Reviews of tokens: one for all requests that have the same token, a share for each peer, and a time.
//!
//! A token that was good in the last ten minutes is always reviewed again, whoever asks for how much: otherwise the holder of one that
//! was taken back could make it last by a flood of others.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use campanile_domain::ObjectKey;
use campanile_protocol::{ReviewToken, TokenOwner};
use parking_lot::Mutex;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{Instant, timeout};

use super::Reviewer;
use super::known::{KnownTokens, TokenHash};
use super::verdict::{Sender, SenderVerdict};

/// Reviews that the API server has at once.
const ABREAST: usize = 32;

/// Tokens that are being reviewed or wait for it.
const MOST_OPEN: usize = 256;

/// The same of one peer's address: a quarter of what goes on at once, so that who sends wrong tokens holds up nobody else.
const MOST_OF_PEER: usize = 8;

/// How long a request waits for a review. Storing its event may take three seconds more, and senders give up after five.
const PATIENCE: Duration = Duration::from_millis(1500);

type Found = Result<Sender, SenderVerdict>;

/// Reviews tokens, and knows what was found. Workers share it.
#[derive(Debug)]
pub(super) struct Reviews {
    reviewer: Reviewer,
    controllers: Arc<HashSet<ObjectKey>>,
    desk: Arc<Mutex<Desk>>,
    abreast: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Desk {
    known: KnownTokens,
    /// Who waits for each review.
    open: HashMap<TokenHash, Vec<oneshot::Sender<Found>>>,
    peers: HashMap<IpAddr, usize>,
}

impl Reviews {
    pub(super) fn new(reviewer: Reviewer, controllers: HashSet<ObjectKey>) -> Self {
        let abreast = Arc::new(Semaphore::new(ABREAST));
        Self { reviewer, controllers: Arc::new(controllers), desk: Arc::default(), abreast }
    }

    /// Tokens that are known, and reviews that are open.
    pub(super) fn counts(&self) -> (usize, usize) {
        let desk = self.desk.lock();
        (desk.known.len(), desk.open.len())
    }

    /// What is known of a token already. This is all that an event costs whose sender was heard of in the last minute.
    pub(super) fn known(&self, token: &str) -> Option<Found> {
        self.desk.lock().known.fresh(&TokenHash::of(token), Instant::now())
    }

    /// Has a token reviewed, for a request of `peer`. Without an answer in time counts what was known before.
    pub(super) async fn review(&self, token: &str, peer: IpAddr) -> Found {
        let hash = TokenHash::of(token);
        if let Some(answer) = self.wait_for(hash, token, peer.to_canonical())
            && let Ok(Ok(found)) = timeout(PATIENCE, answer).await
        {
            return found;
        }
        self.desk.lock().known.stale(&hash, Instant::now()).ok_or(SenderVerdict::NotReviewed)
    }

    /// Joins the review of a token, or begins one; none if there are too many and the token is new.
    fn wait_for(&self, hash: TokenHash, token: &str, peer: IpAddr) -> Option<oneshot::Receiver<Found>> {
        let (sender, receiver) = oneshot::channel();
        let mut desk = self.desk.lock();
        if let Some(waiting) = desk.open.get_mut(&hash) {
            waiting.push(sender);
            return Some(receiver);
        }
        let of_peer = desk.peers.get(&peer).copied().unwrap_or(0);
        let is_new = desk.known.stale(&hash, Instant::now()).is_none();
        if is_new && (desk.open.len() >= MOST_OPEN || of_peer >= MOST_OF_PEER) {
            return None;
        }
        desk.open.insert(hash, vec![sender]);
        desk.peers.insert(peer, of_peer + 1);
        drop(desk);
        let open = OpenReview { desk: self.desk.clone(), hash, peer };
        self.begin(open, token.to_owned());
        Some(receiver)
    }

    /// Asks the API server beside the requests that wait: one that leaves takes the answer from no other.
    fn begin(&self, open: OpenReview, token: String) {
        let Reviewer { link, audience } = self.reviewer.clone();
        let (abreast, controllers) = (self.abreast.clone(), self.controllers.clone());
        actix_rt::spawn(async move {
            let answer = timeout(PATIENCE, async {
                let _place = abreast.acquire().await.ok()?;
                link.ask(ReviewToken { token, audience }).await.ok()?.ok()
            });
            if let Ok(Some(owner)) = answer.await {
                open.close(&found(owner, &controllers));
            }
        });
    }
}

fn found(owner: TokenOwner, controllers: &HashSet<ObjectKey>) -> Found {
    match owner {
        TokenOwner::Account(account) if controllers.contains(&account) => Ok(Sender::Controller(account)),
        TokenOwner::Account(account) => Ok(Sender::Account(account)),
        TokenOwner::User => Err(SenderVerdict::NoAccount),
        TokenOwner::Nobody => Err(SenderVerdict::WrongToken),
    }
}

/// A review that is open until this is dropped; without an answer those who wait hear nothing.
struct OpenReview {
    desk: Arc<Mutex<Desk>>,
    hash: TokenHash,
    peer: IpAddr,
}

impl OpenReview {
    fn close(self, found: &Found) {
        let mut desk = self.desk.lock();
        desk.known.found(self.hash, found.clone(), Instant::now());
        for waiting in desk.open.remove(&self.hash).unwrap_or_default() {
            // Whoever left does not wait for it any more.
            drop(waiting.send(found.clone()));
        }
    }
}

impl Drop for OpenReview {
    fn drop(&mut self) {
        let mut desk = self.desk.lock();
        desk.open.remove(&self.hash);
        if let Some(count) = desk.peers.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                desk.peers.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use actix::{Actor, Context, Handler, ResponseFuture};
    use campanile_protocol::ReviewError;
    use campanile_supervision::Link;

    use super::*;

    /// What the API server says of every token but those that it never answers for.
    struct FakeWatcher(Arc<Mutex<Result<TokenOwner, ReviewError>>>);

    impl Actor for FakeWatcher {
        type Context = Context<Self>;
    }

    impl Handler<ReviewToken> for FakeWatcher {
        type Result = ResponseFuture<Result<TokenOwner, ReviewError>>;

        fn handle(&mut self, question: ReviewToken, _: &mut Self::Context) -> Self::Result {
            let answer = self.0.lock().clone();
            let is_silent = question.token.starts_with("silent");
            Box::pin(async move { if is_silent { pending().await } else { answer } })
        }
    }

    fn web() -> ObjectKey {
        ObjectKey::new("apps", "web")
    }

    fn reviews() -> (Arc<Reviews>, Arc<Mutex<Result<TokenOwner, ReviewError>>>) {
        let (link, answer) = (Link::new(), Arc::new(Mutex::new(Ok(TokenOwner::Account(web())))));
        link.point_at(&FakeWatcher(answer.clone()).start());
        let reviewer = Reviewer { link, audience: "campanile".to_owned() };
        (Arc::new(Reviews::new(reviewer, HashSet::new())), answer)
    }

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    async fn pass(seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    #[test]
    fn issue_17_a_flood_does_not_make_a_token_last_that_was_taken_back() {
        campanile_testkit::run(|_ward| async move {
            let (reviews, answer) = reviews();
            assert_eq!(reviews.review("good", PEER).await, Ok(Sender::Account(web())));
            *answer.lock() = Ok(TokenOwner::Nobody);
            pass(61).await;
            for number in 0..MOST_OF_PEER {
                let reviews = reviews.clone();
                actix_rt::spawn(async move { reviews.review(&format!("silent {number}"), PEER).await });
            }
            while reviews.counts().1 < MOST_OF_PEER {
                tokio::task::yield_now().await;
            }
            assert_eq!(
                reviews.review("new", PEER).await,
                Err(SenderVerdict::NotReviewed),
                "the share is used up"
            );
            assert_eq!(reviews.review("good", PEER).await, Err(SenderVerdict::WrongToken));
        });
    }

    #[test]
    fn issue_17_without_an_api_server_a_sender_is_believed_for_ten_minutes() {
        campanile_testkit::run(|_ward| async move {
            let (reviews, answer) = reviews();
            assert_eq!(reviews.review("good", PEER).await, Ok(Sender::Account(web())));
            *answer.lock() = Err(ReviewError::NoCluster);
            pass(61).await;
            assert_eq!(reviews.known("good"), None);
            assert_eq!(reviews.review("good", PEER).await, Ok(Sender::Account(web())));
            assert_eq!(reviews.review("new", PEER).await, Err(SenderVerdict::NotReviewed));
            pass(540).await;
            assert_eq!(reviews.review("good", PEER).await, Err(SenderVerdict::NotReviewed));
            assert_eq!(reviews.counts().1, 0);
        });
    }
}
