//! Secret (core/v1): `data` in base64, `stringData` as it is; a null in either is an empty value.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use campanile_domain::Secret;

use crate::checker::{Checker, owned};
use crate::{Map, Metadata};

/// Reads both forms; of a key in both, `stringData` wins.
pub(crate) fn read(metadata: &Metadata<'_>, root: &Map, checker: &mut Checker) -> Secret {
    let mut secret = Secret {
        key: metadata.key.clone(),
        type_name: checker.text(root, "type").unwrap_or_default().to_owned(),
        data: std::collections::BTreeMap::new(),
    };
    for (key, encoded) in checker.text_map_with_nulls(root, "data") {
        let folded: String = encoded.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
        match STANDARD.decode(folded) {
            Ok(value) => {
                secret.data.insert(key, value);
            }
            Err(_) => checker.within("data", |checker| {
                checker
                    .add(owned(&key), "is not base64; encode the value, or put it under stringData as it is");
            }),
        }
    }
    let plain = checker.text_map_with_nulls(root, "stringData");
    secret.data.extend(plain.into_iter().map(|(key, value)| (key, value.into_bytes())));
    secret
}
