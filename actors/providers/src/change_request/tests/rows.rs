//! The types, one Provider of each, and what is to be seen on the wire.

use campanile_domain::{Delivery, Event, Method, NewDelivery};

use crate::commit_status::script::{Data, at};
use crate::testing::{error, info};
use crate::{Endpoint, Provider};

/// A type, one Provider of it, and what is to be seen on the wire.
pub(super) struct Row {
    pub(super) kind: &'static str,
    pub(super) address: &'static str,
    pub(super) secret: Data<'static>,
    pub(super) login: (&'static str, &'static str),
    /// Method and URL of what is sent, `ID` and `NUMBER` standing for those of the comment.
    pub(super) account: &'static str,
    pub(super) list: &'static str,
    pub(super) create: &'static str,
    pub(super) update: &'static str,
    pub(super) update_method: Method,
    pub(super) prefix: &'static str,
}

pub(super) static ROWS: &[Row] = &[
    Row {
        kind: "githubpullrequestcomment",
        address: "https://ghe.example:8443/org/repo.git",
        secret: &[("token", b"ghp_token\n")],
        login: ("authorization", "Bearer ghp_token"),
        account: "GET https://ghe.example:8443/api/v3/user",
        list: "GET https://ghe.example:8443/api/v3/repos/org/repo/issues/NUMBER/comments?direction=asc&per_page=100&sort=created",
        create: "POST https://ghe.example:8443/api/v3/repos/org/repo/issues/NUMBER/comments",
        update: "PATCH https://ghe.example:8443/api/v3/repos/org/repo/issues/comments/ID",
        update_method: Method::Patch,
        prefix: "flux-pr-comment-key",
    },
    Row {
        kind: "gitlabmergerequestcomment",
        address: "ssh://git@gitlab.example/org/sub.group/repo.git",
        secret: &[("username", b"flux"), ("password", b"glpat-token")],
        login: ("private-token", "glpat-token"),
        account: "GET https://gitlab.example/api/v4/user",
        list: "GET https://gitlab.example/api/v4/projects/org%2Fsub%2Egroup%2Frepo/merge_requests/NUMBER/notes\
               ?order_by=created_at&per_page=100&sort=asc",
        create: "POST https://gitlab.example/api/v4/projects/org%2Fsub%2Egroup%2Frepo/merge_requests/NUMBER/notes",
        update: "PUT https://gitlab.example/api/v4/projects/org%2Fsub%2Egroup%2Frepo/merge_requests/NUMBER/notes/ID",
        update_method: Method::Put,
        prefix: "flux-mr-comment-key",
    },
    Row {
        kind: "giteapullrequestcomment",
        address: "http://gitea.example:3000/org/repo",
        secret: &[("token", b"gitea-token")],
        login: ("authorization", "token gitea-token"),
        account: "GET http://gitea.example:3000/api/v1/user",
        list: "GET http://gitea.example:3000/api/v1/repos/org/repo/issues/NUMBER/comments?limit=100&page=1",
        create: "POST http://gitea.example:3000/api/v1/repos/org/repo/issues/NUMBER/comments",
        update: "PATCH http://gitea.example:3000/api/v1/repos/org/repo/issues/comments/ID",
        update_method: Method::Patch,
        prefix: "flux-pr-comment-key",
    },
];

impl Row {
    pub(super) fn endpoint(&self) -> Endpoint {
        at(self.kind, self.address, self.secret)
    }

    pub(super) fn provider(&self) -> Box<dyn Provider> {
        self.endpoint().provider
    }

    /// A line of the table about comment `id` of change request `number`.
    pub(super) fn line(line: &str, number: u64, id: u64) -> String {
        line.replace("NUMBER", &number.to_string()).replace("ID", &id.to_string())
    }
}

/// `delivery` for the change request that `value` names.
pub(super) fn on(value: &str, delivery: Delivery) -> Delivery {
    let mut metadata = delivery.plan.metadata;
    metadata.insert("change_request".to_owned(), value.to_owned());
    Delivery { plan: NewDelivery { metadata, ..delivery.plan }, ..delivery }
}

/// The contract's example E on change request 42.
pub(super) fn failed() -> Delivery {
    on("42", error())
}

/// The contract's example I on change request 42.
pub(super) fn success() -> Delivery {
    on("42", info())
}

/// Example I with another message.
pub(super) fn saying(message: &str) -> Delivery {
    let event = Event { message: message.into(), ..Event::clone(&info().event) };
    Delivery { event: event.into(), ..success() }
}

/// Example I about another object.
pub(super) fn about(name: &str) -> Delivery {
    let mut event = Event::clone(&info().event);
    event.involved_object.name = name.into();
    Delivery { event: event.into(), ..success() }
}
