//! What the load generators share: NFSv3 calls (RFC 1813) by ONC RPC over TCP, and a pipeline of them.

pub mod load;
pub mod nfs;
pub mod rpc;
pub mod xdr;
