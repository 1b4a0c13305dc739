//! 15. What a destination finds too long all the same is known by its words, and a shorter message can be made of it. The caller
//!     sends that once.

use campanile_domain::{Event, ProviderClass, Severity};
use campanile_testkit::event;

use super::all;
use super::every::{complete, endpoint, first_written};
use crate::sample::BodyForm;
use crate::testing::{answer, delivery};

#[test]
fn m15_i16_7_every_type_knows_too_long_and_has_something_shorter_to_say() {
    let forwards = |class| matches!(class, ProviderClass::Generic | ProviderClass::CommitStatus);
    let message = "resource is not ready: 12345 ÄÖÜ; ".repeat(3_000);
    let event = Event { message, severity: Severity::Error, ..event() };
    let value = "v".repeat(3_000);
    let long = complete(delivery(event, &[("a", &value), ("b", &value), ("summary", "s")]));
    let is_text = |case: &super::Case| case.sample.body != BodyForm::Spans && !forwards(case.kind.class());
    for case in all().filter(is_text) {
        let kind = case.name;
        let said = answer(413, &[], "");
        assert!(endpoint(case).provider.is_too_long(&said), "{kind}");
        let first = first_written(case, &long);
        let second = first_written(case, &crate::shorter(&long, first.body.len()));
        let (first, second) = (first.body.len(), second.body.len());
        assert!(second < first || !case.sample.says_cut, "{kind}: {first} and {second}");
    }
}
