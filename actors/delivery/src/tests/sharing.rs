//! A commit status of objects in several namespaces is told on the Provider (issue 17, section 3).

use campanile_domain::{ProviderSpec, Severity};
use campanile_testkit::provider;

fn github(generation: i64) -> ProviderSpec {
    let (type_name, address) = ("github".into(), "https://github.com/org/repo".into());
    ProviderSpec { type_name, address, generation, secret_ref: Some("token".into()), ..provider() }
}

const SHARED: &str = "kustomization/podinfo/0c9c2e41";

#[test]
fn issue_17_objects_of_two_namespaces_that_share_a_commit_status_are_told_on_the_provider() {
    super::run(async |f| {
        f.secret("token", &[("token", "ghp-secret")]);
        f.providers([github(1)]).await;
        f.carrier.status(201);
        f.carrier.read_status(200);
        for namespace in ["apps", "apps"] {
            f.status_of(namespace, SHARED, Severity::Info).await;
        }
        assert_eq!(f.remark(), None, "one object has it for itself");
        f.status_of("web", SHARED, Severity::Error).await;
        f.until(|f| f.remark().is_some()).await;
        let remark = f.remark().unwrap();
        for told in ["Kustomizations podinfo", "namespaces apps and web", SHARED, "spec.commitStatusExpr"] {
            assert!(remark.contains(told), "{told}: {remark}");
        }
        assert!(f.delivering() && f.ready().is_ok(), "nothing is wrong with the Provider itself");
        f.providers([github(2)]).await;
        f.until(|f| f.remark().is_none()).await;
        for namespace in ["apps", "web", "apps"] {
            f.status_of(namespace, &format!("{namespace}/podinfo"), Severity::Info).await;
        }
        assert_eq!(f.remark(), None, "an expression tells them apart");
        f.end().await;
    });
}
