//! What the load generators share: NFSv3 calls (RFC 1813) by ONC RPC over TCP, and a pipeline of them.

pub mod call;
pub mod contents;
pub mod load;
pub mod operation;
pub mod rpc;
pub mod server;
pub mod target;
pub mod xdr;
