//! A bound on what is said of one event: of hundreds of Alerts with the same trouble the first ones are named.

use std::collections::HashMap;

use crate::{Dropped, OwnerNotice};

/// Most notices, and most Alerts that were dropped, that are told one by one of one event for the Alerts of a namespace. Each
/// Alert's status shows its own trouble.
pub(super) const FEW: usize = 16;

/// Things that each concern one Alert.
pub(super) trait OfAlert {
    fn namespace(&self) -> &str;
}

impl OfAlert for OwnerNotice {
    fn namespace(&self) -> &str {
        &self.alert.key.namespace
    }
}

impl OfAlert for Dropped {
    fn namespace(&self) -> &str {
        &self.alert.key.namespace
    }
}

/// The first [`FEW`] of each namespace, in their order, and how many more there are.
pub(super) fn few_of_each_namespace<'a, T: OfAlert>(
    all: impl IntoIterator<Item = &'a T>,
) -> (Vec<&'a T>, usize) {
    let mut all = all.into_iter();
    let mut few: Vec<&T> = all.by_ref().take(FEW).collect();
    if few.len() < FEW {
        return (few, 0);
    }
    let (mut counts, mut more) = (HashMap::<&str, usize>::new(), 0);
    few.iter().for_each(|one| *counts.entry(one.namespace()).or_default() += 1);
    for one in all {
        let count = counts.entry(one.namespace()).or_default();
        *count += 1;
        if *count <= FEW {
            few.push(one);
        } else {
            more += 1;
        }
    }
    (few, more)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use campanile_domain::{Alert, ObjectKey};
    use campanile_testkit::alert;

    use super::*;
    use crate::DropReason;

    #[test]
    fn issue_15_a_namespace_with_many_bad_alerts_hides_none_of_another() {
        let of = |namespace: &str, number: usize| Dropped {
            alert: Arc::new(Alert { key: ObjectKey::new(namespace, format!("a{number}")), ..alert() }),
            reason: DropReason::FanOut,
        };
        let mut all: Vec<Dropped> = (0..1000).map(|number| of("evil", number)).collect();
        all.push(of("sound", 0));
        let (few, more) = few_of_each_namespace(&all);
        assert_eq!((few.len(), few[FEW].namespace()), (FEW + 1, "sound"));
        assert_eq!(more, 1000 - FEW);
        let (few, more) = few_of_each_namespace(&all[..3]);
        assert_eq!((few.len(), more), (3, 0));
    }
}
