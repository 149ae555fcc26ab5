//! The user VM's end of the side channel: files by grant, and a kernel cache that does not go stale.

pub mod attributes;
pub mod batch;
pub mod client;
pub mod error;
pub mod figures;
pub mod file;
mod keeper;
pub mod kernel_cache;
pub mod later;
mod leading;
mod lending;
pub mod lent_buffer;
mod link;
pub mod local;
mod map_file;
mod mapped;
pub mod mapping;
mod nfs_handle;
mod nfs_handle_unsafe;
pub mod notice_sink;
mod notices;
pub mod op_times;
mod privileged_port_unsafe;
pub mod rendezvous;
mod window;
