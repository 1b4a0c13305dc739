//! Values with defaults. A test names only what matters to it: `Event { message: "x".into(), ..event() }`.

use std::collections::BTreeMap;

use campanile_domain::{
    Alert, AlertRef, Event, EventSource, NewDelivery, ObjectKey, ObjectRef, ProviderSpec, Severity,
};
use jiff::Timestamp;

/// The time at which tests begin: 2026-08-07T12:00:00Z.
pub fn noon() -> Timestamp {
    Timestamp::constant(1_786_104_000, 0)
}

/// An info event of Kustomization `podinfo` in namespace `apps`, without metadata and without what came with Flux 2.10.
pub fn event() -> Event {
    Event {
        involved_object: ObjectRef {
            kind: "Kustomization".into(),
            namespace: "apps".into(),
            name: "podinfo".into(),
            uid: "7d0cdc51-ddcf-4743-b223-83ca5c699632".into(),
            api_version: "kustomize.toolkit.fluxcd.io/v1".into(),
            ..ObjectRef::default()
        },
        severity: Severity::Info,
        timestamp: Some(noon()),
        message: "Reconciliation finished in 1.2s, next run in 10m0s".into(),
        reason: "ReconciliationSucceeded".into(),
        metadata: BTreeMap::new(),
        reporting_controller: "kustomize-controller".into(),
        reporting_instance: "kustomize-controller-0".into(),
        ..Event::default()
    }
}

/// An event source for every Kustomization of namespace `apps`.
pub fn source() -> EventSource {
    EventSource {
        kind: "Kustomization".into(),
        name: "*".into(),
        namespace: "apps".into(),
        match_labels: None,
    }
}

/// Alert `apps/on-call`: every event of [`source`], to Provider `apps/chat`.
pub fn alert() -> Alert {
    Alert {
        key: ObjectKey::new("apps", "on-call"),
        uid: "3f0f8a1e-0000-4000-8000-000000000001".into(),
        generation: 1,
        provider: ObjectKey::new("apps", "chat"),
        severity: Severity::Info,
        sources: vec![source()],
        inclusion: Vec::new(),
        exclusion: Vec::new(),
        event_metadata: BTreeMap::new(),
        summary: String::new(),
        suspend: false,
        object: "{}".into(),
    }
}

/// Provider `apps/chat` of type generic, without Secrets.
pub fn provider() -> ProviderSpec {
    ProviderSpec {
        key: ObjectKey::new("apps", "chat"),
        uid: "0c9c2e41-d2f9-4f9b-9c41-bebc1984d67a".into(),
        generation: 1,
        type_name: "generic".into(),
        address: "http://127.0.0.1:9/hook".into(),
        channel: String::new(),
        username: String::new(),
        timeout: None,
        proxy: String::new(),
        secret_ref: None,
        cert_secret_ref: None,
        proxy_secret_ref: None,
        service_account: String::new(),
        suspend: false,
        commit_status_expr: None,
        object: "{}".into(),
    }
}

/// A delivery of [`alert`] to [`provider`], due for an hour from [`noon`].
pub fn new_delivery() -> NewDelivery {
    NewDelivery {
        provider: ObjectKey::new("apps", "chat"),
        alert: AlertRef { key: alert().key, uid: alert().uid.to_string() },
        lane: "Kustomization/apps/podinfo".into(),
        metadata: BTreeMap::new(),
        commit_status: None,
        newest_only: false,
        deadline: noon() + std::time::Duration::from_secs(3600),
    }
}
