//! The versions of Alert, Provider and Receiver and what differs between them (contract, control plane 1.1 to 1.5, receivers 1,
//! flux-2.10 1).

use campanile_domain::{KindVersion, ProviderType};

/// The API group of Alert, Provider and Receiver.
pub const GROUP: &str = "notification.toolkit.fluxcd.io";

/// A version in which Alerts and Providers are written, oldest first. All but `v1beta1` have the same fields, bounds and
/// types, as the definitions in `deploy/crds`, which do not have that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// The oldest version that is served.
    V1beta1,
    /// The version in which objects have a status.
    V1beta2,
    /// The one that is stored unless the administrator chooses `v1`; Flux 2.9 and older have none that is newer.
    V1beta3,
    /// The one since Flux 2.10.
    V1,
}

impl Version {
    /// The version that manifests call `name`.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "v1beta1" => Some(Self::V1beta1),
            "v1beta2" => Some(Self::V1beta2),
            "v1beta3" => Some(Self::V1beta3),
            "v1" => Some(Self::V1),
            _ => None,
        }
    }

    /// The same for a kind; Receiver went from `v1beta2` to `v1`.
    pub fn of_kind(kind: &str, name: &str) -> Option<Self> {
        Self::named(name).filter(|version| kind != "Receiver" || *version != Self::V1beta3)
    }

    /// The name of the version in manifests, such as `v1beta3`.
    pub fn name(self) -> &'static str {
        match self {
            Self::V1beta1 => "v1beta1",
            Self::V1beta2 => "v1beta2",
            Self::V1beta3 => "v1beta3",
            Self::V1 => "v1",
        }
    }

    /// The longest name and namespace of an event source, in characters.
    pub(crate) fn longest_name(self) -> usize {
        if self == Self::V1beta1 { 53 } else { 253 }
    }

    /// The version with which a provider type came in Flux.
    pub(crate) fn introducing(provider_type: ProviderType) -> Self {
        match provider_type.since() {
            KindVersion::V1beta1 => Self::V1beta1,
            KindVersion::V1beta2 => Self::V1beta2,
            KindVersion::V1beta3 => Self::V1beta3,
            KindVersion::V1 => Self::V1,
        }
    }
}
