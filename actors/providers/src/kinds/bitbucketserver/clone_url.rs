//! The address that Bitbucket Server gives for cloning over HTTP: `SCHEME://HOST[/CONTEXT]/scm/PROJECT/REPO[.git]`.

use crate::ConfigError;
use crate::address::{Address, AddressSource};
use crate::commit_status::{GitProblem, Place};
use crate::encoding::segment;

/// What stands between the server's own path and the repository.
const MARK: &str = "/scm/";

/// A clone address, and the repository's place in the API.
pub(super) struct CloneUrl {
    /// Address of the repository in the API.
    pub(super) api: String,
    /// The address itself as a status may publish it: without user-info.
    pub(super) shown: String,
}

impl CloneUrl {
    /// Reads an address. The last `/scm/` counts: the path under which the server runs may have the word as well.
    ///
    /// # Errors
    /// In the order of the contract (providers 23.32): scheme, form, number of segments; and a host that can not be
    /// dialled.
    pub(super) fn read(address: &Address) -> Result<Self, ConfigError> {
        let text = address.as_str();
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return Err(foreign_scheme(scheme, address).into());
        }
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let refuse = || GitProblem::NoCloneUrl(address.source().clone());
        let (server, repository) = rest.rsplit_once(MARK).ok_or_else(refuse)?;
        let place = Place::at(&format!("https://host/{repository}"), address.source());
        let [project, repository] = place.segments("https://HOST/scm/PROJECT/REPO.git")?.map(segment);
        let server = server.rsplit_once('@').map_or(server, |(_, server)| server);
        let own = |tail: &str| Address::new(format!("{scheme}://{server}{tail}"), address.source().clone());
        let api = own(&format!("/rest/api/latest/projects/{project}/repos/{repository}"));
        let api = api.hook_url("repository address")?.as_str().to_owned();
        let shown = text.split_once("://").map_or(text, |(_, rest)| rest);
        let shown = format!("{scheme}://{}", without_user_info(shown));
        Ok(Self { api, shown })
    }
}

fn without_user_info(rest: &str) -> String {
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{host}{path}")
}

/// The scheme of a secret address is not shown: it may be no scheme at all.
fn foreign_scheme(scheme: &str, address: &Address) -> GitProblem {
    let place = address.source().clone();
    let scheme = match place {
        AddressSource::Spec => scheme.to_owned(),
        AddressSource::Secret(_) => "*****".to_owned(),
    };
    GitProblem::Scheme { scheme, place }
}
