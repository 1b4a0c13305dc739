//! 12. A line break behind a credential changes no request; only keys that sign are taken whole.

use campanile_domain::{Delivery, ProviderSpec, Publication};
use campanile_testkit::noon;

use super::all;
use super::every::{complete, settings};
use crate::Step;
use crate::testing::{credentials, error};

/// The first step of a delivery, with what is behind each value of the Secret and the texts of the spec.
fn first_step(
    spec: &ProviderSpec,
    data: &[(&'static str, String)],
    behind: &str,
    delivery: &Delivery,
) -> Step {
    let data: Vec<(&str, Vec<u8>)> =
        data.iter().map(|(key, value)| (*key, format!("{value}{behind}").into_bytes())).collect();
    let data: Vec<(&str, &[u8])> = data.iter().map(|(key, value)| (*key, value.as_slice())).collect();
    let spec = ProviderSpec {
        channel: format!("{}{behind}", spec.channel),
        username: format!("{}{behind}", spec.username),
        address: format!("{}{behind}", spec.address),
        ..spec.clone()
    };
    let endpoint =
        credentials(&data).build(&spec).unwrap_or_else(|error| panic!("{}: {error}", spec.type_name));
    endpoint.provider.begin(delivery).unwrap().next(None, noon())
}

/// Whether a request carries a signature of its body.
fn is_signed(step: &Step) -> bool {
    matches!(step, Step::Send(request) if request.headers.iter().any(|(name, _)| name == "X-Signature"))
}

#[test]
fn item_15_a_line_break_behind_a_credential_changes_no_request() {
    let delivery = complete(error());
    let mut signed = 0;
    for case in all() {
        let (spec, data) = settings(case);
        let plain = first_step(&spec, &data, "", &delivery);
        for behind in ["\n", "\r\n", "\n\n"] {
            let with_break = first_step(&spec, &data, behind, &delivery);
            if is_signed(&plain) {
                signed += 1;
                assert_ne!(with_break, plain, "{}: the key is taken whole", case.name);
            } else if let (Step::Publish(Publication { payload, .. }), Step::Publish(other)) =
                (&plain, &with_break)
            {
                assert_eq!(other.payload, *payload, "{}", case.name);
            } else {
                assert_eq!(with_break, plain, "{} {behind:?}", case.name);
            }
        }
    }
    assert!(signed > 0, "a type signs");
}

#[test]
fn item_15_spaces_of_a_password_stay() {
    let spec = crate::testing::spec("alertmanager");
    let spec = ProviderSpec { address: "https://h/api/v2/alerts/".into(), ..spec };
    let data = |password: &str| [("username", "u".to_owned()), ("password", password.to_owned())];
    let delivery = error();
    assert_ne!(
        first_step(&spec, &data("p "), "", &delivery),
        first_step(&spec, &data("p"), "", &delivery),
        "a space may belong to a password"
    );
    assert_eq!(
        first_step(&spec, &data("p "), "\r\n", &delivery),
        first_step(&spec, &data("p "), "", &delivery)
    );
}
