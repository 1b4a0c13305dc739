use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use campanile_supervision::SystemClock;
use campanile_watcher::{ClusterConfig, ElectionConfig, ElectionError, elect};
use kube::api::{GroupVersionKind, Patch, PatchParams};
use serde_json::json;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::announcements::events_on;
use crate::api::{Namespace, kubeconfig, until};
use crate::rig::run;

struct Candidate {
    leads: watch::Receiver<bool>,
    cancel: oneshot::Sender<()>,
    ended: JoinHandle<Result<(), ElectionError>>,
}

impl Candidate {
    fn new(namespace: &Namespace, identity: &str) -> Self {
        let config = ElectionConfig {
            cluster: ClusterConfig { kubeconfig: Some(kubeconfig()), ..ClusterConfig::default() },
            namespace: namespace.name.clone(),
            name: "leader".into(),
            identity: identity.into(),
            lease_duration: Duration::from_secs(3),
            renew_deadline: Duration::from_secs(2),
            retry_period: Duration::from_millis(300),
            release_on_cancel: true,
        };
        let (leader, leads) = watch::channel(false);
        let (cancel, cancelled) = oneshot::channel();
        let campaign = elect(config, Arc::new(SystemClock), leader, async { drop(cancelled.await) });
        Self { leads, cancel, ended: actix::spawn(campaign) }
    }

    fn leads(&self) -> bool {
        *self.leads.borrow()
    }

    async fn until_leads(&self) {
        until(async || self.leads().then_some(())).await;
    }
}

#[test]
fn one_candidate_leads_and_the_other_follows_as_soon_as_it_lets_go() {
    run("election", async |namespace| {
        let first = Candidate::new(&namespace, "first");
        first.until_leads().await;
        let second = Candidate::new(&namespace, "second");
        tokio::time::timeout(Duration::from_secs(4), async {
            second.until_leads().await;
        })
        .await
        .unwrap_err();
        assert!(first.leads());
        first.cancel.send(()).unwrap();
        first.ended.await.unwrap().unwrap();
        second.until_leads().await;
        assert!(!*first.leads.borrow());
        let said = async || {
            let events = events_on(&namespace, "Lease", "leader").await;
            let said: BTreeSet<String> =
                events.iter().filter_map(|event| event.data["message"].as_str().map(str::to_owned)).collect();
            let expected = ["first became leader", "first stopped leading", "second became leader"];
            (said == BTreeSet::from(expected.map(str::to_owned))).then_some(events)
        };
        for event in until(said).await {
            assert_eq!(
                (&event.data["reason"], &event.data["type"]),
                (&json!("LeaderElection"), &json!("Normal"))
            );
        }
        second.cancel.send(()).unwrap();
        second.ended.await.unwrap().unwrap();
    });
}

#[test]
fn a_holder_that_died_is_followed_when_the_lease_ran_out_and_one_that_lost_it_ends() {
    run("takeover", async |namespace| {
        let first = Candidate::new(&namespace, "first");
        first.until_leads().await;
        first.ended.abort();
        let second = Candidate::new(&namespace, "second");
        second.until_leads().await;
        let leases = namespace.api(&GroupVersionKind::gvk("coordination.k8s.io", "v1", "Lease"));
        assert_eq!(leases.get("leader").await.unwrap().data["spec"]["leaseTransitions"], 1);
        let stolen = json!({"spec": {"holderIdentity": "thief", "leaseDurationSeconds": 60}});
        leases.patch("leader", &PatchParams::default(), &Patch::Merge(&stolen)).await.unwrap();
        let error = second.ended.await.unwrap().unwrap_err();
        assert!(error.to_string().ends_with("another has it"), "{error}");
        assert!(!*second.leads.borrow());
    });
}
