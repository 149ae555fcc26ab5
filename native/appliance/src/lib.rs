//! The server's end of the side channel: native threads that do for a client what NFS would do, by the same core.

pub mod change_sink;
mod claims;
pub mod coherence;
mod desk;
mod desk_pages;
mod execute;
mod figures;
mod kept_area;
mod lent_pages;
mod lent_table;
mod looking;
mod mailbox;
mod open_files;
mod open_table;
mod page_cache_unsafe;
mod page_copies;
mod pieces_unsafe;
pub mod rendezvous;
pub mod rendezvous_hello;
mod rendezvous_pending;
pub mod rendezvous_refusals;
pub mod rendezvous_region;
mod rendezvous_unsafe;
mod same_bytes;
pub mod session;
mod stamp;
mod under_way;
