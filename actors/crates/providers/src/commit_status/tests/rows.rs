//! One Provider of each type, and what is to be seen of it on the wire, by the types' samples.

use std::ops::Deref;

use campanile_domain::{ProviderClass, ProviderType};

use crate::commit_status::script::at;
use crate::sample::{Sample, StatusExample};
use crate::{BuiltProvider, Provider};

/// A type, one Provider of it, and what is to be seen on the wire.
pub(super) struct Row {
    pub(super) kind: &'static str,
    example: StatusExample,
}

pub(super) const KEY: &str = "dfbdde19098ffc25b398f33cc01d36690866ac7b";

/// All types that write commit statuses.
pub(super) fn rows() -> Vec<Row> {
    let written = ProviderType::all().filter(|kind| kind.class() == ProviderClass::CommitStatus);
    let row = |kind: ProviderType| {
        let form = Sample::of(kind).status.expect("the sample says what a status looks like");
        Row { kind: kind.name(), example: form.example }
    };
    written.map(row).collect()
}

impl Deref for Row {
    type Target = StatusExample;

    fn deref(&self) -> &StatusExample {
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
}
