//! An open object of an export: its descriptors, shared by everybody who uses it at the moment.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use crate::caller::Credentials;
use crate::changes::Changes;
use crate::credentials::CredentialsGuard;
use crate::directory::DirectoryStream;
use crate::directory_snapshot::Snapshot;
use crate::errno::{Errno, Result};
use crate::filesystem::{Filesystem, ObjectName};
use crate::handle::{ExportId, WireHandle};
use crate::observer::KnownSlot;
use crate::open_listing::Listed;
use crate::permission_cache::PermissionCache;
use crate::syscalls_unsafe as sys;

/// Directory streams kept open per directory; more READDIRs at once open their own and close it afterwards.
const STREAMS_MAX: usize = 4;

/// A descriptor that the descriptor budget knows of. Its clones are the same one, open until the last of them goes.
#[derive(Clone)]
pub struct Descriptor(Arc<Counted>);

struct Counted {
    fd: OwnedFd,
    budget: Arc<AtomicUsize>,
}

impl Descriptor {
    pub fn new(fd: OwnedFd, budget: &Arc<AtomicUsize>) -> Descriptor {
        budget.fetch_add(1, Ordering::Relaxed);
        Descriptor(Arc::new(Counted {
            fd,
            budget: budget.clone(),
        }))
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.fd.as_fd()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.budget.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What data descriptors are opened for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DataAccess {
    Read,
    Write,
}

pub struct Object {
    pub wire: WireHandle,
    pub export: ExportId,
    pub filesystem: Arc<Filesystem>,
    pub name: ObjectName,
    /// The fsid attribute.
    pub fsid: u64,
    pub fileid: u64,
    /// S_IFMT of the mode; an inode never changes its type.
    pub format: u32,
    path: Descriptor,
    read: OnceLock<Descriptor>,
    write: OnceLock<Descriptor>,
    pub(crate) streams: Mutex<Vec<DirectoryStream>>,
    pub(crate) permissions: PermissionCache,
    /// Of a directory without stable offsets.
    pub(crate) snapshot: Mutex<Option<Arc<Snapshot>>>,
    /// Of a directory.
    pub(crate) listed: Mutex<Listed>,
    pub(crate) changes: Changes,
    /// Who knows the handle, once somebody does.
    pub(crate) known: KnownSlot,
    /// Written to unstably since the last successful COMMIT.
    unstable: AtomicBool,
}

impl Object {
    /// `path` is a descriptor of the object, O_PATH will do, `stat` what statx says of it.
    pub fn new(
        wire: WireHandle,
        export: ExportId,
        filesystem: Arc<Filesystem>,
        name: ObjectName,
        stat: &libc::statx,
        path: Descriptor,
    ) -> Object {
        let fsid = filesystem.fsid(name.object(), path.as_fd());
        Object {
            wire,
            export,
            filesystem,
            name,
            fsid,
            fileid: stat.stx_ino,
            format: u32::from(stat.stx_mode) & libc::S_IFMT,
            path,
            read: OnceLock::new(),
            write: OnceLock::new(),
            streams: Mutex::default(),
            permissions: PermissionCache::default(),
            snapshot: Mutex::default(),
            listed: Mutex::default(),
            changes: Changes::default(),
            known: KnownSlot::new(),
            unstable: AtomicBool::new(false),
        }
    }

    /// May be O_PATH: good for everything but data.
    pub fn path(&self) -> BorrowedFd<'_> {
        self.path.as_fd()
    }

    /// `path`, for as long as somebody needs it.
    pub(crate) fn path_descriptor(&self) -> Descriptor {
        self.path.clone()
    }

    pub fn is_directory(&self) -> bool {
        self.format == libc::S_IFDIR
    }

    pub fn is_regular(&self) -> bool {
        self.format == libc::S_IFREG
    }

    /// The data descriptor if there is one already.
    pub fn opened(&self, access: DataAccess) -> Option<BorrowedFd<'_>> {
        self.slot(access).get().map(Descriptor::as_fd)
    }

    /// The data descriptor, opened if need be: may block. Only after the caller's permission has been checked,
    /// because it is opened with the server's rights and then used for everybody.
    pub fn open(&self, access: DataAccess, credentials: &Credentials) -> Result<BorrowedFd<'_>> {
        if let Some(descriptor) = self.opened(access) {
            return Ok(descriptor);
        }
        let flags = match access {
            // An open for data of a fifo or a device has side effects or waits for ever.
            _ if !self.is_regular() && !self.is_directory() => return Err(Errno::INVAL),
            DataAccess::Read => libc::O_RDONLY,
            DataAccess::Write => libc::O_WRONLY,
        };
        let opened = self.reopen(flags, credentials)?;
        // Somebody else may have been quicker: then theirs is used and ours closed.
        Ok(self
            .slot(access)
            .get_or_init(|| Descriptor::new(opened, &self.path.0.budget))
            .as_fd())
    }

    /// Uses the read-write descriptor that a new file was created with for both.
    pub fn keep_created(&self, created: Descriptor) {
        let _ = self.read.set(created.clone());
        let _ = self.write.set(created);
    }

    /// One more descriptor, for somebody who needs a position of his own.
    pub fn reopen(&self, flags: i32, credentials: &Credentials) -> Result<OwnedFd> {
        match sys::reopen(self.path(), flags) {
            // A file system that trusts the caller more than root: FUSE, a squashing NFS server.
            Err(Errno::ACCES | Errno::PERM) => {
                let _guard = CredentialsGuard::assume(credentials)?;
                sys::reopen(self.path(), flags)
            }
            other => other,
        }
    }

    fn slot(&self, access: DataAccess) -> &OnceLock<Descriptor> {
        match access {
            DataAccess::Read => &self.read,
            DataAccess::Write => &self.write,
        }
    }

    pub fn mark_unstable(&self) {
        self.unstable.store(true, Ordering::Release);
    }

    /// To be called before the fsync, so that a write during it marks the object again.
    pub fn take_unstable(&self) -> bool {
        self.unstable.swap(false, Ordering::AcqRel)
    }

    pub fn is_unstable(&self) -> bool {
        self.unstable.load(Ordering::Acquire)
    }

    /// A directory stream at this position if there is one, else any, else a new one.
    pub(crate) fn take_stream(&self, position: i64, credentials: &Credentials) -> Result<DirectoryStream> {
        {
            let mut streams = self.streams.lock().unwrap();
            if !streams.is_empty() {
                let index = streams
                    .iter()
                    .position(|stream| stream.position == position)
                    .unwrap_or(0);
                return Ok(streams.swap_remove(index));
            }
        }
        let fd = self.reopen(libc::O_RDONLY | libc::O_DIRECTORY, credentials)?;
        Ok(DirectoryStream {
            descriptor: Descriptor::new(fd, &self.path.0.budget),
            position: 0,
        })
    }

    pub(crate) fn return_stream(&self, stream: DirectoryStream) {
        let mut streams = self.streams.lock().unwrap();
        if streams.len() < STREAMS_MAX {
            streams.push(stream);
        }
    }
}
