//! The Kubernetes Events on the Lease (contract, control plane 7).

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Event;
use kube::api::PostParams;
use kube::{Api, Client};

use super::ElectionConfig;
use crate::cluster::event::{Involved, KubeEvent};
use crate::cluster::trouble;

/// How long an Event may take. It is for people: an election never waits longer for one.
const PATIENCE: Duration = Duration::from_secs(2);

/// Says on the Lease what its holder did, for example `became leader`.
pub(super) async fn say(
    client: Client,
    config: ElectionConfig,
    uid: Option<String>,
    did: &'static str,
    now: Timestamp,
) {
    let posting = async {
        let event = event(&config, uid.as_deref(), did, now).map_err(kube::Error::SerdeError)?;
        let api: Api<Event> = Api::namespaced(client, &config.namespace);
        api.create(&PostParams::default(), &event).await.map(drop)
    };
    match tokio::time::timeout(PATIENCE, posting).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!("{}", trouble::describe("write a kubernetes event on the lease", &error));
        }
        Err(_) => {
            tracing::warn!(lease = config.name, "failed to write a kubernetes event on the lease in time");
        }
    }
}

fn event(config: &ElectionConfig, uid: Option<&str>, did: &str, now: Timestamp) -> serde_json::Result<Event> {
    let event = KubeEvent {
        name: &format!("{}.{:x}", config.name, now.as_nanosecond()),
        on: Involved {
            api_version: <Lease as k8s_openapi::Resource>::API_VERSION,
            kind: <Lease as k8s_openapi::Resource>::KIND,
            namespace: &config.namespace,
            name: &config.name,
            uid,
        },
        annotations: &BTreeMap::new(),
        warning: false,
        reason: "LeaderElection",
        message: &format!("{} {did}", config.identity),
        times: (now, now),
        count: 1,
    };
    serde_json::from_value(event.body())
}
