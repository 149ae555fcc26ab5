//! The file systems at and below an export's root: what identifies each across restarts, what it can do, and how its
//! objects are named in handles.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;

use crate::errno::{Errno, Result};
use crate::export_policy::Export;
use crate::handle::{FilesystemKey, Object};
use crate::kernel_handle::KernelHandle;
use crate::state_directory::StateDirectory;

/// An object's name in its file system, by value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ObjectName {
    Kernel(KernelHandle),
    /// Id in the file system's handle table.
    Table(u64),
}

impl ObjectName {
    pub fn object(&self) -> Object<'_> {
        match self {
            ObjectName::Kernel(handle) => handle.object(),
            ObjectName::Table(id) => Object::Table(*id),
        }
    }
    /// EBADHANDLE for a foreign object.
    pub fn from_object(object: Object) -> Result<ObjectName> {
        match object {
            Object::Kernel { handle_type, bytes } => KernelHandle::new(handle_type, bytes)
                .map(ObjectName::Kernel)
                .ok_or(Errno::BADHANDLE),
            Object::Table(id) => Ok(ObjectName::Table(id)),
            Object::Foreign(_) => Err(Errno::BADHANDLE),
        }
    }
}

/// What a file system can do, for whoever chooses how to serve it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Traits {
    /// The kernel answers from its caches or a local disk: cached calls may be made on the event loop.
    pub inline: bool,
    /// Directory offsets (d_off) stay valid while the directory changes and across opens.
    pub stable_directory_offsets: bool,
}

/// One file system (one mount) of one export.
pub struct Filesystem {
    pub key: FilesystemKey,
    /// Absolute path of the mount's root, or of the export's root inside its mount.
    pub path: PathBuf,
    /// As in /proc/self/mountinfo.
    pub type_name: String,
    pub mount_id: u64,
    pub traits: Traits,
}

impl Filesystem {
    /// How handles are made here, in words for the log.
    pub fn strategy(&self) -> String {
        todo!()
    }
    /// The export's root, or the root of a mount below it.
    pub fn root(&self) -> Result<ObjectName> {
        todo!()
    }
    /// Opens the object itself (O_PATH, a symbolic link is not followed) with the server's own rights: to be called
    /// before the caller's credentials are taken on. May block. ESTALE if it is gone.
    pub fn open(&self, _object: Object) -> Result<OwnedFd> {
        todo!()
    }
    /// The name of an open object (O_PATH will do) of this file system; `place` is where it was found, which a
    /// handle table needs to know (without it, the table finds the path in /proc, directories only).
    pub fn name_of(&self, _descriptor: BorrowedFd, _place: Option<(Object, &[u8])>) -> Result<ObjectName> {
        todo!()
    }
    /// The fsid attribute: never 0, constant across reboots. `descriptor` is the object itself, open.
    pub fn fsid(&self, _object: Object, _descriptor: BorrowedFd) -> u64 {
        todo!()
    }
    /// The object was removed from that place, by us; `links_left` if it still has other names.
    pub fn removed(&self, _directory: Object, _name: &[u8], _links_left: bool) {
        todo!()
    }
    /// The object was renamed, by us; what had the new name before is gone.
    pub fn renamed(&self, _from: Object, _from_name: &[u8], _to: Object, _to_name: &[u8]) {
        todo!()
    }
    /// Makes handles given out so far survive a power failure (they survive a crash of the server anyway).
    pub fn sync_handles(&self) -> Result<()> {
        todo!()
    }
}

/// All file systems of one export.
pub struct ExportFilesystems {
    pub export: Arc<Export>,
}

impl ExportFilesystems {
    /// Looks at the mounts at and below the export's path. May block.
    pub fn open(_export: Arc<Export>, _state: Arc<StateDirectory>) -> Result<ExportFilesystems> {
        todo!()
    }
    /// The one that the export's root is in.
    pub fn root(&self) -> Arc<Filesystem> {
        todo!()
    }
    /// By the key in a handle, among those known: never blocks.
    pub fn known(&self, _key: FilesystemKey) -> Option<Arc<Filesystem>> {
        todo!()
    }
    /// By the key in a handle, looking at the mounts again if it is unknown. May block. ESTALE if there is none.
    pub fn by_key(&self, _key: FilesystemKey) -> Result<Arc<Filesystem>> {
        todo!()
    }
    /// By statx's stx_mnt_id (STATX_MNT_ID, not the unique one) of an object found by LOOKUP, looking at the mounts
    /// again if it is unknown. May block. EXDEV if it is outside of the export.
    pub fn by_mount_id(&self, _mount_id: u64) -> Result<Arc<Filesystem>> {
        todo!()
    }
    /// How each file system makes its handles, in words for the log.
    pub fn strategies(&self) -> Vec<String> {
        todo!()
    }
}
