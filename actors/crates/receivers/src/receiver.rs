//! A Receiver that is ready to judge requests: its expressions are compiled.

use std::sync::Arc;

use campanile_cel::{CelError, Expression, Want};
use campanile_domain::{ReceiverSpec, ReceiverType};

use crate::Invalid;
use crate::oidc::{self, Issuer};

/// The names that filters know; `claims` for tokens of issuers alone (contract, receivers 8.2).
const NAMES: [&str; 3] = ["res", "req", "claims"];

/// A Receiver of one generation, its expressions compiled.
#[derive(Debug)]
pub struct Receiver {
    spec: Arc<ReceiverSpec>,
    kind: Option<ReceiverType>,
    resource_filter: Option<Expression>,
    /// One for each entry of `spec.resources`.
    filters: Box<[Option<Expression>]>,
    issuers: Box<[Issuer]>,
}

impl Receiver {
    /// Checks `spec` and compiles its expressions, in the order of the contract (receivers 2.2, step 5). A type that this
    /// program does not know is no error here: each request to it is refused.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn compile(spec: Arc<ReceiverSpec>) -> Result<Self, Invalid> {
        let kind = spec.kind();
        let takes_tokens = kind == Some(ReceiverType::GenericOidc);
        let names = if takes_tokens { &NAMES[..] } else { &NAMES[..2] };
        let compiled = Self::filtering(spec, kind, names)?;
        check_fields(&compiled.spec, takes_tokens)?;
        let issuers = oidc::compile(&compiled.spec.oidc_providers)?;
        Ok(Self { issuers, ..compiled })
    }

    /// A Receiver that has filters and verifies nothing.
    ///
    /// # Errors
    /// If a filter does not compile.
    pub(crate) fn of_filters(spec: Arc<ReceiverSpec>) -> Result<Self, Invalid> {
        Self::filtering(spec, None, &NAMES)
    }

    /// Compiles the filters, which know these names.
    fn filtering(
        spec: Arc<ReceiverSpec>,
        kind: Option<ReceiverType>,
        names: &[&str],
    ) -> Result<Self, Invalid> {
        let filter = |text: &Option<String>| compile(text.as_deref(), names);
        let resource_filter = filter(&spec.resource_filter).map_err(Invalid::ResourceFilter)?;
        let filters = spec.resources.iter().enumerate().map(|(index, entry)| {
            filter(&entry.filter).map_err(|cause| Invalid::Filter {
                index,
                kind: entry.kind.clone(),
                name: entry.name.clone(),
                cause,
            })
        });
        let filters = filters.collect::<Result<_, _>>()?;
        Ok(Self { spec, kind, resource_filter, filters, issuers: Box::default() })
    }

    /// The Receiver as it was written.
    pub fn spec(&self) -> &Arc<ReceiverSpec> {
        &self.spec
    }

    pub(crate) fn kind(&self) -> Option<ReceiverType> {
        self.kind
    }

    pub(crate) fn issuers(&self) -> &[Issuer] {
        &self.issuers
    }

    /// Whether anything asks for the body.
    pub(crate) fn has_filters(&self) -> bool {
        self.resource_filter.is_some() || self.filters.iter().any(Option::is_some)
    }

    /// The filters that a resource of this entry must pass, in order.
    pub(crate) fn filters(&self, entry: usize) -> impl Iterator<Item = &Expression> {
        let own = self.filters.get(entry).and_then(Option::as_ref);
        self.resource_filter.as_ref().into_iter().chain(own)
    }
}

fn compile(text: Option<&str>, names: &[&str]) -> Result<Option<Expression>, CelError> {
    text.filter(|text| !text.is_empty()).map(|text| Expression::compile(text, names, Want::Bool)).transpose()
}

/// The four rules between fields, which an API server may not know (contract, receivers 1.1).
fn check_fields(spec: &ReceiverSpec, takes_tokens: bool) -> Result<(), Invalid> {
    let (has_issuers, has_secret) = (!spec.oidc_providers.is_empty(), spec.secret_ref.is_some());
    let rules = [
        (takes_tokens && !has_issuers, "generic-oidc receiver requires at least one oidcProvider"),
        (!takes_tokens && has_issuers, "oidcProviders can only be set when type is generic-oidc"),
        (takes_tokens && has_secret, "secretRef cannot be set when type is generic-oidc"),
        (!takes_tokens && !has_secret, "secretRef is required when type is not generic-oidc"),
    ];
    rules.into_iter().find(|(broken, _)| *broken).map_or(Ok(()), |(_, text)| Err(Invalid::Fields(text)))
}
