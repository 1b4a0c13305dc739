//! Log lines about a Receiver.

/// Logs a line about a Receiver, which is named as the contract has it (receivers 10).
macro_rules! log_receiver {
    ($level:ident, $key:expr, $($rest:tt)+) => {{
        let key: &campanile_domain::ObjectKey = $key;
        tracing::event!(
            tracing::Level::$level,
            "reconciler kind" = "Receiver",
            name = &*key.name,
            namespace = &*key.namespace,
            $($rest)+
        )
    }};
}

pub(super) use log_receiver;
