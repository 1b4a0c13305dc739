//! The streak of refusals of one Provider: whether its destination takes nothing at all, though no table knows its words.
//!
//! One message that is refused says something about that message. Several in a row, about more than one object and with no success
//! between them, say something about the Provider: from then on they wait, and the queue is probed as in an outage.

use std::sync::Arc;

use campanile_domain::{Delivery, Failure, FailureClass, ProviderClass, Verdict};

use crate::drive::Conclusion;

/// The refusals since the last success.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    count: u32,
    /// The lane of the first.
    first: Option<Arc<str>>,
    /// Whether they were about several objects.
    several: bool,
}

impl Refusals {
    /// Takes note of how the exchange of `delivery` ended. The conclusion says so if it is one more refusal of a destination that
    /// refused `most` in a row or more. Only messages to people and incident tools count: what is refused of a commit or an
    /// event that is forwarded says nothing about others.
    pub(crate) fn note(
        &mut self,
        class: ProviderClass,
        (verdict, mut observed): Conclusion,
        delivery: &Delivery,
        most: u32,
    ) -> Conclusion {
        match &verdict {
            Verdict::Delivered if observed.answered => *self = Self::default(),
            Verdict::Failed(failure)
                if observed.answered
                    && failure.class == FailureClass::Rejected
                    && class == ProviderClass::Message =>
            {
                self.count(&delivery.plan.lane);
                if self.several && self.count >= most {
                    observed.refuses_all = true;
                    return (Verdict::Failed(all_refused(failure)), observed);
                }
            }
            _ => {}
        }
        (verdict, observed)
    }

    fn count(&mut self, lane: &Arc<str>) {
        self.count = self.count.saturating_add(1);
        let first = self.first.get_or_insert_with(|| lane.clone());
        self.several |= first != lane;
    }
}

fn all_refused(failure: &Failure) -> Failure {
    let text = format!(
        "the destination takes no message at all; correct the Provider, or what its Alerts add: {failure}"
    );
    Failure::new(failure.class, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::{Observed, unasked};
    use campanile_domain::{DeliveryId, NewDelivery};
    use campanile_testkit::{event, new_delivery, noon};

    fn delivery(lane: &str) -> Delivery {
        Delivery {
            id: DeliveryId::numbered(1),
            event: Arc::new(event()),
            plan: NewDelivery { lane: lane.into(), ..new_delivery() },
            accepted_at: noon(),
            attempts: 0,
        }
    }

    fn ended(verdict: Verdict) -> Conclusion {
        (verdict, Observed { answered: true, ..Observed::default() })
    }

    fn refused() -> Conclusion {
        ended(Verdict::Failed(Failure::new(
            FailureClass::Rejected,
            "request failed with status code 400: no",
        )))
    }

    fn noted(refusals: &mut Refusals, class: ProviderClass, concluded: Conclusion, lane: &str) -> bool {
        refusals.note(class, concluded, &delivery(lane), 5).1.refuses_all
    }

    const CHAT: ProviderClass = ProviderClass::Message;

    #[test]
    fn i16_6_five_refusals_in_a_row_of_two_objects_are_about_the_provider() {
        let mut refusals = Refusals::default();
        let all: Vec<bool> =
            ["a", "b", "a", "a", "a", "b"].map(|lane| noted(&mut refusals, CHAT, refused(), lane)).into();
        assert_eq!(all, [false, false, false, false, true, true]);
        let (verdict, _) = refusals.note(CHAT, refused(), &delivery("a"), 5);
        let Verdict::Failed(failure) = verdict else { panic!("{verdict:?}") };
        assert!(failure.message.ends_with("request failed with status code 400: no"), "{failure}");
    }

    #[test]
    fn i16_6_one_object_alone_a_success_or_another_class_is_none() {
        let mut refusals = Refusals::default();
        assert!((0..20).all(|_| !noted(&mut refusals, CHAT, refused(), "a")), "it may be about that object");
        assert!(noted(&mut refusals, CHAT, refused(), "b"));
        assert!(!noted(&mut refusals, CHAT, ended(Verdict::Delivered), "b"));
        assert!(!noted(&mut refusals, CHAT, refused(), "b"), "a success begins anew");
        let mut refusals = Refusals::default();
        for number in 0..20 {
            let lane = number.to_string();
            assert!(!noted(&mut refusals, ProviderClass::CommitStatus, refused(), &lane));
            let unrendered = unasked(Verdict::Failed(Failure::new(FailureClass::Render, "no")));
            assert!(!noted(&mut refusals, CHAT, unrendered, &lane));
            let down = ended(Verdict::Failed(Failure::new(FailureClass::Server, "no")));
            assert!(!noted(&mut refusals, CHAT, down, &lane));
        }
    }
}
