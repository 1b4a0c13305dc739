//! Provider in v1beta1, v1beta2, v1beta3 and v1 (contract, control plane 1.5, providers 1).

use std::time::Duration;

use campanile_domain::{ProviderClass, ProviderSpec, ProviderType};

use crate::checker::Checker;
use crate::duration::{self, Hours};
use crate::{Map, Metadata, Version};

/// The longest address, channel, user name and proxy, in characters.
const LONGEST: usize = 2048;

/// Fields that version `v1beta1` does not have.
pub(crate) const LATER_FIELDS: &[&str] =
    &["interval", "proxySecretRef", "serviceAccountName", "commitStatusExpr"];

/// Reads `spec`. A type that this program does not know is no violation here: it must not hide the Provider.
pub(crate) fn read(
    metadata: &Metadata<'_>,
    spec: &Map,
    version: Version,
    checker: &mut Checker,
) -> ProviderSpec {
    let later = version > Version::V1beta1;
    let type_name = checker.required(spec, "type").to_owned();
    if later {
        duration(spec, "interval", Hours::Allowed, checker);
    }
    let commit_status_expr = if later { expression(spec, &type_name, checker) } else { None };
    let object = commit_status_expr.as_ref().map(|_| metadata.written()).unwrap_or_default();
    ProviderSpec {
        key: metadata.key.clone(),
        uid: metadata.uid.clone(),
        generation: metadata.generation,
        address: address(spec, version, checker),
        channel: checker.bounded(spec, "channel", LONGEST),
        username: checker.bounded(spec, "username", LONGEST),
        timeout: duration(spec, "timeout", Hours::Refused, checker),
        proxy: proxy(spec, version, checker),
        secret_ref: checker.reference(spec, "secretRef"),
        cert_secret_ref: checker.reference(spec, "certSecretRef"),
        proxy_secret_ref: if later { checker.reference(spec, "proxySecretRef") } else { None },
        service_account: match later {
            true => checker.object_name_or_none(spec, "serviceAccountName"),
            false => String::new(),
        },
        suspend: checker.flag(spec, "suspend"),
        commit_status_expr,
        type_name,
        object,
    }
}

fn address(spec: &Map, version: Version, checker: &mut Checker) -> String {
    if version > Version::V1beta1 {
        return checker.bounded(spec, "address", LONGEST);
    }
    let address = checker.text(spec, "address");
    if address.is_some_and(|address| !is_web(address)) {
        checker.add("address", "must start with http:// or https:// in v1beta1; use v1 for other addresses");
    }
    address.unwrap_or_default().to_owned()
}

fn proxy(spec: &Map, version: Version, checker: &mut Checker) -> String {
    let longest = if version > Version::V1beta1 { LONGEST } else { usize::MAX };
    let proxy = checker.bounded(spec, "proxy", longest);
    if spec.get("proxy").is_some_and(serde_json::Value::is_string)
        && (!is_web(&proxy) || proxy.contains('\n'))
    {
        checker.add("proxy", "must start with http:// or https:// and be one line");
    }
    proxy
}

fn is_web(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

fn duration(spec: &Map, key: &'static str, hours: Hours, checker: &mut Checker) -> Option<Duration> {
    let text = checker.text(spec, key)?;
    let parsed = duration::parse(text, hours);
    if parsed.is_none() {
        let units = if hours == Hours::Allowed { "ms, s, m or h" } else { "ms, s or m" };
        checker.add(key, format!("must be a duration in {units}, for example 1m30s"));
    }
    parsed
}

fn expression(spec: &Map, type_name: &str, checker: &mut Checker) -> Option<String> {
    let expression = checker.text(spec, "commitStatusExpr")?;
    if !with_expression().any(|kind| kind.name() == type_name) {
        let types = with_expression().map(|kind| format!("'{}'", kind.name())).collect::<Vec<_>>().join(", ");
        checker.add("commitStatusExpr", format!("is only supported for the {types} provider types"));
    }
    Some(expression.to_owned()).filter(|expression| !expression.is_empty())
}

/// Types that may carry `commitStatusExpr`: those that write commit statuses.
fn with_expression() -> impl Iterator<Item = ProviderType> {
    ProviderType::all().filter(|kind| kind.class() == ProviderClass::CommitStatus)
}
