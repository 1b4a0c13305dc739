//! One Provider of each type, and what is to be seen of it on the wire, by the types' samples.

use std::ops::Deref;

use campanile_domain::{Delivery, Event, NewDelivery, ProviderClass, ProviderType};

use crate::commit_status::script::at;
use crate::sample::{CommentExample, Sample};
use crate::testing::{error, info};
use crate::{BuiltProvider, Provider};

/// A type, one Provider of it, and what is to be seen on the wire.
pub(super) struct Row {
    pub(super) kind: &'static str,
    example: CommentExample,
}

/// All types that comment on change requests.
pub(super) fn rows() -> Vec<Row> {
    let commenting = ProviderType::all().filter(|kind| kind.class() == ProviderClass::ChangeRequest);
    let row = |kind: ProviderType| {
        let example = Sample::of(kind).comment.expect("the sample says how a comment is written");
        Row { kind: kind.name(), example }
    };
    commenting.map(row).collect()
}

impl Deref for Row {
    type Target = CommentExample;

    fn deref(&self) -> &CommentExample {
        &self.example
    }
}

impl Row {
    pub(super) fn endpoint(&self) -> BuiltProvider {
        at(self.kind, self.address, self.secret)
    }

    pub(super) fn provider(&self) -> Box<dyn Provider> {
        self.endpoint().provider
    }

    /// A line of the table about comment `id` of change request `number`.
    pub(super) fn line(line: &str, number: u64, id: u64) -> String {
        line.replace("NUMBER", &number.to_string()).replace("ID", &id.to_string())
    }
}

/// `delivery` for the change request that `value` names.
pub(super) fn on(value: &str, delivery: Delivery) -> Delivery {
    let mut metadata = delivery.plan.metadata;
    metadata.insert("change_request".to_owned(), value.to_owned());
    Delivery { plan: NewDelivery { metadata, ..delivery.plan }, ..delivery }
}

/// The contract's example E on change request 42.
pub(super) fn failed() -> Delivery {
    on("42", error())
}

/// The contract's example I on change request 42.
pub(super) fn success() -> Delivery {
    on("42", info())
}

/// Example I with another message.
pub(super) fn saying(message: &str) -> Delivery {
    let event = Event { message: message.into(), ..Event::clone(&info().event) };
    Delivery { event: event.into(), ..success() }
}

/// Example I about another object.
pub(super) fn about(name: &str) -> Delivery {
    let mut event = Event::clone(&info().event);
    event.involved_object.name = name.into();
    Delivery { event: event.into(), ..success() }
}
