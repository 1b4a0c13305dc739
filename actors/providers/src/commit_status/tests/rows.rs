//! The types, one Provider of each, and what is to be seen on the wire.

use crate::commit_status::script::{Data, at};
use crate::{Endpoint, Provider};

/// A type, one Provider of it, and what is to be seen on the wire.
pub(super) struct Row {
    pub(super) kind: &'static str,
    address: &'static str,
    pub(super) secret: Data<'static>,
    pub(super) login: (&'static str, &'static str),
    /// Method and URL, where `HASH` stands for the commit.
    pub(super) read: &'static str,
    pub(super) write: &'static str,
    /// The answer to reading when example E is shown.
    pub(super) shown: &'static str,
    /// What a host with another status answers.
    pub(super) other: &'static str,
}

pub(super) const KEY: &str = "dfbdde19098ffc25b398f33cc01d36690866ac7b";

pub(super) static ROWS: &[Row] = &[
    Row {
        kind: "github",
        address: "http://u:p@ghe.example:8080/org/repo.git",
        secret: &[("token", b"ghp_token\n")],
        login: ("authorization", "Bearer ghp_token"),
        read: "GET http://ghe.example:8080/api/v3/repos/org/repo/commits/HASH/statuses?per_page=50",
        write: "POST http://ghe.example:8080/api/v3/repos/org/repo/statuses/HASH",
        shown: r#"[{"context":"other","state":"success","description":"x"},
            {"context":"CONTEXT","state":"failure","description":"health check failed"}]"#,
        other: r#"[{"context":"CONTEXT","state":"success","description":"health check failed"}]"#,
    },
    Row {
        kind: "gitlab",
        address: "git@gitlab.example:org/sub.group/repo.git",
        secret: &[("token", b"glpat-token")],
        login: ("private-token", "glpat-token"),
        read: "GET https://gitlab.example/api/v4/projects/org%2Fsub%2Egroup%2Frepo/repository/commits/HASH/statuses\
               ?name=kustomization%2Fpodinfo%2F0c9c2e41",
        write: "POST https://gitlab.example/api/v4/projects/org%2Fsub%2Egroup%2Frepo/statuses/HASH",
        shown: r#"[{"sha":"HASH","status":"success","name":"CONTEXT","description":"x"},
            {"sha":"HASH","status":"failed","name":"CONTEXT","description":"health check failed"}]"#,
        other: r#"[{"sha":"HASH","status":"failed","name":"CONTEXT","description":null}]"#,
    },
    Row {
        kind: "gitea",
        address: "https://gitea.example/org/repo/",
        secret: &[("username", b"flux"), ("password", b"gitea-token")],
        login: ("authorization", "token gitea-token"),
        read: "GET https://gitea.example/api/v1/repos/org/repo/commits/HASH/statuses?limit=50&page=1",
        write: "POST https://gitea.example/api/v1/repos/org/repo/statuses/HASH",
        shown: r#"[{"context":"CONTEXT","status":"failure","description":"health check failed"},
            {"context":"CONTEXT","status":"success","description":"older"}]"#,
        other: r#"[{"context":"CONTEXT","status":"success","description":"health check failed"}]"#,
    },
    Row {
        kind: "bitbucketserver",
        address: "https://bitbucket.example.com/scm/fleet/infra.git",
        secret: &[("username", b"flux"), ("password", b"bitbucket-password")],
        login: ("authorization", "Basic Zmx1eDpiaXRidWNrZXQtcGFzc3dvcmQ="),
        read: "GET https://bitbucket.example.com/rest/api/latest/projects/fleet/repos/infra/commits/HASH/builds?key=KEY",
        write: "POST https://bitbucket.example.com/rest/api/latest/projects/fleet/repos/infra/commits/HASH/builds",
        shown: r#"{"key":"KEY","state":"FAILED","description":"health check failed",
            "name":"kustomization/podinfo [health check failed]"}"#,
        other: r#"{"key":"KEY","state":"FAILED","description":"health check failed","name":"else"}"#,
    },
    Row {
        kind: "bitbucket",
        address: "ssh://git@bitbucket.org/org/repo.git",
        secret: &[("token", b"flux:app-password")],
        login: ("authorization", "Basic Zmx1eDphcHAtcGFzc3dvcmQ="),
        read: "GET https://api.bitbucket.org/2.0/repositories/org/repo/commit/HASH/statuses/build/KEY",
        write: "POST https://api.bitbucket.org/2.0/repositories/org/repo/commit/HASH/statuses/build",
        shown: r#"{"key":"KEY","state":"FAILED","description":"health check failed"}"#,
        other: r#"{"key":"KEY","state":"SUCCESSFUL","description":"health check failed"}"#,
    },
    Row {
        kind: "azuredevops",
        address: "https://dev.azure.com/Org/My%20Project/_git/My.Repo",
        secret: &[("token", b"azure-pat")],
        login: ("authorization", "Basic OmF6dXJlLXBhdA=="),
        read: "GET https://dev.azure.com/org/My%20Project/_apis/git/repositories/My.Repo/commits/HASH/statuses\
               ?latestOnly=true&top=50&skip=0",
        write: "POST https://dev.azure.com/org/My%20Project/_apis/git/repositories/My.Repo/commits/HASH/statuses",
        shown: r#"{"count":2,"value":[
            {"context":{"genre":"fluxcd","name":"CONTEXT"},"state":"succeeded","description":"x"},
            {"context":{"genre":"fluxcd:podinfo impacted","name":"CONTEXT"},"state":"error",
             "description":"health check failed"}]}"#,
        other: r#"{"count":1,"value":[{"context":{"genre":"fluxcd","name":"CONTEXT"},"state":"error",
            "description":"health check failed"}]}"#,
    },
];

impl Row {
    pub(super) fn endpoint(&self) -> Endpoint {
        at(self.kind, self.address, self.secret)
    }

    pub(super) fn provider(&self) -> Box<dyn Provider> {
        self.endpoint().provider
    }
}
