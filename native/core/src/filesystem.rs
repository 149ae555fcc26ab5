//! One file system of an export: how its objects are named in handles, and how they are found again.

use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, RwLockReadGuard};

use crate::errno::{Errno, Result};
pub use crate::export_filesystems::ExportFilesystems;
use crate::filesystem_identity::{FilesystemIdentity, btrfs_subvolume, btrfs_uuid};
use crate::filesystem_traits::Traits;
use crate::handle::{FilesystemKey, Object};
use crate::handle_table::{HandleTable, ROOT};
use crate::handle_table_resolve::Resolver;
use crate::kernel_handle::KernelHandle;
use crate::mount_root::{MountRoot, OpenMountRoot};
use crate::mountinfo::Mount;
use crate::object_identity::{Identified, ObjectIdentity};
use crate::state_directory::StateDirectory;
use crate::syscalls_unsafe as sys;

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

/// How handles are made.
pub(crate) enum Strategy {
    /// name_to_handle_at and open_by_handle_at.
    Kernel,
    Table {
        table: LazyTable,
        why: String,
    },
}

/// Opened when the first handle is made: most mounts that happen to be below an export are never looked at.
pub(crate) struct LazyTable {
    state: Arc<StateDirectory>,
    name: String,
    table: OnceLock<Arc<HandleTable>>,
}

impl LazyTable {
    pub fn new(state: Arc<StateDirectory>, name: String) -> LazyTable {
        LazyTable {
            state,
            name,
            table: OnceLock::new(),
        }
    }

    fn get(&self) -> Result<&HandleTable> {
        if self.table.get().is_none() {
            // Whoever is first: the state directory has one table of a name.
            let _ = self.table.set(self.state.handle_table(&self.name)?);
        }
        Ok(self.table.get().expect("set above"))
    }
}

/// One mount, at or below an export's root.
pub struct Filesystem {
    pub key: FilesystemKey,
    /// Absolute path of the mount's root, or of the export's root inside its mount.
    pub path: PathBuf,
    /// As in /proc/self/mountinfo.
    pub type_name: String,
    pub mount_id: u64,
    pub traits: Traits,
    /// The directory `path`; O_PATH if it may not be read.
    root: MountRoot,
    /// Of a root that is kept open, once it has been asked for.
    root_name: OnceLock<ObjectName>,
    strategy: Strategy,
    identity: FilesystemIdentity,
    /// Instead of the derived one, for what is in the same subvolume as the root.
    chosen_fsid: Option<u64>,
    btrfs: Option<Btrfs>,
}

struct Btrfs {
    uuid: [u8; 16],
    root_subvolume: u64,
}

/// What the mounts say of a file system before it is asked itself.
pub(crate) struct Found<'a> {
    pub key: FilesystemKey,
    pub path: &'a Path,
    pub mount: &'a Mount,
    pub traits: Traits,
    pub identity: FilesystemIdentity,
    pub chosen_fsid: Option<u64>,
    /// Whether to keep its root open, see MountRoot.
    pub keeps_root: bool,
}

impl Filesystem {
    pub(crate) fn new(found: Found, root: OwnedFd, table: LazyTable) -> Result<Filesystem> {
        let Found {
            key,
            path,
            mount,
            traits,
            identity,
            chosen_fsid,
            keeps_root,
        } = found;
        let strategy = match probe(root.as_fd(), &traits) {
            Ok(()) => Strategy::Kernel,
            Err(why) => {
                // An export's own should fail now rather than when somebody has mounted it.
                if keeps_root {
                    table.get()?;
                }
                Strategy::Table { table, why }
            }
        };
        let uuid = Some(root.as_fd())
            .filter(|_| mount.type_name == "btrfs")
            .and_then(btrfs_uuid);
        let btrfs = uuid.and_then(|uuid| {
            Some(Btrfs {
                uuid,
                root_subvolume: btrfs_subvolume(root.as_fd(), &uuid)?,
            })
        });
        let root = match keeps_root {
            true => MountRoot::Kept(root),
            false => MountRoot::Reopened {
                path: path.to_owned(),
                mount_id: mount.id,
            },
        };
        Ok(Filesystem {
            key,
            path: path.to_owned(),
            type_name: mount.type_name.clone(),
            mount_id: mount.id,
            traits,
            root,
            root_name: OnceLock::new(),
            strategy,
            identity,
            chosen_fsid,
            btrfs,
        })
    }

