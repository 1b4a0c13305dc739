//! Dispatcher to router: Providers whose notifications can only wait.

use std::collections::HashMap;
use std::sync::Arc;

use actix::Message;
use campanile_domain::{Failure, ObjectKey};

/// The Providers whose settings or Secrets do not resolve now, each with what is wrong. It replaces what was said before
/// and is repeated from time to time, so losing one costs nothing. Events are planned and stored all the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct Unusable(pub Arc<HashMap<ObjectKey, Failure>>);
