//! Samples of types that talk to Git hosts: what is to be seen on the wire.

use campanile_domain::Method;

/// The form of a commit's status in the body of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusForm {
    /// JSON pointer to its name.
    pub name: &'static str,
    /// The words for success and for failure.
    pub states: [&'static str; 2],
    /// Whether the name is that of the object with the description behind it, where a hash is the key.
    pub is_described: bool,
    /// One of them on the wire.
    pub example: StatusExample,
}

/// The requests of one Provider for the contract's example E, and answers of its host. `HASH` stands for the commit, `KEY` for
/// the hash of the status's name, `CONTEXT` for the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusExample {
    /// The address of the sample's Provider.
    pub address: &'static str,
    /// The pairs of its Secret.
    pub secret: &'static [(&'static str, &'static [u8])],
    /// Name and value of the header that lets it in.
    pub login: (&'static str, &'static str),
    /// Method and URL of reading.
    pub read: &'static str,
    /// Method and URL of writing.
    pub write: &'static str,
    /// The answer to reading where the example is shown already.
    pub shown: &'static str,
    /// The answer to reading where another status is shown.
    pub other: &'static str,
}

/// The requests of one Provider that comments on a change request. `NUMBER` stands for the change request, `ID` for the comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommentExample {
    /// The address of the sample's Provider.
    pub address: &'static str,
    /// The pairs of its Secret.
    pub secret: &'static [(&'static str, &'static [u8])],
    /// Name and value of the header that lets it in.
    pub login: (&'static str, &'static str),
    /// Method and URL of the question whose login it is.
    pub account: &'static str,
    /// Method and URL of the list of comments.
    pub list: &'static str,
    /// Method and URL of a new comment.
    pub create: &'static str,
    /// Method and URL of a change of a comment.
    pub update: &'static str,
    /// The method of a change.
    pub update_method: Method,
    /// What the marker of a comment begins with.
    pub prefix: &'static str,
}
