//! One call of one caller: what an operation works with.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use crate::answer::{Answer, Attributes, WccAttributes};
use crate::attributes;
use crate::caller::{Caller, Credentials};
use crate::credentials::{CredentialsGuard, acting_uid};
use crate::descriptor_cache::Moment;
use crate::engine::Engine;
use crate::errno::{Errno, Result};
use crate::export_policy::{Access, Export};
use crate::filesystem::{Filesystem, ObjectName};
use crate::handle::{Handle, WIRE_BYTES_MAX, WireHandle};
use crate::inode::Inode;
use crate::intent::Intent;
use crate::name::Name;
use crate::object::{DataAccess, Descriptor, Object};
use crate::syscalls_unsafe as sys;

/// Not an NFS status: the operation might block and has to be repeated on a thread that may.
pub const DEFER: Errno = Errno(601);

/// A handle as it came from the wire: bounded, not yet believed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct UntrustedHandle {
    length: usize,
    bytes: [u8; WIRE_BYTES_MAX],
}

impl UntrustedHandle {
    pub fn new(wire: &[u8]) -> Result<UntrustedHandle> {
        let mut bytes = [0; WIRE_BYTES_MAX];
        bytes
            .get_mut(..wire.len())
            .ok_or(Errno::BADHANDLE)?
            .copy_from_slice(wire);
        Ok(UntrustedHandle {
            length: wire.len(),
            bytes,
        })
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// Where an operation puts what it answers, on failure too.
pub struct Output<'a> {
    pub answer: &'a mut Answer,
    /// What has no fixed length: the target of a symbolic link, directory entries.
    pub bytes: &'a mut Vec<u8>,
}

pub struct Call<'a> {
    pub engine: &'a Arc<Engine>,
    pub caller: &'a Arc<Caller>,
    /// On the event loop: whatever might block answers DEFER instead.
    pub inline: bool,
    /// Of a call that is recorded.
    pub intent: Option<&'a Intent>,
}

