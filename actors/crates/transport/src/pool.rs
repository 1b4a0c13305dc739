//! awc's pools of connections, set up for one client.

use std::cell::RefCell;
use std::rc::Rc;

use awc::http::uri::Authority;

use crate::address::RequestUrl;
use crate::connector::{ConnectionPlan, Connector};
use crate::limits::{MAX_AUTHORITIES, MAX_CONNECTION_AGE};

/// The connections of one client. awc tells idle ones apart by host and port alone, so those inside TLS have a pool of
/// their own.
pub(crate) struct Pools {
    plan: Rc<ConnectionPlan>,
    open: RefCell<Open>,
}

#[derive(Default)]
struct Open {
    plain: Option<awc::Client>,
    secure: Option<awc::Client>,
    /// Where the pools may hold idle connections to, and whether inside TLS.
    known: Vec<(bool, Authority)>,
}

impl Pools {
    /// Empty pools that dial as `plan` says.
    pub(crate) fn new(plan: Rc<ConnectionPlan>) -> Self {
        Self { plan, open: RefCell::default() }
    }

    /// The pool for `address`. All are emptied before they hold connections to too many hosts.
    pub(crate) fn for_address(&self, address: &RequestUrl) -> awc::Client {
        let secure = address.is_secure();
        let mut open = self.open.borrow_mut();
        open.make_room(secure, address);
        let pool = if secure { &mut open.secure } else { &mut open.plain };
        pool.get_or_insert_with(|| new_pool(&self.plan, secure)).clone()
    }
}

impl Open {
    fn make_room(&mut self, secure: bool, address: &RequestUrl) {
        let Some(authority) = address.uri().authority() else { return };
        if self.known.iter().any(|known| known.0 == secure && known.1 == *authority) {
            return;
        }
        if self.known.len() >= MAX_AUTHORITIES {
            *self = Self::default();
        }
        self.known.push((secure, authority.clone()));
    }
}

/// An empty pool of connections that are all inside TLS, or none of them.
///
/// awc's own timeout, redirects and default headers are off: the client has its own of each.
fn new_pool(plan: &Rc<ConnectionPlan>, secure: bool) -> awc::Client {
    let limits = &plan.limits;
    let connector = awc::Connector::new()
        .connector(Connector::new(Rc::clone(plan), secure))
        // The plan bounds both parts of it already.
        .timeout(limits.dial.saturating_add(limits.handshake))
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
