//! Files over the side channel for any program of the user VM. The agent does the reading and writing
//! (fsva_agent::local), and falls out of use without harm: a file goes on with the kernel's descriptor, if it may.
//!
//! `include/fsva.h` has what C sees of it, docs/libfsva.3.md the manual.

pub mod agents;
mod c_interface_unsafe;
pub mod connection;
pub mod file;
mod private_copy_unsafe;
pub mod status;
