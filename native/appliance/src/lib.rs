//! The server's end of the side channel: native threads that do for a client what NFS would do, by the same core.

pub mod change_sink;
