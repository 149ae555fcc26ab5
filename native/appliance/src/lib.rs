//! The server's end of the side channel: native threads that do for a client what NFS would do, by the same core.

pub mod change_sink;
pub mod rendezvous;
pub mod rendezvous_hello;
mod rendezvous_pending;
pub mod rendezvous_refusals;
pub mod rendezvous_region;
mod rendezvous_unsafe;
