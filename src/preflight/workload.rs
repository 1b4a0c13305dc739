//! The Deployment of the controller: its image, its volume, how it is replaced.

use serde_json::Value as Json;

use super::object::{called, controller, flag, list, manager, name, runs_campanile, text};
use super::{PreflightFinding, Snapshot};

/// The registry of the image that is shipped, which is none (RFC 2606, section 2).
const NO_REGISTRY: &str = "campanile.invalid/";

/// What marks the class of claims that name none.
const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";

pub(super) fn check(snapshot: &Snapshot) -> Vec<PreflightFinding> {
    match controller(snapshot) {
        Some(deployment) if runs_campanile(deployment) => {
            let checks = [image, state, strategy, replicas];
            checks.iter().filter_map(|check| check(snapshot, deployment)).collect()
        }
        // Not installed yet, or Flux's own: what the shipped claim will need.
        _ => default_class(snapshot).into_iter().collect(),
    }
}

fn image(_: &Snapshot, deployment: &Json) -> Option<PreflightFinding> {
    let image = text(manager(deployment), "/image");
    image.starts_with(NO_REGISTRY).then(|| {
        let remedy = "build the image, push it where nodes pull from, and name it under images of your kustomization or as \
                      image.repository of the chart (docs/install.md, Install)";
        PreflightFinding::error("image", called("Deployment", deployment), format!("there is no image {image}"), remedy)
    })
}

/// The claim behind `--state-dir`, by the name of its volume.
fn claim_of(deployment: &Json) -> Option<&str> {
    let folder = flag(deployment, "--state-dir")?;
    let holds = |mount: &&Json| {
        let path = text(mount, "/mountPath").trim_end_matches('/');
        folder.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let mounts = list(manager(deployment), "/volumeMounts").iter().filter(holds);
    let mount = mounts.max_by_key(|mount| text(mount, "/mountPath").len())?;
    let volumes = list(deployment, "/spec/template/spec/volumes");
    let volume = volumes.iter().find(|volume| volume["name"] == mount["name"])?;
    volume["persistentVolumeClaim"]["claimName"].as_str()
}

fn state(snapshot: &Snapshot, deployment: &Json) -> Option<PreflightFinding> {
    let object = called("Deployment", deployment);
    let Some(wanted) = claim_of(deployment) else {
        let text = "accepted events are on no volume, so what waits is lost with the pod";
        return Some(PreflightFinding::warning(
            "volume",
            object,
            text,
            "name a folder on a volume with --state-dir (deploy/base), where there are volumes",
        ));
    };
    let Some(claim) = snapshot.claims.iter().find(|claim| name(claim) == wanted) else {
        let remedy = "create it (deploy/manager/state.yaml); patches of installers add no objects";
        return Some(PreflightFinding::error(
            "volume",
            object,
            format!("its claim {wanted} is not there, so no pod starts"),
            remedy,
        ));
    };
    match text(claim, "/status/phase") {
        "Lost" => {
            let remedy =
                "restore the volume from its back-up, or delete the claim and begin with an empty one";
            Some(PreflightFinding::error(
                "volume",
                called("PersistentVolumeClaim", claim),
                "its volume is lost",
                remedy,
            ))
        }
        "Bound" => None,
        _ => unbound(snapshot, claim),
    }
}

/// A claim that waits: for its first pod, or for a class that is not there.
fn unbound(snapshot: &Snapshot, claim: &Json) -> Option<PreflightFinding> {
    let classes = snapshot.storage_classes.as_ref()?;
    let object = called("PersistentVolumeClaim", claim);
    match claim["spec"]["storageClassName"].as_str() {
        None => default_class(snapshot).map(|finding| PreflightFinding { object, ..finding }),
        // Volumes without a class are made by hand.
        Some("") => None,
        Some(class) if classes.iter().any(|known| name(known) == class) => None,
        Some(class) => {
            let text = format!("there is no StorageClass {class}, so it stays Pending");
            Some(PreflightFinding::error(
                "volume",
                object,
                text,
                "name one of 'kubectl get storageclass', or use deploy/ephemeral",
            ))
        }
    }
}

fn default_class(snapshot: &Snapshot) -> Option<PreflightFinding> {
    let classes = snapshot.storage_classes.as_ref()?;
    let is_default = |class: &Json| class["metadata"]["annotations"][DEFAULT_CLASS] == "true";
    (!classes.iter().any(is_default)).then(|| {
        let text = "the cluster has no default StorageClass, so a claim that names none stays Pending";
        let remedy = "name a class in spec.storageClassName of the claim, mark one as the default, or use deploy/ephemeral";
        PreflightFinding::error("volume", "PersistentVolumeClaim/notification-controller-state", text, remedy)
    })
}

/// Whether the old pod goes first, as the volume has one writer.
fn strategy(_: &Snapshot, deployment: &Json) -> Option<PreflightFinding> {
    claim_of(deployment)?;
    let strategy = &deployment["spec"]["strategy"];
    let surge = &strategy["rollingUpdate"]["maxSurge"];
    let goes_first = strategy["type"] == "Recreate" || *surge == 0 || *surge == "0%";
    (!goes_first).then(|| {
        let text =
            "in a rollout the next pod comes before the old one goes, and waits for its volume in vain";
        let remedy = "set the strategy RollingUpdate with maxSurge 0 and maxUnavailable 1";
        PreflightFinding::error("strategy", called("Deployment", deployment), text, remedy)
    })
}

fn replicas(_: &Snapshot, deployment: &Json) -> Option<PreflightFinding> {
    claim_of(deployment)?;
    let replicas = deployment["spec"]["replicas"].as_u64().unwrap_or(1);
    (replicas > 1).then(|| {
        let text = format!(
            "it has {replicas} replicas and one volume, which has one writer: the others never start"
        );
        PreflightFinding::error(
            "replicas",
            called("Deployment", deployment),
            text,
            "set replicas to 1, or use deploy/ephemeral",
        )
    })
}