    /// How handles are made here, in words for the log.
    pub fn strategy(&self) -> String {
        let (path, type_name) = (self.path.display(), &self.type_name);
        match &self.strategy {
            Strategy::Kernel => format!("{path} ({type_name}): kernel file handles"),
            Strategy::Table { table, why } => {
                let torn = table.table.get().map_or(0, |table| table.torn_bytes);
                let loss = if torn == 0 {
                    String::new()
                } else {
                    format!("; the last {torn} bytes of the table were damaged, handles in them are stale")
                };
                format!("{path} ({type_name}): handle table, because {why}{loss}")
            }
        }
    }

    /// Whether handles need the table instead of the kernel's.
    pub fn uses_table(&self) -> bool {
        matches!(self.strategy, Strategy::Table { .. })
    }

    /// Whether an entry of it is found by name, with the server's rights, as whoever may search the directory finds it:
    /// handles are the kernel's, and say all there is to say of an object's file system.
    pub fn has_plain_entries(&self) -> bool {
        self.traits.inline && matches!(self.strategy, Strategy::Kernel) && self.type_name != "btrfs"
    }

    /// The export's root, or the root of a mount below it.
    pub fn root(&self) -> Result<ObjectName> {
        match &self.strategy {
            Strategy::Kernel => {
                if let Some(name) = self.root_name.get() {
                    return Ok(*name);
                }
                let name = KernelHandle::of(self.root.open()?.as_fd()).map(ObjectName::Kernel)?;
                if self.keeps_root() {
                    let _ = self.root_name.set(name);
                }
                Ok(name)
            }
            Strategy::Table { .. } => Ok(ObjectName::Table(ROOT)),
        }
    }

    /// Whether its root is kept open, so that it cannot be unmounted.
    pub fn keeps_root(&self) -> bool {
        matches!(self.root, MountRoot::Kept(_))
    }

