//! The driver: carries out one exchange, step by step.

use std::time::Duration;

use campanile_domain::{Delivery, Failure, FailureClass, Verdict};
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

/// What came of an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Driven {
    /// What became of the delivery.
    pub(crate) verdict: Verdict,
    /// How long the destination takes nothing more from anybody, as its answers say, whatever the verdict.
    pub(crate) quota: Option<Duration>,
    /// Whether the destination answered at all. What was concluded without it says nothing about it.
    pub(crate) answered: bool,
}

impl From<Verdict> for Driven {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, quota: None, answered: false }
    }
}

impl Driver<'_> {
    /// Renders `delivery` for its destination, sends what the exchange asks for, and returns what came of it.
    pub(crate) async fn drive(&self, delivery: &Delivery) -> Driven {
        let provider = &self.endpoint.provider;
        match provider.commit_status(delivery) {
            Ok(None) => self.run(provider.exchange(delivery)).await,
            Ok(Some(status)) => match self.memo {
                Some(memo) => self.show(&status, memo, delivery).await,
                None => self.run(provider.exchange(delivery)).await,
            },
            Err(failure) => Verdict::Failed(failure).into(),
        }
    }

    /// Makes the host show `status`: not at all where it does already, without reading where the memo knows better.
    async fn show(&self, status: &CommitStatus, memo: &Memo, delivery: &Delivery) -> Driven {
        let provider = &self.endpoint.provider;
        let driven = match memo.knowledge(status).await {
            Knowledge::Shown => return Verdict::Skipped.into(),
            Knowledge::Other => {
                memo.forget(status).await;
                self.run(provider.write(delivery)).await
            }
            Knowledge::Unknown => self.run(provider.exchange(delivery)).await,
        };
        if matches!(driven.verdict, Verdict::Delivered | Verdict::Skipped) {
            memo.remember(status).await;
        }
        driven
    }

    async fn run(&self, exchange: Result<Box<dyn Exchange>, Failure>) -> Driven {
        let mut exchange = match exchange {
            Ok(exchange) => exchange,
            Err(failure) => return Verdict::Failed(failure).into(),
        };
        let mut sender = Sender::new(self.endpoint, self.carrier, self.tokens);
        let (mut response, mut quota, mut answered) = (None, None, false);
        for _ in 0..MOST_STEPS {
            match exchange.next(response.take(), self.clock.now()) {
                Step::Done(verdict) => return Driven { verdict: sender.told(verdict), quota, answered },
                Step::Publish(publication) => {
                    let (verdict, answered) = match self.carrier.publish(&publication).await {
                        Ok(()) => (Verdict::Delivered, true),
                        Err(failure) => (Verdict::Failed(sender.masked(&failure)), answered),
                    };
                    return Driven { verdict, quota, answered };
                }
                Step::Send(request) => {
                    let scope = || format!("{} {:?} {:?}", request.url, request.headers, request.body);
                    failpoint_quoting("request", self.endpoint.kind.name(), scope);
                    match sender.send(request).await {
                        Ok(answer) => {
                            quota = quota.max(quota_pause(&answer, self.clock.now()));
                            (response, answered) = (Some(answer), true);
                        }
                        Err(failure) => {
                            let verdict = Verdict::Failed(sender.masked(&failure));
                            return Driven { verdict, quota, answered };
                        }
                    }
                }
            }
        }
        let text = format!("finish the exchange within {MOST_STEPS} requests");
        Driven { verdict: Verdict::Failed(Failure::new(FailureClass::Poison, text)), quota, answered }
    }
}
