//! The driver: carries out one exchange, step by step.

use std::time::Duration;

use campanile_domain::{Delivery, Failure, FailureClass, Notification, Verdict};
use campanile_providers::{CommitStatus, Endpoint, Exchange, Step, quota_pause};
use campanile_supervision::{Clock, failpoint_quoting};

use crate::memo::{Knowledge, Memo};
use crate::sender::Sender;
use crate::{Carrier, TokenSource};

/// Most requests in one exchange. No type needs a tenth of it; an exchange that wants more is broken.
const MOST_STEPS: usize = 64;

/// What an exchange is carried out with.
pub(crate) struct Driver<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) carrier: &'a dyn Carrier,
    pub(crate) tokens: &'a dyn TokenSource,
    /// None where nothing is to be remembered: a test notification always asks the host.
    pub(crate) memo: Option<&'a Memo>,
    pub(crate) clock: &'a dyn Clock,
}

/// What an exchange showed of its destination, whatever its verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Observed {
    /// How long the destination takes nothing more from anybody, as its answers say, whatever the verdict.
    pub(crate) quota: Option<Duration>,
    /// Whether the destination answered at all. What was concluded without it says nothing about it.
    pub(crate) answered: bool,
}

/// The end of an exchange: the verdict of the type, and what was seen of the destination.
pub(crate) type Conclusion = (Verdict, Observed);

/// The end of an exchange in which the destination was not asked.
pub(crate) fn unasked(verdict: Verdict) -> Conclusion {
    (verdict, Observed::default())
}

impl Driver<'_> {
    /// Renders `delivery` for its destination and sends what the exchange asks for, to its end.
    pub(crate) async fn drive(&self, delivery: &Delivery) -> Conclusion {
        let (provider, notification) = (&self.endpoint.provider, &Notification::of(delivery));
        match provider.commit_status(notification) {
            Ok(None) => self.run(provider.exchange(notification)).await,
            Ok(Some(status)) => match self.memo {
                Some(memo) => self.show(&status, memo, notification).await,
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

    async fn run(&self, exchange: Result<Box<dyn Exchange>, Failure>) -> Conclusion {
        let mut exchange = match exchange {
            Ok(exchange) => exchange,
            Err(failure) => return unasked(Verdict::Failed(failure)),
        };
        let mut sender = Sender::new(self.endpoint, self.carrier, self.tokens);
        let (mut response, mut observed) = (None, Observed::default());
        for _ in 0..MOST_STEPS {
            match exchange.next(response.take(), self.clock.now()) {
                Step::Done(verdict) => return (sender.told(verdict), observed),
                Step::Publish(publication) => {
                    let verdict = match self.carrier.publish(&publication).await {
                        Ok(()) => {
                            observed.answered = true;
                            Verdict::Delivered
                        }
                        Err(failure) => Verdict::Failed(sender.masked(&failure)),
                    };
                    return (verdict, observed);
                }
                Step::Send(request) => {
                    let scope = || format!("{} {:?} {:?}", request.url, request.headers, request.body);
                    failpoint_quoting("request", self.endpoint.kind.name(), scope);
                    match sender.send(request).await {
                        Ok(answer) => {
                            let quota = quota_pause(&answer, self.clock.now());
                            observed = Observed { quota: observed.quota.max(quota), answered: true };
                            response = Some(answer);
                        }
                        Err(failure) => {
                            return (Verdict::Failed(sender.masked(&failure)), observed);
                        }
                    }
                }
            }
        }
        let text = format!("finish the exchange within {MOST_STEPS} requests");
        (Verdict::Failed(Failure::new(FailureClass::Poison, text)), observed)
    }
}
