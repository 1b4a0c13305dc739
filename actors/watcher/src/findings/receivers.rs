//! Findings about Receivers that need more than the Receiver: its Secret, and the namespaces of what it names.

use campanile_crds::Rule;
use campanile_domain::{ObjectKey, ReceiverSpec, ReceiverType, Secret};
use campanile_receivers::Receiver;

use super::{Strictness, absent_secret};
use crate::condition::INVALID_EXPRESSION;
use crate::finding::Finding;
use crate::{Loaded, Located};

/// What is wrong with a Receiver beside what is wrong with it alone.
pub(super) fn findings(
    loaded: &Loaded,
    receiver: &Located<ReceiverSpec>,
    strictness: Strictness,
) -> Vec<Finding> {
    let (spec, object) = (&receiver.value, format!("Receiver/{}", receiver.value.key));
    let mut found: Vec<Finding> = broken_expression(receiver, &object).into_iter().collect();
    if let Some(key) = spec.secret_key() {
        found.extend(absent_secret(loaded, strictness, &receiver.position, &object, ("secretRef", &key)));
        if let Some(secret) = loaded.secrets.get(&key) {
            found.extend(missing_keys(receiver, &object, &key, &secret.value));
        }
    }
    if strictness.no_cross_namespace_refs {
        found.extend(foreign_resources(receiver, &object));
    }
    found
}

/// An expression that does not compile. Other violations are said by the place where they are.
fn broken_expression(receiver: &Located<ReceiverSpec>, object: &str) -> Option<Finding> {
    receiver.violation.as_ref()?;
    let invalid = Receiver::compile(receiver.value.clone()).err()?;
    let is_expression = invalid.reason() == INVALID_EXPRESSION;
    let message = format!("{invalid}; correct the expression");
    is_expression.then(|| Finding::error(Rule::Filter, receiver.position.place(), object, message))
}

/// The keys without which no request verifies (contract, receivers 5 and 5.2).
fn missing_keys(
    receiver: &Located<ReceiverSpec>,
    object: &str,
    key: &ObjectKey,
    secret: &Secret,
) -> Vec<Finding> {
    let is_gcr = receiver.value.kind() == Some(ReceiverType::Gcr);
    let further: &[&str] = if is_gcr { &["email", "audience"] } else { &[] };
    let is_there =
        |name: &str| secret.data.get(name).is_some_and(|value| name == "token" || !value.is_empty());
    let missing = ["token"].iter().chain(further).filter(|name| !is_there(name));
    let finding = |name: &&str| {
        let message =
            format!("secret '{key}' has no '{name}', so no request verifies; add the key '{name}' to it");
        let place = receiver.position.of_reference("secretRef");
        Finding::error(Rule::ReceiverSecret, place, object, message)
    };
    missing.map(finding).collect()
}

/// Resources in another namespace, where a Receiver may name none.
fn foreign_resources(receiver: &Located<ReceiverSpec>, object: &str) -> Vec<Finding> {
    let own = &*receiver.value.key.namespace;
    let namespaces = receiver.value.resources.iter().map(|resource| resource.namespace.as_deref());
    let foreign = namespaces.enumerate().filter_map(|(index, namespace)| Some((index, namespace?)));
    let finding = |(index, namespace): (usize, &str)| {
        let message = format!(
            "spec.resources[{index}].namespace is '{namespace}', and --no-cross-namespace-refs allows '{own}' alone; move the \
             Receiver there"
        );
        Finding::error(Rule::CrossNamespace, receiver.position.place(), object, message)
    };
    foreign.filter(|(_, namespace)| *namespace != own).map(finding).collect()
}
