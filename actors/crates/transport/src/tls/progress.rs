//! Progress of a TLS handshake. A failure is explained by it, and rustls does not tell.

use std::cell::Cell;
use std::future::Future;

use campanile_tls::HandshakeStage;

tokio::task_local! {
    /// The stage of the handshake that is being polled. Verifier and resolver are shared by all connections of a set.
    static STAGE: Cell<HandshakeStage>;
}

/// Carries out `handshake`, and tells how far it came.
pub(crate) async fn watched<T>(handshake: impl Future<Output = T>) -> (T, HandshakeStage) {
    let watching = async {
        let output = handshake.await;
        (output, STAGE.with(Cell::get))
    };
    STAGE.scope(Cell::default(), watching).await
}

/// The handshake has come to `stage`, if not further already.
pub(super) fn reached(stage: HandshakeStage) {
    // Outside of a watched handshake nobody asks.
    STAGE.try_with(|known| known.set(known.get().max(stage))).unwrap_or_default();
}
