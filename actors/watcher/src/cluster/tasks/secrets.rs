//! The watch of the metadata of Secrets; contents are never watched.

use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use kube::api::{ApiResource, DynamicObject, PartialObjectMeta};
use kube::runtime::watcher;

use super::scope::WatchScope;
use crate::cluster::batcher::key_of;
use crate::cluster::client::SecretWatch;
use crate::cluster::follow::{Pauses, WatchEnd, follow};
use crate::cluster::messages::SecretsSeen;
use crate::cluster::outlet::WatchListener;
use crate::cluster::secrets::SecretVersion;
use crate::cluster::version::scoped;

/// Follows the resource version of each Secret. `secrets` says of which changes Receivers hear at once.
pub(crate) async fn watch_secrets(scope: WatchScope, secrets: SecretWatch) {
    let resource = ApiResource::erase::<Secret>(&());
    let mut pauses = Pauses::new();
    loop {
        let api = scoped(scope.client.clone(), scope.namespace.as_deref(), &resource);
        let mut listener = WatchListener {
            outlet: scope.outlet.clone(),
            to: scope.outlet.secrets.clone(),
            aim: "watch the metadata of secrets, so changes are noticed within a minute only".to_owned(),
            wrap: SecretsSeen,
            of_secrets: true,
        };
        let notice = |object: PartialObjectMeta<DynamicObject>| SecretVersion {
            key: key_of(&object),
            version: object.resource_version().unwrap_or_default(),
            is_selected: secrets.selects(object.labels()),
        };
        match follow(watcher(api, watcher::Config::default()), notice, &mut listener).await {
            WatchEnd::Unheard => return,
            WatchEnd::Unserved => pauses.pause().await,
        }
    }
}
