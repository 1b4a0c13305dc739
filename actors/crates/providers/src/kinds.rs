//! The types, one file each. A test writes this file from the table of types:
//! `CAMPANILE_WRITE_PAGES=1 cargo test -p campanile-domain provider_type`.

use crate::provider::Build;
use crate::sample::Sample;

pub(crate) mod alertmanager;
pub(crate) mod azuredevops;
pub(crate) mod azureeventhub;
pub(crate) mod bitbucket;
pub(crate) mod bitbucketserver;
pub(crate) mod datadog;
pub(crate) mod discord;
pub(crate) mod generic;
pub(crate) mod generic_hmac;
pub(crate) mod gitea;
pub(crate) mod giteapullrequestcomment;
pub(crate) mod github;
pub(crate) mod githubdispatch;
pub(crate) mod githubpullrequestcomment;
pub(crate) mod gitlab;
pub(crate) mod gitlabmergerequestcomment;
pub(crate) mod googlechat;
pub(crate) mod googlepubsub;
pub(crate) mod grafana;
pub(crate) mod incidentio;
pub(crate) mod lark;
pub(crate) mod mastodon;
pub(crate) mod matrix;
pub(crate) mod msteams;
pub(crate) mod nats;
pub(crate) mod opsgenie;
pub(crate) mod otel;
pub(crate) mod pagerduty;
pub(crate) mod rocket;
pub(crate) mod sentry;
pub(crate) mod slack;
pub(crate) mod telegram;
pub(crate) mod webex;
pub(crate) mod zoom;
pub(crate) mod zulip;

/// How the Providers of each type are built, in the order of the table.
pub(crate) static BUILDS: &[(&str, Build)] = &[
    ("generic", generic::build),
    ("generic-hmac", generic_hmac::build),
    ("slack", slack::build),
    ("discord", discord::build),
    ("msteams", msteams::build),
    ("rocket", rocket::build),
    ("googlechat", googlechat::build),
    ("googlepubsub", googlepubsub::build),
    ("webex", webex::build),
    ("sentry", sentry::build),
    ("azureeventhub", azureeventhub::build),
    ("telegram", telegram::build),
    ("lark", lark::build),
    ("matrix", matrix::build),
    ("opsgenie", opsgenie::build),
    ("alertmanager", alertmanager::build),
    ("grafana", grafana::build),
    ("pagerduty", pagerduty::build),
    ("datadog", datadog::build),
    ("nats", nats::build),
    ("zulip", zulip::build),
    ("otel", otel::build),
    ("mastodon", mastodon::build),
    ("zoom", zoom::build),
    ("incident.io", incidentio::build),
    ("github", github::build),
    ("githubdispatch", githubdispatch::build),
    ("githubpullrequestcomment", githubpullrequestcomment::build),
    ("gitlab", gitlab::build),
    ("gitlabmergerequestcomment", gitlabmergerequestcomment::build),
    ("gitea", gitea::build),
    ("giteapullrequestcomment", giteapullrequestcomment::build),
    ("bitbucketserver", bitbucketserver::build),
    ("bitbucket", bitbucket::build),
    ("azuredevops", azuredevops::build),
];

/// A Provider of each type, in the same order.
pub(crate) static SAMPLES: &[(&str, &Sample)] = &[
    ("generic", &generic::SAMPLE),
    ("generic-hmac", &generic_hmac::SAMPLE),
    ("slack", &slack::SAMPLE),
    ("discord", &discord::SAMPLE),
    ("msteams", &msteams::SAMPLE),
    ("rocket", &rocket::SAMPLE),
    ("googlechat", &googlechat::SAMPLE),
    ("googlepubsub", &googlepubsub::SAMPLE),
    ("webex", &webex::SAMPLE),
    ("sentry", &sentry::SAMPLE),
    ("azureeventhub", &azureeventhub::SAMPLE),
    ("telegram", &telegram::SAMPLE),
    ("lark", &lark::SAMPLE),
    ("matrix", &matrix::SAMPLE),
    ("opsgenie", &opsgenie::SAMPLE),
    ("alertmanager", &alertmanager::SAMPLE),
    ("grafana", &grafana::SAMPLE),
    ("pagerduty", &pagerduty::SAMPLE),
    ("datadog", &datadog::SAMPLE),
    ("nats", &nats::SAMPLE),
    ("zulip", &zulip::SAMPLE),
    ("otel", &otel::SAMPLE),
    ("mastodon", &mastodon::SAMPLE),
    ("zoom", &zoom::SAMPLE),
    ("incident.io", &incidentio::SAMPLE),
    ("github", &github::SAMPLE),
    ("githubdispatch", &githubdispatch::SAMPLE),
    ("githubpullrequestcomment", &githubpullrequestcomment::SAMPLE),
    ("gitlab", &gitlab::SAMPLE),
    ("gitlabmergerequestcomment", &gitlabmergerequestcomment::SAMPLE),
    ("gitea", &gitea::SAMPLE),
    ("giteapullrequestcomment", &giteapullrequestcomment::SAMPLE),
    ("bitbucketserver", &bitbucketserver::SAMPLE),
    ("bitbucket", &bitbucket::SAMPLE),
    ("azuredevops", &azuredevops::SAMPLE),
];
