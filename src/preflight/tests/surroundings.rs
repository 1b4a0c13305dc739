//! What is around the controller: senders, versions, other controllers, Receivers, destinations.

use super::*;

#[test]
fn issue_21_senders_that_post_nothing_or_elsewhere() {
    let args = |args: &'static [&'static str]| {
        move |cluster: &mut Snapshot| {
            cluster.deployments[0] = deployment("flux-system", "kustomize-controller", args);
        }
    };
    let finding = only(args(&["--log-level=info"]));
    holds(
        &finding,
        &[
            "error: Deployment/flux-system/kustomize-controller",
            "posts no events",
            "--events-addr=http://notification-controller.flux-system.svc",
            "[events-addr]",
        ],
    );
    let finding = only(args(&["--events-addr=http://notification-controller.other.svc.cluster.local./"]));
    holds(
        &finding,
        &["error: ", "notification-controller.other.svc.cluster.local, not to the Service of flux-system"],
    );
    for right in [
        &["--events-addr=http://notification-controller/"][..],
        &["--events-addr=http://notification-controller.flux-system/"],
        &["--events-addr=https://notification-controller.flux-system.svc:9443/"],
    ] {
        assert_eq!(said(args(right)), Vec::<String>::new(), "{right:?}");
    }
}

#[test]
fn issue_21_versions_of_flux_and_kubernetes() {
    let flux = |version: &'static str| {
        move |cluster: &mut Snapshot| {
            cluster.deployments[0]["metadata"]["labels"]["app.kubernetes.io/version"] = version.into();
        }
    };
    holds(&only(flux("v0.41.2")), &["error: Flux v0.41.2", "upgrade Flux to 2.0", "[flux-version]"]);
    holds(&only(flux("v2.11.0")), &["warning: Flux v2.11.0", "up to 2.10"]);
    assert_eq!(said(flux("v2.9.1")), Vec::<String>::new());
    holds(
        &only(|cluster| cluster.version = "v1.28.3".into()),
        &["error: Kubernetes v1.28.3", "1.29 or newer", "[kubernetes-version]"],
    );
    holds(
        &only(|cluster| cluster.version = "v1.33.1-gke.100".into()),
        &["warning: ", "tests run against 1.36"],
    );
}

#[test]
fn issue_21_somebody_else_does_the_same_work() {
    let another = |namespace: &'static str, args: &'static [&'static str]| {
        move |cluster: &mut Snapshot| {
            let mut other = deployment(namespace, flux::CONTROLLER, args);
            other["metadata"]["labels"].as_object_mut().unwrap().remove("app.kubernetes.io/version");
            cluster.deployments.push(other);
        }
    };
    let finding = only(another("flux-two", &[]));
    holds(
        &finding,
        &["error: Deployment/flux-two/notification-controller", "scale it to 0", "[second-controller]"],
    );
    assert_eq!(said(another("flux-two", &["--watch-all-namespaces=false"])), Vec::<String>::new());
}

#[test]
fn issue_21_receivers_whose_webhooks_would_come_in_vain() {
    let hook = |kind: &str| json!({"metadata": {"namespace": "apps", "name": "hook"}, "spec": {"resources": [{"kind": kind}]}});
    let with = |kind: &'static str| move |cluster: &mut Snapshot| cluster.receivers = vec![hook(kind)];
    assert_eq!(said(with("Kustomization")), Vec::<String>::new());
    let finding = only(|cluster| {
        with("Kustomization")(cluster);
        cluster.services.clear();
    });
    holds(
        &finding,
        &[
            "error: Receiver/apps/hook",
            "no Service webhook-receiver",
            "deploy/receivers/cluster",
            "[receivers]",
        ],
    );
    holds(&only(with("Terraform")), &["warning: ", "Terraform", "get, list and patch"]);
    let before = only(|cluster| {
        with("Kustomization")(cluster);
        cluster.deployments.truncate(1);
    });
    holds(&before, &["warning: ", "deploy/base has neither Service nor rights"]);
}

#[test]
fn issue_15_providers_that_lead_to_a_sidecar_are_told_before_the_address_guard_closes_them() {
    let leading = |text: &str| address_of("Provider/apps/relay", "spec.address", text);
    for (text, why) in [
        ("http://localhost:8080/hook?token=s3cret", "loopback"),
        ("http://127.0.0.1:8080/", "loopback"),
        ("http://[::1]:8080/", "loopback"),
        ("http://relay.localhost/", "loopback"),
        ("http://169.254.169.254/latest", "a link-local address"),
        ("https://kubernetes.default.svc/", "the API server"),
        ("http://notification-controller.flux-system.svc/", "this program's own Service"),
    ] {
        let finding = only(|cluster| cluster.addresses = leading(text).into_iter().collect());
        holds(
            &finding,
            &[
                "error: Provider/apps/relay: spec.address leads to ",
                why,
                "--allow-destinations=",
                "[closed-destination]",
            ],
        );
        assert!(!finding.contains("s3cret") && !finding.contains("hook"), "{finding}");
    }
    let opened = said(|cluster| {
        cluster.addresses = leading("http://localhost:8080/hook").into_iter().collect();
        add_flag(cluster, "--allow-destinations=10.0.0.0/8,localhost:8080");
    });
    assert_eq!(opened, Vec::<String>::new());
    let private = only(|cluster| {
        cluster.addresses = leading("http://10.1.2.3/").into_iter().collect();
        add_flag(cluster, "--no-private-destinations");
    });
    holds(&private, &["a private address", "--allow-destinations=10.1.2.3"]);
}

#[test]
fn issue_21_what_could_not_be_read_is_told() {
    let finding =
        only(|cluster| cluster.unread = vec!["list secrets: the API server answers 403".to_owned()]);
    holds(&finding, &["warning: ", "failed to list secrets", "[unread]"]);
}
