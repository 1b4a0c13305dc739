//! Issuers whose tokens `generic-oidc` takes, and what is demanded of the claims (contract, receivers 6).

mod claims;

use std::collections::HashSet;

use campanile_cel::{Expression, Want};
use campanile_domain::OidcProvider;

use crate::Invalid;

pub(crate) use claims::ClaimsError;

/// The audience of tokens where the Receiver names none.
const AUDIENCE: &str = "notification-controller";

/// An entry of `spec.oidcProviders`, its expressions compiled.
#[derive(Debug)]
pub(crate) struct Issuer {
    pub(crate) url: String,
    pub(crate) audience: String,
    /// Name and expression, in order.
    variables: Box<[(String, Expression)]>,
    /// Expression and what to say if it is false.
    validations: Box<[(Expression, String)]>,
}

/// Compiles the entries: first what is missing in any, then the expressions (contract, receivers 2.2 d, e).
///
/// # Errors
/// The first thing that is wrong.
pub(crate) fn compile(providers: &[OidcProvider]) -> Result<Box<[Issuer]>, Invalid> {
    let mut seen = HashSet::new();
    for (index, provider) in providers.iter().enumerate() {
        check(provider, &mut seen).map_err(|what| Invalid::Provider { index, what })?;
    }
    providers.iter().enumerate().map(|(index, provider)| issuer(index, provider)).collect()
}

fn check<'p>(provider: &'p OidcProvider, seen: &mut HashSet<&'p str>) -> Result<(), String> {
    let url = provider.issuer_url.as_str();
    if url.is_empty() {
        return Err(": issuerURL is required".to_owned());
    }
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(format!(": issuerURL \"{url}\" must start with http:// or https://"));
    }
    if !seen.insert(url) {
        return Err(format!(": duplicate issuerURL \"{url}\""));
    }
    check_expressions(provider).map_err(|what| format!(" (issuerURL=\"{url}\"): {what}"))
}

fn check_expressions(provider: &OidcProvider) -> Result<(), String> {
    if provider.validations.is_empty() {
        return Err("at least one validation is required; without validations any caller able to obtain a token from this \
                    issuer can trigger the Receiver"
            .to_owned());
    }
    for (index, variable) in provider.variables.iter().enumerate() {
        if variable.name.is_empty() {
            return Err(format!("variables[{index}]: name is required"));
        }
        if variable.expression.is_empty() {
            return Err(format!("variables[{index}] (name=\"{}\"): expression is required", variable.name));
        }
    }
    for (index, validation) in provider.validations.iter().enumerate() {
        if validation.expression.is_empty() {
            return Err(format!("validations[{index}]: expression is required"));
        }
        if validation.message.is_empty() {
            return Err(format!("validations[{index}]: message is required"));
        }
    }
    Ok(())
}

fn issuer(index: usize, provider: &OidcProvider) -> Result<Issuer, Invalid> {
    let compile = |text: &str, want, what: &dyn Fn() -> String| {
        Expression::compile(text, &["claims", "vars"], want).map_err(|cause| Invalid::Expression {
            index,
            issuer: provider.issuer_url.clone(),
            what: what(),
            cause,
        })
    };
    let variables = provider.variables.iter().map(|variable| {
        let what = || format!("variable \"{}\"", variable.name);
        Ok((variable.name.clone(), compile(&variable.expression, Want::Any, &what)?))
    });
    let validations = provider.validations.iter().map(|validation| {
        let what = || format!("validation \"{}\"", validation.message);
        Ok((compile(&validation.expression, Want::Bool, &what)?, validation.message.clone()))
    });
    let audience = provider.audience.as_deref().filter(|audience| !audience.is_empty()).unwrap_or(AUDIENCE);
    Ok(Issuer {
        url: provider.issuer_url.clone(),
        audience: audience.to_owned(),
        variables: variables.collect::<Result<_, _>>()?,
        validations: validations.collect::<Result<_, _>>()?,
    })
}
