//! Every type with settings that are full of secrets.

use serde_json::{Value, json};

use super::mark::PEM;

/// A type, and what it takes to make it work.
pub(super) struct Kind {
    pub(super) type_name: &'static str,
    /// Tells two rows of a type apart.
    pub(super) variant: &'static str,
    /// Its address: `SCHEME://HOST` stands for the destination.
    address: &'static str,
    pub(super) channel: &'static str,
    pub(super) login: LoginKeys,
    /// Where it sends whatever its address says.
    pub(super) fixed_host: Option<&'static str>,
}

/// Which keys of a Secret let it in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LoginKeys {
    /// The token.
    Token(&'static str),
    /// User and password.
    Pair,
    /// None but what the address holds.
    Nothing,
    /// A GitHub App.
    App,
    /// A key of a Google service account.
    Google,
}

use LoginKeys::{App, Google, Nothing, Pair, Token};

const HOOK: &str = "SCHEME://HOST/hooks/HushHush-path-key?sig=HushHush-query-key";
const GIT: &str = "SCHEME://HOST/HushHush-org/HushHush-repo";
const TOKEN: LoginKeys = Token("HushHush-token");

const fn hook(type_name: &'static str, channel: &'static str, login: LoginKeys) -> Kind {
    Kind { type_name, variant: "", address: HOOK, channel, login, fixed_host: None }
}

const fn git(type_name: &'static str, address: &'static str, login: LoginKeys) -> Kind {
    Kind { address, ..hook(type_name, "", login) }
}

const fn app(type_name: &'static str) -> Kind {
    Kind { variant: "-app", ..git(type_name, GIT, App) }
}

/// All of the table.
pub(super) const KINDS: &[Kind] = &[
    hook("generic", "", TOKEN),
    hook("generic-hmac", "", TOKEN),
    hook("slack", "general", TOKEN),
    hook("discord", "", TOKEN),
    hook("msteams", "", TOKEN),
    hook("rocket", "general", TOKEN),
    hook("googlechat", "", TOKEN),
    hook("webex", "room", TOKEN),
    hook("lark", "", TOKEN),
    hook("matrix", "!room:example.org", TOKEN),
    hook("opsgenie", "", TOKEN),
    hook("alertmanager", "", Pair),
    hook("grafana", "", TOKEN),
    hook("pagerduty", "HushHush-routing-key", TOKEN),
    hook("datadog", "", TOKEN),
    hook("zulip", "general/alerts", Pair),
    hook("otel", "", TOKEN),
    hook("zoom", "", TOKEN),
    hook("incident.io", "", TOKEN),
    Kind {
        address: "SCHEME://HushHush-public:HushHush-secret@HOST/base/42",
        ..hook("sentry", "prod", TOKEN)
    },
    Kind { address: "nats://HushHush-user:HushHush-pass@HOST", ..hook("nats", "flux.events", Pair) },
    Kind {
        address: "Endpoint=sb://HOST/;SharedAccessKeyName=flux;SharedAccessKey=HushHush-key=;EntityPath=hub",
        ..hook("azureeventhub", "", Nothing)
    },
    Kind {
        fixed_host: Some("api.telegram.org"),
        ..hook("telegram", "-100", Token("123456:HushHush-bot-token"))
    },
    Kind {
        address: "project",
        fixed_host: Some("pubsub.googleapis.com"),
        ..hook("googlepubsub", "flux", Google)
    },
    Kind { address: "nats://bot:HushHush-password@HOST", ..hook("nats", "flux.events", Pair) },
    git("github", GIT, TOKEN),
    app("github"),
    git("githubdispatch", GIT, TOKEN),
    app("githubdispatch"),
    git("githubpullrequestcomment", GIT, TOKEN),
    app("githubpullrequestcomment"),
    git("gitlab", GIT, TOKEN),
    git("gitlabmergerequestcomment", GIT, TOKEN),
    git("gitea", GIT, TOKEN),
    git("giteapullrequestcomment", GIT, TOKEN),
    git("bitbucketserver", "SCHEME://HOST/scm/HushHush-org/HushHush-repo.git", Pair),
    Kind {
        fixed_host: Some("api.bitbucket.org"),
        ..git("bitbucket", GIT, Token("bot:HushHush-app-password"))
    },
    git("azuredevops", "SCHEME://HOST/HushHush-org/project/_git/HushHush-repo", TOKEN),
];

impl Kind {
    /// Whether a proxy for HTTP and an HTTP destination mean something to it.
    pub(super) fn speaks_http(&self) -> bool {
        !matches!(self.type_name, "nats" | "azureeventhub")
    }

    /// A name for a Provider of this kind.
    pub(super) fn name(&self, way: &str) -> String {
        format!("{}{}-{way}", self.type_name.replace('.', "-"), self.variant)
    }

    /// Its address at `origin`.
    pub(super) fn address_at(&self, origin: &str) -> String {
        let (scheme, host) = origin.split_once("://").expect("an origin has a scheme");
        self.address.replace("SCHEME", scheme).replace("HOST", host)
    }

    /// The Secret of a Provider whose destination is at `origin`.
    pub(super) fn data(&self, origin: &str) -> Value {
        let mut data = json!({
            "address": self.address_at(origin),
            "headers": "X-Key: HushHush-header\n",
        });
        let login = match self.login {
            Token(token) => json!({ "token": token }),
            Pair => json!({ "username": "bot", "password": "HushHush-password" }),
            Nothing => json!({}),
            App => json!({
                "githubAppID": "1", "githubAppInstallationID": "2", "githubAppPrivateKey": PEM,
                "githubAppBaseURL": format!("{origin}/api/v3"),
            }),
            Google => json!({ "token": json!({
                "type": "service_account", "project_id": "project", "private_key_id": "HushHush-key-id",
                "private_key": PEM, "client_email": "flux@project.iam.gserviceaccount.com",
                "token_uri": format!("{origin}/token"),
            }).to_string() }),
        };
        for (key, value) in login.as_object().into_iter().flatten() {
            data[key] = value.clone();
        }
        data
    }
}
