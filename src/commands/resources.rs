//! The kinds of objects that commands look at in a cluster.

use campanile_watcher::ResourceKind;

/// A kind of objects; the group is empty for the core group.
const fn resource(
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    plural: &'static str,
) -> ResourceKind {
    ResourceKind { group, version, kind, plural }
}

const RBAC: &str = "rbac.authorization.k8s.io";
const OURS: &str = "notification.toolkit.fluxcd.io";

pub(crate) const DEPLOYMENT: ResourceKind = resource("apps", "v1", "Deployment", "deployments");
pub(crate) const CLAIM: ResourceKind = resource("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims");
pub(crate) const SERVICE: ResourceKind = resource("", "v1", "Service", "services");
pub(crate) const SECRET: ResourceKind = resource("", "v1", "Secret", "secrets");
pub(crate) const ACCOUNT: ResourceKind = resource("", "v1", "ServiceAccount", "serviceaccounts");
pub(crate) const STORAGE_CLASS: ResourceKind =
    resource("storage.k8s.io", "v1", "StorageClass", "storageclasses");
pub(crate) const DEFINITION: ResourceKind =
    resource("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions");
pub(crate) const CLUSTER_ROLE: ResourceKind = resource(RBAC, "v1", "ClusterRole", "clusterroles");
pub(crate) const CLUSTER_ROLE_BINDING: ResourceKind =
    resource(RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings");

/// Our kinds, in a version that Flux's definitions have as well.
pub(crate) const ALERT: ResourceKind = resource(OURS, "v1beta3", "Alert", "alerts");
pub(crate) const PROVIDER: ResourceKind = resource(OURS, "v1beta3", "Provider", "providers");
pub(crate) const RECEIVER: ResourceKind = resource(OURS, "v1", "Receiver", "receivers");

/// What an installation has in its namespace, in the order in which it is taken away: first what runs, last what it may do.
pub(crate) const INSTALLED: [ResourceKind; 14] = [
    DEPLOYMENT,
    resource("batch", "v1", "Job", "jobs"),
    resource("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"),
    resource("networking.k8s.io", "v1", "Ingress", "ingresses"),
    resource("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"),
    resource("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"),
    SERVICE,
    resource("monitoring.coreos.com", "v1", "PodMonitor", "podmonitors"),
    resource("monitoring.coreos.com", "v1", "PrometheusRule", "prometheusrules"),
    resource("", "v1", "ConfigMap", "configmaps"),
    CLAIM,
    resource(RBAC, "v1", "RoleBinding", "rolebindings"),
    resource(RBAC, "v1", "Role", "roles"),
    ACCOUNT,
];
