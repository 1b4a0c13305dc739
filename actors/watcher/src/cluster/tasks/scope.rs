//! The scope of a task: where it looks, and whom it tells.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use kube::Client;

use crate::cluster::outlet::WatcherOutlet;
use crate::cluster::trouble;

/// How long the answer to a question about what is served may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The scope of a watch: where to look, and whom to tell.
#[derive(Clone)]
pub(crate) struct WatchScope {
    pub(crate) client: Client,
    /// The only namespace; none means all.
    pub(crate) namespace: Option<Arc<str>>,
    pub(crate) outlet: WatcherOutlet,
}

impl WatchScope {
    /// Describes why a question was refused, and tells of a refused token.
    pub(super) async fn reject(&self, aim: &str, error: &kube::Error) -> String {
        self.outlet.refused(trouble::code_of(error)).await;
        trouble::describe(aim, error)
    }
}

/// Bounds a question about what is served.
pub(super) async fn in_time<T>(
    question: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, kube::Error> {
    let silent = || kube::Error::Service("the API server does not answer".into());
    tokio::time::timeout(PATIENCE, question).await.unwrap_or_else(|_| Err(silent()))
}
