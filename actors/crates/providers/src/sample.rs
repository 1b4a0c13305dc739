//! Samples: a Provider of each type as tests use it, and what is to be seen of it at its destination.
//!
//! Each type's file has one. From it derive the cases of the compliance kit, the walk for secrets, the destinations of
//! recorded events, what `explain` is tried with, and the table of limits in the documentation. It says only what cannot be
//! learned by running the type. Of the program itself only `campanile demo --manifests` uses them, to answer as a destination does.

mod git;
mod limit;

pub use git::{CommentExample, StatusExample, StatusForm};
pub use limit::{CHOSEN, Limit, Measure, REFUSED};

use crate::Refusal;

/// A Provider of a type, and what is to be seen of it.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Template of the address, see [`filled`].
    pub address: &'static str,
    /// Templates of more addresses, of which the type makes something else.
    pub also_at: &'static [&'static str],
    /// Template of the URL that a message is sent to; that of the address where it is empty. What is behind its end is a key
    /// of the message.
    pub url: &'static str,
    /// The channel of the sample's Provider.
    pub channel: &'static str,
    /// Whether the channel is a secret too.
    pub has_secret_channel: bool,
    /// Logins that let it in, the usual one first.
    pub logins: &'static [LoginForm],
    /// The host that it sends to, whatever its address says; none where the address decides.
    pub fixed_host: Option<&'static str>,
    /// The way in which a message goes out.
    pub sends: Sends,
    /// The form of a message's body.
    pub body: BodyForm,
    /// Status and body of the answer to a message that is taken.
    pub taken: (u16, &'static str),
    /// Status and body of the answer of a Git host that is asked for what it does not have.
    pub absent: (u16, &'static str),
    /// What of all events becomes a message; the type's class decides the rest.
    pub tells: Tells,
    /// How the destination reads text.
    pub markup: Markup,
    /// JSON pointers to the places that show plain text where the rest is markup.
    pub plain_places: &'static [&'static str],
    /// What its destination says in words of its own; none where the status tells all.
    pub refusals: &'static [Refusal],
    /// The limits that a message keeps to; none where events go out whole.
    pub limits: &'static [Limit],
    /// Whether a message that was cut says so in its text.
    pub says_cut: bool,
    /// Pointers to the places that may hold empty texts, `*` for those of a list: fields that need not be there, and what the
    /// contract has as it is.
    pub may_be_empty: &'static [&'static str],
    /// The key by which the destination knows a message again; none where its API takes none.
    pub key: Option<RepeatKey>,
    /// The form of a commit's status; none for other types.
    pub status: Option<StatusForm>,
    /// A comment on a change request on the wire; none for other types.
    pub comment: Option<CommentExample>,
}

/// The keys of a Secret that let a Provider in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginForm {
    /// The key `token`, made by this template.
    Token(&'static str),
    /// The keys `username` and `password`.
    Pair,
    /// The address alone; a token beside it would be another login.
    Address,
    /// The keys of a GitHub App.
    App,
    /// A key of a Google service account as `token`.
    ServiceAccount,
}

/// How a message goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sends {
    /// One request to one URL.
    Request,
    /// One or several requests that only the type's own tests know.
    Exchange,
    /// The delivery is a publication on NATS.
    Publication,
}

/// The form of a message's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyForm {
    /// The body is one JSON text.
    Json,
    /// So many JSON texts, one a line. The message is the last.
    Lines(usize),
    /// A form of so many pairs.
    Form(usize),
    /// Spans of OTLP in protobuf.
    Spans,
}

/// The events that become a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tells {
    /// The type takes every event.
    All,
    /// What happened to applied revisions, as spans.
    Spans,
    /// The begin and the end of incidents, nothing of work under way.
    Incidents,
    /// As well, and a change beside each end.
    IncidentsAndChanges,
}

/// The markup by which a destination reads the text of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Markup {
    /// The type sends text as it is.
    Plain,
    /// Not at all: it gets the event itself.
    Verbatim,
    /// As markup, in which these must not stand where an event's sender wrote them.
    Forbids(&'static [&'static str]),
}

/// The key by which a destination knows a message again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RepeatKey {
    /// The place of the key in a request.
    pub place: KeyPlace,
    /// The part of a delivery that the key stands for.
    pub scope: KeyScope,
}

