//! The core of an fsva server: everything that must exist once per process, usable without JavaScript.

pub mod caller;
pub mod errno;
pub mod export_policy;
pub mod filesystem;
pub mod guard;
pub mod handle;
pub mod handle_table;
pub mod kernel_handle;
pub mod state_directory;
pub mod write_verifier;
