//! The repository of a commit status: the address of a Provider, checked for a type.

use campanile_domain::Repository;

use super::GitHostError;
use crate::address::{AddressSource, DestinationAddress, HookUrl};
use crate::{ConfigError, Settings};

/// A repository, and how to speak of it to the user.
pub(crate) struct StatusRepository {
    repository: Repository,
    source: AddressSource,
}

impl StatusRepository {
    /// The place that the Provider's address names.
    pub(crate) fn of(settings: &Settings) -> Self {
        Self::at(settings.address.as_str(), settings.address.source())
    }

    /// The place that `address` names, which stands at `source`.
    pub(crate) fn at(address: &str, source: &AddressSource) -> Self {
        Self { repository: Repository::parse(address), source: source.clone() }
    }

    /// The repository's path on its host, decoded.
    pub(crate) fn id(&self) -> &str {
        &self.repository.id
    }

    /// The segments of the repository's path.
    ///
    /// # Errors
    /// [`GitHostError::Repository`] if there are not `N`, or one of them is empty or goes up the path.
    pub(crate) fn segments<const N: usize>(&self, form: &'static str) -> Result<[&str; N], ConfigError> {
        let segments: Vec<&str> = self.id().split('/').collect();
        let sound = segments.iter().all(|segment| !matches!(*segment, "" | "." | ".."));
        let refuse = || ConfigError::from(self.refusal(form));
        if sound { segments.try_into().map_err(|_| refuse()) } else { Err(refuse()) }
    }

    /// That the id is not of the `form` that the type needs. One from a Secret is not shown.
    pub(crate) fn refusal(&self, form: &'static str) -> GitHostError {
        let id = match self.source {
            AddressSource::Spec => self.id().to_owned(),
            AddressSource::Secret(_) => "*****".to_owned(),
        };
        GitHostError::Repository { id, form, place: self.source.clone() }
    }

    /// Where the host's API is reached.
    ///
    /// # Errors
    /// [`ConfigError::Address`] if the host is none that can be dialled.
    pub(crate) fn host(&self) -> Result<HookUrl, ConfigError> {
        DestinationAddress::new(self.repository.host_url.clone(), self.source.clone())
            .hook_url("repository address")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Secrets, credentials, spec};
    use campanile_domain::ProviderSpec;

    fn place(address: &str) -> StatusRepository {
        let spec = ProviderSpec { address: address.into(), secret_ref: None, ..spec("github") };
        StatusRepository::of(&Secrets::default().resolve(&spec).unwrap())
    }

    #[test]
    fn s15_the_number_of_segments_is_checked() {
        assert_eq!(place("https://h/org/repo").segments::<2>("").unwrap(), ["org", "repo"]);
        for address in ["https://h/org", "https://h/a/b/c", "https://h", "https://h/org/..", "https://h/a//b"]
        {
            let error = place(address).segments::<2>("https://HOST/OWNER/REPO").unwrap_err().to_string();
            assert!(error.starts_with("invalid repository id \""), "{error}");
            assert!(error.ends_with("; write spec.address as https://HOST/OWNER/REPO"), "{error}");
        }
    }

    #[test]
    fn item_13_the_address_of_a_page_is_no_repository() {
        for (kind, address) in [
            ("github", "https://github.com/org/repo/tree/main"),
            ("github", "https://github.com/org/repo/pull/7"),
            ("gitlab", "https://gitlab.com/group/project/-/tree/main"),
            ("gitlab", "https://gitlab.com/a/b/c/-/merge_requests"),
            ("gitea", "https://gitea.example/org/repo/src/branch/main"),
            ("bitbucket", "https://bitbucket.org/team/repo/src/main"),
            ("bitbucketserver", "https://git.example/projects/KEY/repos/repo/browse"),
            ("azuredevops", "https://dev.azure.com/org/project/_git/repo/pullrequest/7"),
        ] {
            let spec = ProviderSpec { address: address.into(), ..spec(kind) };
            let token: &[u8] = if kind == "bitbucket" { b"user:password" } else { b"token" };
            let text = credentials(&[("token", token)]).build(&spec).unwrap_err().to_string();
            assert!(text.contains("write spec.address as https://"), "{kind}: {text}");
        }
    }

    #[test]
    fn an_id_from_a_secret_is_not_shown() {
        let settings = credentials(&[("address", b"https://h/hidden/a/b")]).resolve(&spec("github")).unwrap();
        let error = StatusRepository::of(&settings).segments::<2>("x").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hidden"), "{error:?}");
    }

    #[test]
    fn a_host_that_can_not_be_dialled_is_refused() {
        assert_eq!(place("ssh://git@Host.example:22/o/r").host().unwrap().origin(), "https://host.example");
        for address in ["", "org/repo", "ftp://h/o/r", "https:///o/r", "https://h|/o/r"] {
            assert!(place(address).host().unwrap_err().to_string().starts_with("invalid repository address"));
        }
    }
}