impl Call<'_> {
    /// The object of a handle, with what the caller may be in its export.
    pub fn open(&self, wire: &UntrustedHandle, access: Access) -> Result<Opened> {
        let object = match self.cached(wire.as_bytes()) {
            Some(object) => object,
            None if self.inline => return Err(DEFER),
            None => self.open_uncached(wire.as_bytes(), access)?,
        };
        if self.inline && !object.filesystem.traits.inline {
            return Err(DEFER);
        }
        let authorization = self
            .engine
            .guard
            .policy
            .authorize(self.caller, object.export, access)?;
        let opened = Opened {
            object,
            export: authorization.export,
            credentials: authorization.credentials,
        };
        self.is_shown(&opened);
        Ok(opened)
    }

    /// An open descriptor of a file system that knows its files by name (FUSE) may have come to mean another file.
    fn cached(&self, wire: &[u8]) -> Option<Arc<Object>> {
        let object = self.engine.objects.get(wire)?;
        if !self.inline && !object.filesystem.is_current(&object.name, object.path()) {
            self.engine.retire(self.engine.objects.evict(wire));
            return None;
        }
        Some(object)
    }

    fn open_uncached(&self, wire: &[u8], access: Access) -> Result<Arc<Object>> {
        let handle = self.engine.guard.codec.open(wire)?;
        self.engine
            .guard
            .policy
            .authorize(self.caller, handle.export, access)?;
        let filesystem = self
            .engine
            .volume(handle.export)?
            .filesystems
            .by_key(handle.filesystem)?;
        let name = ObjectName::from_object(handle.object)?;
        let fd = self
            .engine
            .with_spare_descriptors(|| filesystem.open(handle.object))?;
        let stat = sys::statx(fd.as_fd())?;
        self.insert(handle, filesystem, name, self.descriptor(fd), &stat)
    }

    fn insert(
        &self,
        handle: Handle<'_>,
        filesystem: Arc<Filesystem>,
        name: ObjectName,
        path: Descriptor,
        stat: &libc::statx,
    ) -> Result<Arc<Object>> {
        let wire = self.engine.guard.codec.seal(&handle)?;
        let object = Object::new(wire, handle.export, filesystem, name, stat, path);
        Ok(self.engine.objects.insert(object))
    }

    /// As it is counted.
    pub fn descriptor(&self, fd: OwnedFd) -> Descriptor {
        Descriptor::new(fd, &self.engine.objects.descriptors)
    }

    /// Makes an object of what was found or made under `name` in `directory`. `fd` may be O_PATH; the thread has the
    /// server's own credentials.
    pub fn adopt(&self, directory: &Opened, name: &Name, fd: OwnedFd) -> Result<Opened> {
        let stat = sys::statx_with_birth(fd.as_fd())?;
        self.adopt_with(directory, name, self.descriptor(fd), &stat)
    }

    /// As `adopt`, with what statx says of the descriptor.
    pub fn adopt_with(
        &self,
        directory: &Opened,
        name: &Name,
        fd: Descriptor,
        stat: &libc::statx,
    ) -> Result<Opened> {
        let parent = &directory.object;
        let filesystem = if self.inline && parent.filesystem.uses_table() {
            // It may have to write the object down.
            return Err(DEFER);
        } else if stat.stx_mnt_id == parent.filesystem.mount_id {
            parent.filesystem.clone()
        } else if self.inline {
            return Err(DEFER);
        } else {
            self.engine
                .volume(parent.export)?
                .filesystems
                .by_mount_id(stat.stx_mnt_id)?
        };
        let same = filesystem.key == parent.filesystem.key;
        let place = (same && !name.is_special()).then(|| (parent.name.object(), name.as_bytes()));
        let object_name = filesystem.name_of(fd.as_fd(), place)?;
        let opened = self.adopt_named(directory, filesystem, object_name, fd, stat)?;
        let filesystem = &opened.object.filesystem;
        if let Some(inode) = Inode::of(stat)
            && filesystem.traits.inline
            && !filesystem.uses_table()
        {
            self.engine.objects.found(&opened.object, inode);
        }
        Ok(opened)
    }

    /// What was found in `directory`, if it has been adopted before and open ever since: neither its kernel handle nor its MAC
    /// has to be made again. `stat` was looked at after the `moment`.
    pub fn already_open(&self, directory: &Opened, stat: &libc::statx, moment: Moment) -> Option<Opened> {
        let parent = &directory.object;
        let inode = Inode::of(stat).filter(|_| stat.stx_mnt_id == parent.filesystem.mount_id)?;
        let object = self.engine.objects.get_by_inode(parent.export, &inode, moment)?;
        (object.filesystem.key == parent.filesystem.key).then(|| Opened {
            object,
            export: directory.export.clone(),
            credentials: directory.credentials.clone(),
        })
    }

    /// As `adopt`, of an object whose name in its file system is known.
    pub fn adopt_named(
        &self,
        directory: &Opened,
        filesystem: Arc<Filesystem>,
        name: ObjectName,
        fd: Descriptor,
        stat: &libc::statx,
    ) -> Result<Opened> {
        let handle = Handle {
            export: directory.object.export,
            filesystem: filesystem.key,
            object: name.object(),
        };
        let wire = self.engine.guard.codec.seal(&handle)?;
        let object = match self.cached(wire.as_bytes()) {
            Some(object) => object,
            None => self.insert(handle, filesystem, name, fd, stat)?,
        };
        Ok(Opened {
            object,
            export: directory.export.clone(),
            credentials: directory.credentials.clone(),
        })
    }

    /// The wire handle of an object of `directory`'s own file system that is not kept open.
    pub fn wire_handle(&self, directory: &Object, name: &ObjectName) -> Result<WireHandle> {
        self.engine.guard.codec.seal(&Handle {
            export: directory.export,
            filesystem: directory.filesystem.key,
            object: name.object(),
        })
    }
}

/// An object that the caller may use, and as whom.
#[derive(Clone)]
pub struct Opened {
    pub object: Arc<Object>,
    pub export: Arc<Export>,
    pub credentials: Arc<Credentials>,
}

