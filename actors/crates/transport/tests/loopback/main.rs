//! The transport against real sockets on loopback.

#[cfg(test)]
mod address;
#[cfg(test)]
mod bodies;
#[cfg(test)]
mod heads;
#[cfg(test)]
mod keep_alive;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod nats;
#[cfg(test)]
mod plain;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod redirect;
#[cfg(test)]
mod sockets;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod wire;
