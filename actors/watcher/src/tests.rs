mod actor;
mod findings;
mod folder;
mod live;
mod receivers;
mod rig;
mod status;

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// An Alert `apps/<name>` that notifies through Provider `apps/chat`. It has 9 lines.
fn alert(name: &str) -> String {
    format!(
        "apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata:
  name: {name}
  namespace: apps
spec:
  providerRef: {{name: chat}}
  eventSources:
    - {{kind: Kustomization, name: '*'}}
"
    )
}

/// Provider `apps/chat` with `address`. It has 8 lines.
fn provider(address: &str) -> String {
    format!(
        "apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Provider
metadata:
  name: chat
  namespace: apps
spec:
  type: generic
  address: {address}
"
    )
}

/// Secret `apps/token`.
fn secret(token: &str) -> String {
    format!(
        "apiVersion: v1
kind: Secret
metadata: {{name: token, namespace: apps}}
stringData: {{token: {token}}}
"
    )
}

/// Writes a manifest whose stamp differs from every earlier one and will not change any more.
fn write(path: &Path, text: &str) {
    let before = fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    fs::write(path, text).unwrap();
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let modified = before.map_or(long_ago, |before| before + Duration::from_secs(1));
    fs::File::options().write(true).open(path).unwrap().set_modified(modified).unwrap();
}
