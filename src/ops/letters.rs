//! Which dead letters a request means: some by id, those of a Provider, or all.

use campanile_domain::IdTexts;
use campanile_outbox::{BrowseFilter, DeliveryView};
use campanile_protocol::ObjectTable;
use serde::{Deserialize, Serialize};

use super::View;
use super::error::ApiError;
use super::key::object_key;
use super::pick::{DEAD_LETTERS, UntouchedDelivery, pick};
use super::provider::{has_provider, no_provider};

/// Which dead letters: exactly one of these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LetterRequest {
    /// Their ids, or beginnings of them that are unique.
    pub ids: Vec<String>,
    /// All of one Provider, as `namespace/name`.
    pub provider: Option<String>,
    /// Whether all dead letters are meant.
    pub all: bool,
}

/// The dead letters of a request.
#[derive(Debug)]
pub(super) struct Letters {
    pub(super) found: Vec<DeliveryView>,
    /// What was asked for and names no dead letter, or several.
    pub(super) refused: Vec<UntouchedDelivery>,
}

impl Letters {
    /// The dead letters that `request` names.
    pub(super) async fn of(
        request: &LetterRequest,
        view: &View,
        table: &ObjectTable,
    ) -> Result<Self, ApiError> {
        let named = [!request.ids.is_empty(), request.provider.is_some(), request.all];
        if named.iter().filter(|named| **named).count() != 1 {
            return Err(ApiError::bad_request("read the request: name either ids, or a provider, or all"));
        }
        let provider = request.provider.as_deref().map(|text| object_key("provider", text)).transpose()?;
        let ids = (!request.ids.is_empty()).then(|| IdTexts::new(&request.ids));
        let selection =
            BrowseFilter { dead: true, provider: provider.clone(), ids, ..BrowseFilter::default() };
        let found = view.outbox.list(selection).await.map_err(ApiError::unavailable)?;
        match provider {
            Some(key) if found.is_empty() && !has_provider(table, &key) => Err(no_provider(&key)),
            _ if request.ids.is_empty() => Ok(Self { found, refused: Vec::new() }),
            _ => {
                let (found, refused) = pick(&request.ids, found, &DEAD_LETTERS);
                Ok(Self { found, refused })
            }
        }
    }
}
