//! The root directory of a mount, as a descriptor.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::errno::{Errno, Result};
use crate::syscalls_unsafe as sys;

/// Kept open for an export's own file system; opened when needed for a mount inside it, which whoever mounted it may
/// want to unmount while we run.
pub enum MountRoot {
    Kept(OwnedFd),
    Reopened { path: PathBuf, mount_id: u64 },
}

/// One use of it.
pub enum OpenMountRoot<'a> {
    Kept(BorrowedFd<'a>),
    Reopened(OwnedFd),
}

impl MountRoot {
    /// ESTALE if it is not mounted any more.
    pub fn open(&self) -> Result<OpenMountRoot<'_>> {
        match self {
            MountRoot::Kept(root) => Ok(OpenMountRoot::Kept(root.as_fd())),
            MountRoot::Reopened { path, mount_id } => {
                open_mount(path, *mount_id).map(OpenMountRoot::Reopened)
            }
        }
    }
}

impl AsFd for OpenMountRoot<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            OpenMountRoot::Kept(root) => *root,
            OpenMountRoot::Reopened(root) => root.as_fd(),
        }
    }
}

/// The root of that very mount: ESTALE if it is gone or covered by another one.
pub fn open_mount(path: &Path, mount_id: u64) -> Result<OwnedFd> {
    let root = match open_root(path) {
        Err(Errno::NOENT | Errno::NOTDIR) => return Err(Errno::STALE),
        opened => opened?,
    };
    if sys::statx(root.as_fd())?.stx_mnt_id == mount_id {
        Ok(root)
    } else {
        Err(Errno::STALE)
    }
}

/// open_by_handle_at wants a descriptor that is not O_PATH; a handle table can do with one that is. A regular file
/// may be a mount's root, too.
pub fn open_root(path: &Path) -> Result<OwnedFd> {
    let options = |flags: i32| {
        let mut options = File::options();
        options.read(true).custom_flags(flags | libc::O_NOFOLLOW);
        options
    };
    let object: OwnedFd = options(libc::O_PATH).open(path)?.into();
    let format = u32::from(sys::statx(object.as_fd())?.stx_mode) & libc::S_IFMT;
    if format != libc::S_IFDIR && format != libc::S_IFREG {
        return Ok(object);
    }
    match sys::reopen(object.as_fd(), libc::O_RDONLY | libc::O_NONBLOCK) {
        Err(Errno::ACCES | Errno::PERM) => Ok(object),
        reopened => reopened,
    }
}
