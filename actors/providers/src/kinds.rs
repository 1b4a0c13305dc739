//! The types, one file each: what is sent, and what the destination's answers mean.

pub(crate) mod azuredevops;
pub(crate) mod bitbucket;
pub(crate) mod bitbucketserver;
pub(crate) mod commit_status;
pub(crate) mod discord;
pub(crate) mod generic;
pub(crate) mod generic_hmac;
pub(crate) mod gitea;
pub(crate) mod github;
pub(crate) mod gitlab;
pub(crate) mod googlechat;
pub(crate) mod msteams;
pub(crate) mod rocket;
pub(crate) mod sentry;
pub(crate) mod slack;
pub(crate) mod webex;
mod webhook;
