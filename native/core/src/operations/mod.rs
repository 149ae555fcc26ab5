//! The operations of the Vfs interface, one per file.

pub mod access;
pub mod commit;
pub mod create;
pub mod fsinfo;
pub mod fsstat;
pub mod getacl;
pub mod getattr;
pub mod link;
pub mod lock;
pub mod lookup;
pub mod mkdir;
pub mod mknod;
mod new_object;
pub mod pathconf;
pub mod read;
pub mod readdir;
pub mod readlink;
pub mod remove;
pub mod rename;
pub mod resolve;
pub mod rmdir;
pub mod set_attributes;
pub mod setacl;
pub mod setattr;
pub mod symlink;
pub mod unlock;
pub mod write;
