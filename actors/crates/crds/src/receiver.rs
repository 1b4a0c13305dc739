//! Receiver in v1beta1, v1beta2 and v1 (contract, receivers 1.1 and 1.3).

use campanile_domain::{
    NOTIFY, OidcProvider, OidcValidation, OidcVariable, ReceiverResource, ReceiverSpec, ReceiverType,
};
use serde_json::Value as Json;

use crate::checker::Checker;
use crate::duration::{self, Hours};
use crate::{Map, Metadata, Version};

/// Fields of `spec` that came with v1.
pub(crate) const LATER_FIELDS: &[&str] = &["resourceFilter", "oidcProviders"];

/// Reads `spec`. What a version does not have is ignored, as the API server prunes it. The rules between fields and those of
/// the list of issuers are no violations here: with them the object is read, and its status says which is broken.
pub(crate) fn read(
    metadata: &Metadata<'_>,
    spec: &Map,
    version: Version,
    checker: &mut Checker,
) -> ReceiverSpec {
    let newest = version == Version::V1;
    checker.demand(spec, "resources");
    if !newest {
        checker.demand(spec, "secretRef");
    }
    ReceiverSpec {
        key: metadata.key.clone(),
        uid: metadata.uid.clone(),
        generation: metadata.generation,
        type_name: type_name(spec, version, checker),
        interval: if version > Version::V1beta1 { interval(spec, checker) } else { None },
        events: checker.texts(spec, "events"),
        resources: resources(spec, version, checker),
        resource_filter: if newest { filled(spec, "resourceFilter", checker) } else { None },
        secret_ref: checker.reference(spec, "secretRef"),
        oidc_providers: if newest { oidc_providers(spec, checker) } else { Vec::new() },
        suspend: checker.flag(spec, "suspend"),
        notify: metadata.annotation(NOTIFY) == Some("true"),
    }
}

/// The names of the types that a version has.
pub(crate) fn types(version: Version) -> impl Iterator<Item = &'static str> {
    let has = move |kind: &ReceiverType| version == Version::V1 || kind.is_in_v1beta2();
    ReceiverType::ALL.into_iter().filter(has).map(ReceiverType::name)
}

fn type_name(spec: &Map, version: Version, checker: &mut Checker) -> String {
    let name = checker.required(spec, "type");
    if spec.get("type").is_some_and(Json::is_string) && !types(version).any(|known| known == name) {
        let types = types(version).collect::<Vec<_>>().join(", ");
        checker
            .add("type", format!("is '{name}', which {} does not have; use one of {types}", version.name()));
    }
    name.to_owned()
}

fn interval(spec: &Map, checker: &mut Checker) -> Option<std::time::Duration> {
    let parsed = duration::parse(checker.text(spec, "interval")?, Hours::Allowed);
    if parsed.is_none() {
        checker.add("interval", "must be a duration in ms, s, m or h, for example 1m30s");
    }
    parsed
}

/// A text; none if it is absent or empty.
fn filled(map: &Map, key: &'static str, checker: &mut Checker) -> Option<String> {
    checker.text(map, key).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn resources(spec: &Map, version: Version, checker: &mut Checker) -> Vec<ReceiverResource> {
    items(spec, "resources", "must be a mapping with kind and name", checker, |entry, checker| {
        // Any kind: others bring their own, and the definition in the cluster says which it takes.
        checker.nonempty(entry, "kind");
        checker.demand(entry, "name");
        ReceiverResource {
            api_version: filled(entry, "apiVersion", checker),
            kind: entry.get("kind").and_then(Json::as_str).unwrap_or_default().to_owned(),
            name: checker.name(entry, "name", version.longest_name()).unwrap_or_default(),
            namespace: checker.name(entry, "namespace", version.longest_name()),
            match_labels: checker.text_map(entry, "matchLabels"),
            filter: if version == Version::V1 { filled(entry, "filter", checker) } else { None },
        }
    })
}

fn oidc_providers(spec: &Map, checker: &mut Checker) -> Vec<OidcProvider> {
    let what = "must be a mapping with issuerURL and validations";
    items(spec, "oidcProviders", what, checker, |entry, checker| {
        let text = |key, checker: &mut Checker| checker.text(entry, key).unwrap_or_default().to_owned();
        OidcProvider {
            issuer_url: text("issuerURL", checker),
            audience: filled(entry, "audience", checker),
            variables: items(
                entry,
                "variables",
                "must be a mapping with name and expression",
                checker,
                variable,
            ),
            validations: items(
                entry,
                "validations",
                "must be a mapping with expression and message",
                checker,
                validation,
            ),
        }
    })
}

fn variable(entry: &Map, checker: &mut Checker) -> OidcVariable {
    let mut text = |key| checker.text(entry, key).unwrap_or_default().to_owned();
    OidcVariable { name: text("name"), expression: text("expression") }
}

fn validation(entry: &Map, checker: &mut Checker) -> OidcValidation {
    let mut text = |key| checker.text(entry, key).unwrap_or_default().to_owned();
    OidcValidation { expression: text("expression"), message: text("message") }
}

/// Reads each item of a list of mappings; `what` is said of one that is none.
fn items<T>(
    map: &Map,
    key: &'static str,
    what: &str,
    checker: &mut Checker,
    read: impl Fn(&Map, &mut Checker) -> T,
) -> Vec<T> {
    let items = checker.list(map, key);
    checker.within(key, |checker| {
        let item = |(index, item): (usize, &Json)| match item.as_object() {
            Some(entry) => Some(checker.within(index, |checker| read(entry, checker))),
            None => {
                checker.add(index, what);
                None
            }
        };
        items.iter().enumerate().filter_map(item).collect()
    })
}
