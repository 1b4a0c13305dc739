//! A comment, and an account, as all hosts list them: their names for the same things differ, and do not clash.

use serde::Deserialize;

/// An account: that of the login, or of who wrote a comment.
#[derive(Deserialize)]
pub(crate) struct Account {
    /// The author's name on GitHub and Gitea.
    #[serde(default)]
    login: Option<String>,
    /// On GitLab; Gitea has the same in both.
    #[serde(default)]
    username: Option<String>,
}

/// A comment on a change request.
#[derive(Deserialize)]
pub(crate) struct Comment {
    /// The number of the comment.
    #[serde(default)]
    pub(super) id: Option<u64>,
    #[serde(default)]
    body: Option<String>,
    /// Its author on GitHub and Gitea.
    #[serde(default)]
    user: Option<Account>,
    /// The author of the comment on GitLab.
    #[serde(default)]
    author: Option<Account>,
}

impl Account {
    pub(super) fn name(self) -> Option<String> {
        self.login.or(self.username).filter(|name| !name.is_empty())
    }

    fn is(&self, name: &str) -> bool {
        self.login.as_deref().or(self.username.as_deref()) == Some(name)
    }
}

impl Comment {
    /// Whether `account` wrote it with `marker` in it.
    pub(super) fn is(&self, account: &str, marker: &str) -> bool {
        self.user.as_ref().or(self.author.as_ref()).is_some_and(|author| author.is(account))
            && self.body.as_ref().is_some_and(|body| body.contains(marker))
    }
}