/// The places of a key in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// In the JSON text of the message, at this pointer.
    Body(&'static str),
    /// The key stands in this header.
    Header(&'static str),
    /// At the end of the URL.
    Url,
    /// In the ids of a span.
    Span,
}

/// The scope of a key: what it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyScope {
    /// The key stands for one delivery.
    Delivery,
    /// All errors of one object.
    Object,
    /// All errors of one object, and what ends them.
    Incident,
}

/// `template` with `origin`, `secret` and `token` in the places that are kept for them: `{scheme}` and `{host}`, `{secret}`,
/// `{token}`.
pub fn filled(template: &str, origin: &str, secret: &str, token: &str) -> String {
    let (scheme, host) = origin.split_once("://").unwrap_or(("https", origin));
    template
        .replace("{scheme}", scheme)
        .replace("{host}", host)
        .replace("{secret}", secret)
        .replace("{token}", token)
}

impl Sample {
    /// A webhook: one request with a JSON body to an address that is a secret, let in by a token where it asks for one.
    pub const fn webhook(markup: Markup, limits: &'static [Limit]) -> Self {
        Self {
            address: "{scheme}://{host}/services/T0/{secret}?sig={secret}",
            also_at: &[],
            url: "",
            channel: "general",
            has_secret_channel: false,
            logins: &[LoginForm::Token("{secret}")],
            fixed_host: None,
            sends: Sends::Request,
            body: BodyForm::Json,
            taken: (200, r#"{"ok":true,"id":1}"#),
            absent: (200, "[]"),
            tells: Tells::All,
            markup,
            plain_places: &[],
            refusals: &[],
            limits,
            says_cut: true,
            may_be_empty: &[],
            key: None,
            status: None,
            comment: None,
        }
    }

    /// A type whose address is a repository on a Git host.
    pub const fn repository(markup: Markup, limits: &'static [Limit]) -> Self {
        let address = "{scheme}://{host}/{secret}/repo";
        Self { address, sends: Sends::Exchange, ..Self::webhook(markup, limits) }
    }

    /// A Git host that shows `status` of commits.
    pub const fn commit_status(status: StatusForm, limits: &'static [Limit]) -> Self {
        let may_be_empty = &["/description", "/target_url"];
        Self {
            status: Some(status),
            says_cut: false,
            may_be_empty,
            ..Self::repository(Markup::Plain, limits)
        }
    }

    /// Its address at `origin`, with `secret` in its secret places.
    pub fn address_at(&self, origin: &str, secret: &str) -> String {
        filled(self.address, origin, secret, "")
    }

    /// The URL that its messages are sent to, or what that begins with.
    pub fn url_at(&self, origin: &str, secret: &str, token: &str) -> String {
        let template = if self.url.is_empty() { self.address } else { self.url };
        filled(template, origin, secret, token)
    }

    /// Whether it sends to wherever its address leads, without TLS too.
    pub fn is_movable(&self) -> bool {
        self.address.contains("{scheme}") && self.fixed_host.is_none()
    }

    /// The pairs of a Secret with which `login` lets it in at `origin`: address, and credentials with `secret` in each.
    /// `pem` is a private key.
    pub fn secret(
        &self,
        login: LoginForm,
        origin: &str,
        secret: &str,
        pem: &str,
    ) -> Vec<(&'static str, String)> {
        let mut data = vec![("address", self.address_at(origin, secret))];
        match login {
            LoginForm::Token(template) => data.push(("token", filled(template, origin, secret, ""))),
            LoginForm::Pair => {
                data.push(("username", "bot".to_owned()));
                data.push(("password", format!("{secret}-password")));
            }
            LoginForm::Address => {}
            LoginForm::App => {
                data.push(("githubAppID", "1".to_owned()));
                data.push(("githubAppInstallationID", "2".to_owned()));
                data.push(("githubAppPrivateKey", pem.to_owned()));
                data.push(("githubAppBaseURL", format!("{origin}/api/v3")));
            }
            LoginForm::ServiceAccount => {
                let key = serde_json::json!({
                    "type": "service_account", "project_id": "project", "private_key_id": format!("{secret}-id"),
                    "private_key": pem, "client_email": "flux@project.iam.gserviceaccount.com",
                    "token_uri": format!("{origin}/token"),
                });
                data.push(("token", key.to_string()));
            }
        }
        data
    }
}
