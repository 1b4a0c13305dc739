//! The driver: carries out one exchange, step by step.

use std::time::Duration;

use campanile_domain::{Delivery, Failure, FailureClass, Installation, Notification, ProviderClass, Verdict};
use campanile_providers::{BuiltProvider, CommitStatus, Exchange, Step, quota_pause, shorter};
use campanile_supervision::{Clock, failpoint_quoting};

use crate::memo::{Knowledge, Memo};
use crate::sender::RequestSender;
use crate::{Carrier, TokenSource};

/// Most requests in one exchange. No type needs a tenth of it; an exchange that wants more is broken.
const MOST_STEPS: usize = 64;

/// The driver of an exchange: all that it is carried out with.
pub(crate) struct ExchangeDriver<'a> {
    pub(crate) endpoint: &'a BuiltProvider,
    pub(crate) carrier: &'a dyn Carrier,
    pub(crate) tokens: &'a dyn TokenSource,
    /// None where nothing is to be remembered: a test notification always asks the host.
    pub(crate) memo: Option<&'a Memo>,
    pub(crate) clock: &'a dyn Clock,
    /// The installation that forwards events.
    pub(crate) installation: &'a Installation,
}

/// The signs that an exchange showed of its destination, whatever its verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Observed {
    /// How long the destination takes nothing more from anybody, as its answers say, whatever the verdict.
    pub(crate) quota: Option<Duration>,
    /// Whether the destination answered at all. What was concluded without it says nothing about it.
    pub(crate) answered: bool,
    /// Whether this is one more of the refusals of a destination that takes nothing.
    pub(crate) refuses_all: bool,
}

/// The end of an exchange: the verdict of the type, and what was seen of the destination.
pub(crate) type Conclusion = (Verdict, Observed);

/// The messages of an exchange and what was said of them.
#[derive(Default)]
struct Messages {
    /// The bytes of the longest that was sent.
    longest: usize,
    /// Only shorter ones are sent; any where this is none.
    below: Option<usize>,
    /// Whether the last answer said that its message was too long.
    too_long: bool,
    /// What the header of a forwarded event says.
    hops: Option<String>,
}

/// The end of an exchange in which the destination was not asked.
pub(crate) fn unasked(verdict: Verdict) -> Conclusion {
    (verdict, Observed::default())
}

impl ExchangeDriver<'_> {
    /// Renders `delivery` for its destination and sends what the exchange asks for, to its end.
    pub(crate) async fn drive(&self, delivery: &Delivery) -> Conclusion {
        let (provider, notification) = (&self.endpoint.provider, &Notification::of(delivery));
        match provider.commit_status(notification) {
            Ok(None) => self.tell(delivery, notification).await,
            Ok(Some(status)) => match self.memo {
                Some(memo) => {
                    memo.note_owner(&status, &delivery.event.involved_object, self.clock.now());
                    self.show(&status, memo, notification).await
                }
                None => self.run(provider.exchange(notification)).await,
            },
            Err(failure) => unasked(Verdict::Failed(failure)),
        }
    }

    /// Makes the host show `status`: not at all where it does already, without reading where the memo knows better.
    async fn show(&self, status: &CommitStatus, memo: &Memo, notification: &Notification<'_>) -> Conclusion {
        let provider = &self.endpoint.provider;
        let _open = memo.open(status);
        let concluded = match memo.knowledge(status).await {
            Knowledge::Shown => return unasked(Verdict::Skipped),
            Knowledge::Other => {
                memo.forget(status).await;
                self.run(provider.write(notification)).await
            }
            Knowledge::Unknown => self.run(provider.exchange(notification)).await,
        };
        if matches!(concluded.0, Verdict::Delivered | Verdict::Skipped) {
            memo.remember(status).await;
        }
        concluded
    }

    /// Sends `notification`, and a shorter one if the destination finds it too long. Who wants events whole gets no others.
    async fn tell(&self, delivery: &Delivery, notification: &Notification<'_>) -> Conclusion {
        let is_whole = self.endpoint.kind.class() == ProviderClass::Generic;
        let hops = is_whole.then(|| self.installation.forwards(&delivery.event));
        let (provider, mut messages) = (&self.endpoint.provider, Messages { hops, ..Messages::default() });
        let first = self.send(provider.exchange(notification), &mut messages).await;
        if is_whole || !messages.too_long || !matches!(first, Some((Verdict::Failed(_), _))) {
            return first.unwrap_or_else(endless);
        }
        let shorter = shorter(delivery, messages.longest);
        let mut messages = Messages { below: Some(messages.longest), ..Messages::default() };
        let exchange = provider.exchange(&Notification::of(&shorter));
        let second = self.send(exchange, &mut messages).await;
        second.or(first).unwrap_or_else(endless)
    }

    async fn run(&self, exchange: Result<Box<dyn Exchange>, Failure>) -> Conclusion {
        self.send(exchange, &mut Messages::default()).await.unwrap_or_else(endless)
    }

    /// Carries an exchange out. None if it has no end, or nothing to send that is short enough.
    async fn send(
        &self,
        exchange: Result<Box<dyn Exchange>, Failure>,
        messages: &mut Messages,
    ) -> Option<Conclusion> {
        let mut exchange = match exchange {
            Ok(exchange) => exchange,
            Err(failure) => return Some(unasked(Verdict::Failed(failure))),
        };
        let mut sender =
            RequestSender::new(self.endpoint, self.carrier, self.tokens).forwarding(messages.hops.take());
        let (mut response, mut observed) = (None, Observed::default());
        for _ in 0..MOST_STEPS {
            match exchange.next(response.take(), self.clock.now()) {
                Step::Done(verdict) => return Some((sender.told(verdict), observed)),
                Step::Publish(publication) => {
                    let verdict = match self.carrier.publish(&publication).await {
                        Ok(()) => {
                            observed.answered = true;
                            Verdict::Delivered
                        }
                        Err(failure) => Verdict::Failed(sender.masked(&failure)),
                    };
                    return Some((verdict, observed));
                }
                Step::Send(request) => {
                    if !messages.take(request.body.len()) {
                        return None;
                    }
                    let scope = || format!("{} {:?} {:?}", request.url, request.headers, request.body);
                    failpoint_quoting("request", self.endpoint.kind.name(), scope);
                    match sender.send(request).await {
                        Ok(answer) => {
                            let quota = quota_pause(&answer, self.clock.now());
                            let quota = observed.quota.max(quota);
                            observed = Observed { quota, answered: true, ..observed };
                            messages.too_long = self.endpoint.provider.is_too_long(&answer);
                            response = Some(answer);
                        }
                        Err(failure) => {
                            messages.too_long = false;
                            return Some((Verdict::Failed(sender.masked(&failure)), observed));
                        }
                    }
                }
            }
        }
        None
    }
}

/// The end of an exchange that has none.
fn endless() -> Conclusion {
    let text = format!("finish the exchange within {MOST_STEPS} requests");
    (
        Verdict::Failed(Failure::new(FailureClass::Poison, text)),
        Observed { answered: true, ..Observed::default() },
    )
}

impl Messages {
    /// Takes note of a request with a body of so many bytes. False if it must not be sent.
    fn take(&mut self, bytes: usize) -> bool {
        self.longest = self.longest.max(bytes);
        self.below.is_none_or(|below| bytes < below)
    }
}
