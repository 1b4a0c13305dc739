//! The tasks beside the watcher: each follows one thing of the API server and tells the watcher, one batch at a time.
//!
//! They know the watcher as an [`WatcherOutlet`] and end when it is gone. A task ends at once when its
//! [`LocalTask`](super::task::LocalTask) is dropped.

mod labels;
mod objects;
mod scope;
mod secrets;

use super::client::ClusterConfig;
use super::follow::Pauses;
use super::messages::Connected;
use super::outlet::{WatcherOutlet, tell};
pub(crate) use labels::{aim as label_aim, watch_labels};
pub(crate) use objects::watch_objects;
pub(crate) use scope::WatchScope;
pub(crate) use secrets::watch_secrets;

/// Makes a client, however long it takes.
pub(crate) async fn connect(config: ClusterConfig, outlet: WatcherOutlet) {
    let mut pauses = Pauses::new();
    loop {
        match config.connect().await {
            Ok(client) => {
                outlet.trouble("client", None).await;
                tell(&outlet.connected, Connected(client)).await;
                return;
            }
            Err(error) => {
                if !outlet.trouble("client", Some(format!("failed to {error}"))).await {
                    return;
                }
            }
        }
        pauses.pause().await;
    }
}
