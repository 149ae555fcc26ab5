//! The user VM's end of the side channel: files by grant, and a kernel cache that does not go stale.

pub mod kernel_cache;
pub mod local;
pub mod notice_sink;