    /// The root directory of its mount, or the export's.
    pub fn open_root(&self) -> Result<OpenMountRoot<'_>> {
        self.root.open()
    }

    /// Opens the object itself (O_PATH, a symbolic link is not followed) with the server's own rights: to be called
    /// before the caller's credentials are taken on. May block. ESTALE if it is gone.
    pub fn open(&self, object: Object) -> Result<OwnedFd> {
        match (&self.strategy, object) {
            (Strategy::Kernel, Object::Kernel { handle_type, bytes }) => {
                let handle = KernelHandle::new(handle_type, bytes).ok_or(Errno::BADHANDLE)?;
                handle.open(self.root.open()?.as_fd(), libc::O_PATH | libc::O_NOFOLLOW)
            }
            (Strategy::Table { table, .. }, Object::Table(id)) => {
                let root = self.root.open()?;
                self.resolver(table.get()?, root.as_fd()).open(id)
            }
            // Made when the file system was served in the other way (by a privileged server, for one).
            (_, Object::Kernel { .. } | Object::Table(_)) => Err(Errno::STALE),
            (_, Object::Foreign(_)) => Err(Errno::BADHANDLE),
        }
    }

    /// Whether a descriptor opened for `name` earlier still is that object. Kernel handles need not be asked.
    pub fn is_current(&self, name: &ObjectName, descriptor: BorrowedFd) -> bool {
        match (&self.strategy, name) {
            (Strategy::Table { table, .. }, ObjectName::Table(id)) if *id != ROOT => {
                let now = self.identified(descriptor);
                let table = table.get();
                matches!((now, table), (Ok(now), Ok(table))
                    if now.links > 0 && table.recognize(*id, &now.identity))
            }
            _ => true,
        }
    }

    /// The name of an open object (O_PATH will do) of this file system; `place` is where it was found, which a
    /// handle table needs to know (without it, the table finds the path in /proc).
    pub fn name_of(&self, descriptor: BorrowedFd, place: Option<(Object, &[u8])>) -> Result<ObjectName> {
        let table = match &self.strategy {
            Strategy::Kernel => return KernelHandle::of(descriptor).map(ObjectName::Kernel),
            Strategy::Table { table, .. } => table.get()?,
        };
        let found = self.identified(descriptor)?;
        match place {
            Some((Object::Table(parent), name)) => table.intern(parent, name, &found).map(ObjectName::Table),
            Some(_) => Err(Errno::STALE),
            None => match table.find(&found) {
                Some(id) => Ok(ObjectName::Table(id)),
                None => match self.intern_path(table, descriptor) {
                    Err(Errno::STALE) => {
                        // A rename may have moved it from under the path.
                        let _no_renames = table.renames_done();
                        self.intern_path(table, descriptor)
                    }
                    interned => interned,
                }
                .map(ObjectName::Table),
            },
        }
    }

    fn intern_path(&self, table: &HandleTable, object: BorrowedFd) -> Result<u64> {
        let root = self.root.open()?;
        let path = path_of(object)?;
        let below = path
            .strip_prefix(&path_of(root.as_fd())?)
            .map_err(|_| Errno::STALE)?;
        let mut id = ROOT;
        let mut current = self.resolver(table, root.as_fd()).open(ROOT)?;
        for component in below.components() {
            let name = component.as_os_str().as_bytes();
            let name_c = CString::new(name).map_err(|_| Errno::INVAL)?;
            let flags = libc::O_PATH | libc::O_NOFOLLOW;
            current = match sys::openat2(current.as_fd(), &name_c, flags, sys::RESOLVE_BENEATH) {
                // Removed or renamed meanwhile: the path says nothing any more.
                Err(Errno::NOENT | Errno::NOTDIR) => return Err(Errno::STALE),
                child => child?,
            };
            id = table.intern(id, name, &self.identified(current.as_fd())?)?;
        }
        let (wanted, found) = (self.identified(object)?, self.identified(current.as_fd())?);
        if wanted.identity.may_be(&found.identity) {
            Ok(id)
        } else {
            Err(Errno::STALE)
        }
    }

    fn identified(&self, object: BorrowedFd) -> Result<Identified> {
        ObjectIdentity::of(object, self.subvolume(None, object))
    }

    fn resolver<'a>(&'a self, table: &'a HandleTable, root: BorrowedFd<'a>) -> Resolver<'a> {
        Resolver {
            table,
            root,
            subvolume_of: Box::new(|object| self.subvolume(None, object)),
        }
    }

    /// The fsid attribute: never 0, constant across reboots. `descriptor` is the object itself, open.
    pub fn fsid(&self, object: Object, descriptor: BorrowedFd) -> u64 {
        let subvolume = self.subvolume(Some(object), descriptor);
        let in_root_subvolume = self
            .btrfs
            .as_ref()
            .is_none_or(|btrfs| btrfs.root_subvolume == subvolume);
        match self.chosen_fsid {
            Some(fsid) if in_root_subvolume => fsid,
            _ if self.btrfs.is_some() => self.identity.with(&subvolume.to_le_bytes()).as_u64(),
            _ => self.identity.as_u64(),
        }
    }

    /// The btrfs subvolume of an object; 0 on other file systems.
    fn subvolume(&self, object: Option<Object>, descriptor: BorrowedFd) -> u64 {
        let Some(btrfs) = &self.btrfs else { return 0 };
        let in_handle = object.and_then(btrfs_subvolume_in_handle);
        in_handle
            .or_else(|| btrfs_subvolume(descriptor, &btrfs.uuid))
            .unwrap_or(btrfs.root_subvolume)
    }

    /// `object` (None: not known) was removed from that place, by us; `links_left` if it still has other names. What
    /// has the name by now may be another object.
    pub fn removed(&self, directory: Object, name: &[u8], object: Option<ObjectName>, links_left: bool) {
        // What the table fails to note here it finds out when the handle is next used.
        if let (Strategy::Table { table, .. }, Object::Table(parent), Some(ObjectName::Table(id))) =
            (&self.strategy, directory, object)
        {
            let _ = table
                .get()
                .and_then(|table| table.removed(id, parent, name, links_left));
        }
    }

    /// To be held from before a rename until `renamed` has been called; no handle may be opened meanwhile.
    pub fn renaming(&self) -> Option<RwLockReadGuard<'_, ()>> {
        match &self.strategy {
            Strategy::Kernel => None,
            Strategy::Table { table, .. } => table.get().ok().map(HandleTable::renaming),
        }
    }

    /// `object` was renamed, by us; what had the new name before is gone from there.
    pub fn renamed(&self, object: ObjectName, from: Object, from_name: &[u8], to: Object, to_name: &[u8]) {
        if let (
            Strategy::Table { table, .. },
            ObjectName::Table(id),
            Object::Table(from),
            Object::Table(to),
        ) = (&self.strategy, object, from, to)
        {
            let _ = table
                .get()
                .and_then(|table| table.renamed(id, from, from_name, to, to_name));
        }
    }

    /// Makes handles given out so far survive a power failure (they survive a crash of the server anyway).
    pub fn sync_handles(&self) -> Result<()> {
        match &self.strategy {
            Strategy::Kernel => Ok(()),
            Strategy::Table { table, .. } => Ok(table.get()?.sync()?),
        }
    }
}