impl Opened {
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.object.path()
    }

    /// Takes the caller's rights.
    pub fn act(&self) -> Result<CredentialsGuard> {
        CredentialsGuard::assume(&self.credentials)
    }

    /// ESTALE if the object has no name any more: an open descriptor keeps it from going for good, but for the
    /// protocol it is gone.
    pub fn stat(&self) -> Result<libc::statx> {
        let stat = stat_in(&self.object.filesystem, self.fd())?;
        if stat.stx_nlink == 0 && !self.object.filesystem.traits.remote {
            return Err(Errno::STALE);
        }
        Ok(stat)
    }

    pub fn attributes_of(&self, stat: &libc::statx) -> Attributes {
        attributes::attributes(stat, self.object.fsid)
    }

    pub fn attributes(&self) -> Result<Attributes> {
        Ok(self.attributes_of(&self.stat()?))
    }

    /// What there is to say after an operation that may have failed.
    pub fn attributes_if_any(&self) -> Attributes {
        self.attributes().unwrap_or_default()
    }

    pub fn wcc(&self) -> Result<WccAttributes> {
        Ok(attributes::wcc_attributes(&self.stat()?))
    }

    pub fn directory(self) -> Result<Opened> {
        if self.object.is_directory() {
            Ok(self)
        } else {
            Err(Errno::NOTDIR)
        }
    }

    /// Whether the caller has one of the `modes` (R_OK, W_OK, X_OK) on the object, or owns it: the client has
    /// checked permission when it opened the file, and the owner may have opened it before he took the
    /// permission away, or created it without (RFC 1813, section 4.4).
    pub fn permit_data(&self, stat: &libc::statx, modes: &[i32]) -> Result<()> {
        if stat.stx_uid == acting_uid(&self.credentials) {
            return Ok(());
        }
        let mut result = Err(Errno::ACCES);
        for mode in modes {
            result = self.permit(stat, *mode);
            if result.is_ok() {
                break;
            }
        }
        result
    }

    /// Whether the caller has this permission (an or of R_OK, W_OK and X_OK) on the object; `stat` is current.
    pub fn permit(&self, stat: &libc::statx, mode: i32) -> Result<()> {
        let decide = || {
            let _guard = self.act()?;
            sys::access(self.fd(), mode)
        };
        // Others may decide by more than the inode.
        if !self.object.filesystem.traits.inline {
            return decide();
        }
        self.object
            .permissions
            .check(&self.credentials, stat, mode, decide)
    }

    /// Makes the metadata of the object stable if the export asks for it (RFC 1813, section 4.7).
    pub fn sync_metadata(&self, call: &Call<'_>) -> Result<()> {
        if !self.export.sync {
            return Ok(());
        }
        self.sync(call)?;
        self.object.filesystem.sync_handles()
    }

    /// fsync; an error means that unstable writes may be lost, too.
    pub fn sync(&self, call: &Call<'_>) -> Result<()> {
        let object = &self.object;
        if object.filesystem.traits.memory {
            return Ok(());
        }
        debug_assert!(!call.inline);
        let synced = if object.is_regular() || object.is_directory() {
            let opened = match object.opened(DataAccess::Write) {
                Some(opened) => Ok(opened),
                None => object.open(DataAccess::Read, &self.credentials),
            };
            opened.and_then(sys::fsync)
        } else {
            // A descriptor for fsync would be an open of the fifo or the device; rare enough to sync everything.
            let root = std::fs::File::open(&object.filesystem.path).map_err(Errno::from);
            root.and_then(|root| sys::syncfs(root.as_fd()))
        };
        if synced.is_err() {
            call.engine.verifier.data_may_be_lost();
        }
        synced
    }
}

/// What statx says of an object of this file system, as it is now. Where calls are answered on the event loop, it knows
/// inodes from each other.
pub fn stat_in(filesystem: &Filesystem, fd: BorrowedFd<'_>) -> Result<libc::statx> {
    let traits = &filesystem.traits;
    // FUSE and its like remember attributes for a while, and of each name of a file apart.
    if traits.remote && !traits.durable_kernel_handles {
        sys::statx_from_source(fd)
    } else if traits.inline {
        sys::statx_with_birth(fd)
    } else {
        sys::statx(fd)
    }
}
