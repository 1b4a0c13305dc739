//! awc's pool of connections, set up for one provider.

use std::rc::Rc;
use std::sync::Arc;

use crate::connector::{Connector, Plan};
use crate::limits::{Limits, MAX_CONNECTION_AGE};

/// An empty pool that dials as `plan` says.
///
/// awc's own timeout, redirects and default headers are off: the client has its own of each.
pub(crate) fn new_pool(plan: &Rc<Plan>, limits: &Limits) -> awc::Client {
    let connector = awc::Connector::new()
        .connector(Connector::new(Rc::clone(plan)))
        .rustls_0_23(Arc::clone(&plan.tls))
        .timeout(limits.dial)
        .handshake_timeout(limits.handshake)
        .conn_keep_alive(limits.keep_alive)
        .conn_lifetime(MAX_CONNECTION_AGE)
        .limit(limits.sockets.max(1));
    awc::Client::builder()
        .connector(connector)
        .disable_timeout()
        .disable_redirects()
        .no_default_headers()
        .finish()
}
