//! The side channel's transport: rings, grants and sessions in memory that two machines, or two processes, share.
//! docs/side-channel.md has the layout and the state machines drawn.

pub mod geometry;
pub mod layout;
mod memfd_unsafe;
pub mod page_range;
pub mod region;
pub mod region_unsafe;
pub mod words;
