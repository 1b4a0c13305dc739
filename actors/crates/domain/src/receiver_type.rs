//! The types of Receivers: one row each (contract, receivers 1.1, 1.3 and 5).

/// The type of a Receiver: who calls, which decides how a call is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReceiverType {
    /// Nothing but the secrecy of the path.
    Generic,
    /// An HMAC of the body.
    GenericHmac,
    /// A token of an OIDC issuer.
    GenericOidc,
    /// GitHub, and Gitea in GitHub's form.
    Github,
    /// GitLab, with a secret token.
    Gitlab,
    /// Bitbucket Server and Data Center, and Cloud with a webhook secret.
    Bitbucket,
    /// Harbor, with an authorization header.
    Harbor,
    /// Docker Hub, without a signature.
    Dockerhub,
    /// Quay, whose webhooks have no signature.
    Quay,
    /// Google Container Registry and Artifact Registry, by Pub/Sub push.
    Gcr,
    /// Nexus Repository, with an HMAC of its own.
    Nexus,
    /// Azure Container Registry, without a signature.
    Acr,
    /// CDEvents over HTTP, without a signature.
    Cdevents,
}

/// The row of a type: what every crate may know of it.
struct Row {
    name: &'static str,
    /// The header that names the event; none if the type ignores `spec.events`.
    event_header: Option<&'static str>,
    /// Whether version `v1beta2` has the type.
    is_old: bool,
}

const fn row(name: &'static str, event_header: Option<&'static str>) -> Row {
    Row { name, event_header, is_old: true }
}

impl ReceiverType {
    /// All of them, in the order of the definition.
    pub const ALL: [Self; 13] = [
        Self::Generic,
        Self::GenericHmac,
        Self::GenericOidc,
        Self::Github,
        Self::Gitlab,
        Self::Bitbucket,
        Self::Harbor,
        Self::Dockerhub,
        Self::Quay,
        Self::Gcr,
        Self::Nexus,
        Self::Acr,
        Self::Cdevents,
    ];

    fn row(self) -> &'static Row {
        match self {
            Self::Generic => &const { row("generic", None) },
            Self::GenericHmac => &const { row("generic-hmac", None) },
            Self::GenericOidc => &const { Row { is_old: false, ..row("generic-oidc", None) } },
            Self::Github => &const { row("github", Some("X-GitHub-Event")) },
            Self::Gitlab => &const { row("gitlab", Some("X-Gitlab-Event")) },
            Self::Bitbucket => &const { row("bitbucket", Some("X-Event-Key")) },
            Self::Harbor => &const { row("harbor", None) },
            Self::Dockerhub => &const { row("dockerhub", None) },
            Self::Quay => &const { row("quay", None) },
            Self::Gcr => &const { row("gcr", None) },
            Self::Nexus => &const { row("nexus", None) },
            Self::Acr => &const { row("acr", None) },
            Self::Cdevents => &const { Row { is_old: false, ..row("cdevents", Some("Ce-Type")) } },
        }
    }

    /// The type that manifests call `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The name of the type in manifests.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The request header that names the event, compared with `spec.events`; none if the type ignores that list.
    pub fn event_header(self) -> Option<&'static str> {
        self.row().event_header
    }

    /// Whether `v1beta2` has the type.
    pub fn is_in_v1beta2(self) -> bool {
        self.row().is_old
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_known_by_its_name() {
        for kind in ReceiverType::ALL {
            assert_eq!(ReceiverType::named(kind.name()), Some(kind));
        }
        assert_eq!(ReceiverType::named("GitHub"), None);
    }
}
