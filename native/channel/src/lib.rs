//! The side channel's transport: rings, grants and sessions in memory that two machines, or two processes, share.
//! docs/side-channel.md has the layout and the state machines drawn.

pub mod borrower;
pub mod broken;
pub mod channel;
pub mod descriptors_unsafe;
pub mod frame;
pub mod geometry;
pub mod grant_word;
pub mod happened_mark;
#[cfg(test)]
mod heap_words;
pub mod hint_ring;
pub mod layout;
pub mod lender;
pub mod memfd_unsafe;
pub mod message;
pub mod page_pool;
pub mod page_range;
pub mod protocol;
pub mod region;
pub mod region_unsafe;
pub mod requests;
pub mod response_cache;
pub mod ring;
pub mod sender;
pub mod session;
pub mod spin;
pub mod wake;
mod wake_unsafe;
pub mod words;
