//! The client of the API server as the actors of cluster mode share it.

use kube::Client;
use tokio::sync::watch;

/// A slot for the newest client. The watcher fills it, and again after a refused token; the others wait for it. It outlives
/// a restart of each of them.
#[derive(Clone)]
pub(crate) struct SharedClient(watch::Sender<Option<Client>>);

impl Default for SharedClient {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl SharedClient {
    /// Replaces the client for all who share it.
    pub(crate) fn set(&self, client: Client) {
        self.0.send_replace(Some(client));
    }

    /// The newest client, once there is one.
    pub(crate) async fn get(&self) -> Client {
        let mut clients = self.0.subscribe();
        loop {
            let newest = clients.borrow_and_update().clone();
            match newest {
                Some(client) => return client,
                // It ends only with the last sender, and one of them is `self`.
                None => drop(clients.changed().await),
            }
        }
    }
}