/// struct btrfs_fid, packed: objectid u64, root_objectid u64, ...
fn btrfs_subvolume_in_handle(object: Object) -> Option<u64> {
    /// FILEID_BTRFS_WITHOUT_PARENT, FILEID_BTRFS_WITH_PARENT, FILEID_BTRFS_WITH_PARENT_ROOT.
    const BTRFS_TYPES: std::ops::RangeInclusive<u8> = 0x4d..=0x4f;
    match object {
        Object::Kernel { handle_type, bytes } if BTRFS_TYPES.contains(&handle_type) => {
            Some(u64::from_ne_bytes(bytes.get(8..16)?.try_into().ok()?))
        }
        _ => None,
    }
}

/// Whether the kernel's handles work here, or why not.
fn probe(root: BorrowedFd, traits: &Traits) -> std::result::Result<(), String> {
    if !traits.durable_kernel_handles {
        return Err("its kernel handles do not survive a remount".into());
    }
    let handle = KernelHandle::of(root).map_err(|error| match error {
        Errno::OPNOTSUPP => "it has no kernel handles".to_owned(),
        Errno::OVERFLOW => "its kernel handles are too long".to_owned(),
        error => format!("name_to_handle_at fails: {error}"),
    })?;
    let found = handle.open(root, libc::O_PATH).map_err(|error| match error {
        Errno::PERM => "the server may not open files by kernel handle (CAP_DAC_READ_SEARCH)".to_owned(),
        error => format!("open_by_handle_at fails: {error}"),
    })?;
    let inode = |object: BorrowedFd| sys::statx(object).map(|statx| statx.stx_ino);
    match (inode(root), inode(found.as_fd())) {
        (Ok(one), Ok(other)) if one == other => Ok(()),
        _ => Err("its kernel handles lead elsewhere".into()),
    }
}

fn path_of(descriptor: BorrowedFd) -> Result<PathBuf> {
    let link = sys::DescriptorPath::new(descriptor);
    let target = std::fs::read_link(link.as_c_str().to_str().map_err(|_| Errno::SERVERFAULT)?)?;
    Ok(target)
}
