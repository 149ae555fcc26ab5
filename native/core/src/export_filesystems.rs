//! The file systems at and below an export's root, as the mounts change.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock};

use crate::errno::{Errno, Result};
use crate::export_policy::Export;
use crate::filesystem::{Filesystem, Found, LazyTable};
use crate::filesystem_identity::FilesystemIdentity;
use crate::filesystem_traits::{Traits, kernel_release};
use crate::handle::FilesystemKey;
use crate::mount_root::{open_mount, open_root};
use crate::mount_watch::MountWatch;
use crate::mountinfo::{self, Mount};
use crate::state_directory::StateDirectory;
use crate::syscalls_unsafe as sys;

pub struct ExportFilesystems {
    pub export: Arc<Export>,
    state: Arc<StateDirectory>,
    kernel: (u32, u32),
    mounted: RwLock<Arc<Mounted>>,
    watch: MountWatch,
    /// Held while the mounts are read.
    mountinfo: Mutex<MountInfo>,
}

struct MountInfo {
    file: File,
    /// By the watch, when it was last read without anything going wrong.
    read_at: Option<u64>,
}

/// What was found when the mounts were last read.
#[derive(Clone, Default)]
struct Mounted {
    /// The lines of mountinfo that this comes from.
    from: Vec<Mount>,
    root: Option<Arc<Filesystem>>,
    by_key: HashMap<FilesystemKey, Arc<Filesystem>>,
    by_mount_id: HashMap<u64, FilesystemKey>,
    /// Mounts that may hang when they are touched, not touched so far.
    untouched: HashMap<FilesystemKey, Untouched>,
}

#[derive(Clone)]
struct Untouched {
    mount: Mount,
    identity: FilesystemIdentity,
}

impl ExportFilesystems {
    /// Looks at the mounts at and below the export's path. May block.
    pub fn open(export: Arc<Export>, state: Arc<StateDirectory>) -> Result<ExportFilesystems> {
        let filesystems = ExportFilesystems {
            export,
            state,
            kernel: kernel_release(),
            mounted: RwLock::default(),
            watch: MountWatch::open()?,
            mountinfo: Mutex::new(MountInfo {
                file: File::open("/proc/self/mountinfo")?,
                read_at: None,
            }),
        };
        filesystems.refresh()?;
        Ok(filesystems)
    }

    /// The one that the export's root is in.
    pub fn root(&self) -> Arc<Filesystem> {
        self.mounted().root.clone().expect("found when it was opened")
    }

    /// Whether the export's path still leads to the directory that is served: it may have been made anew, or
    /// something may have been mounted on it. May block.
    pub fn is_where_its_path_leads(&self) -> bool {
        let identity = |root: BorrowedFd| {
            let stat = sys::statx(root)?;
            Ok::<_, Errno>((
                stat.stx_mnt_id,
                stat.stx_dev_major,
                stat.stx_dev_minor,
                stat.stx_ino,
            ))
        };
        let filesystem = self.root();
        let served = filesystem.open_root().and_then(|root| identity(root.as_fd()));
        let path = std::fs::canonicalize(&self.export.path).map_err(Errno::from);
        let there = path
            .and_then(|path| open_root(&path))
            .and_then(|root| identity(root.as_fd()));
        // The served one is open, so its inode number is not given to another.
        matches!((served, there), (Ok(served), Ok(there)) if served == there)
    }

    /// Another number than before if any mounts have changed since: never blocks.
    pub fn mount_changes(&self) -> u64 {
        self.watch.changes()
    }

    /// By the key in a handle, among those known: never blocks.
    pub fn known(&self, key: FilesystemKey) -> Option<Arc<Filesystem>> {
        self.mounted().by_key.get(&key).cloned()
    }

    /// By the key in a handle, looking at the mounts again if they have changed. May block. ESTALE if it is not
    /// mounted here.
    pub fn by_key(&self, key: FilesystemKey) -> Result<Arc<Filesystem>> {
        let refreshed = self.refresh();
        if let Some(filesystem) = self.known(key) {
            return Ok(filesystem);
        }
        refreshed?;
        self.touch(key)
    }

    /// By statx's stx_mnt_id (STATX_MNT_ID, not the unique one) of an object found by LOOKUP, looking at the mounts
    /// again if they have changed. May block. EXDEV if it is outside of the export.
    pub fn by_mount_id(&self, mount_id: u64) -> Result<Arc<Filesystem>> {
        self.refresh()?;
        let key = self
            .mounted()
            .by_mount_id
            .get(&mount_id)
            .copied()
            .ok_or(Errno::XDEV)?;
        if let Some(filesystem) = self.known(key) {
            return Ok(filesystem);
        }
        self.touch(key)
    }

    /// Every file system that is mounted now and was touched, and the paths of those that were not, because touching them may
    /// hang. May block.
    pub fn all(&self) -> Result<(Vec<Arc<Filesystem>>, Vec<PathBuf>)> {
        self.refresh()?;
        let mounted = self.mounted();
        let untouched = mounted.untouched.values();
        Ok((
            mounted.by_key.values().cloned().collect(),
            untouched.map(|left| left.mount.mount_point.clone()).collect(),
        ))
    }

    /// How each file system makes its handles, in words for the log; the export's own first.
    pub fn strategies(&self) -> Vec<String> {
        let mounted = self.mounted();
        let mut filesystems: Vec<_> = mounted.by_key.values().collect();
        filesystems.sort_by_key(|filesystem| &filesystem.path);
        filesystems
            .into_iter()
            .map(|filesystem| filesystem.strategy())
            .collect()
    }

    fn mounted(&self) -> Arc<Mounted> {
        self.mounted.read().unwrap().clone()
    }

    fn refresh(&self) -> Result<()> {
        let mut mountinfo = self.mountinfo.lock().unwrap();
        let changes = Some(self.watch.changes());
        if mountinfo.read_at != changes {
            self.read_mounts(&mut mountinfo.file)?;
            mountinfo.read_at = changes;
        }
        Ok(())
    }

    /// Opens a mount that was left alone until somebody asked for it.
    fn touch(&self, key: FilesystemKey) -> Result<Arc<Filesystem>> {
        let mounted = self.mounted();
        let untouched = mounted.untouched.get(&key).ok_or(Errno::STALE)?;
        let mount = &untouched.mount;
        let root = open_mount(&mount.mount_point, mount.id)?;
        let found = self.mounted_inside(key, mount, untouched.identity);
        let filesystem = self.filesystem(found, root)?;
        let mut current = self.mounted.write().unwrap();
        let mut changed = Mounted::clone(&current);
        changed.untouched.remove(&key);
        changed.by_key.insert(key, filesystem.clone());
        *current = Arc::new(changed);
        Ok(filesystem)
    }

    fn mounted_inside<'a>(
        &self,
        key: FilesystemKey,
        mount: &'a Mount,
        identity: FilesystemIdentity,
    ) -> Found<'a> {
        Found {
            key,
            path: &mount.mount_point,
            mount,
            traits: Traits::of_mount(mount, self.kernel),
            identity,
            chosen_fsid: None,
            keeps_root: false,
        }
    }

    fn filesystem(&self, found: Found, root: OwnedFd) -> Result<Arc<Filesystem>> {
        let table = LazyTable::new(self.state.clone(), self.table_name(found.key));
        Filesystem::new(found, root, table).map(Arc::new)
    }

    /// The paths in a table are relative to the export's, so that is part of the name, unless the export has an fsid:
    /// then it may move.
    fn table_name(&self, key: FilesystemKey) -> String {
        let (id, key) = (self.export.id.0, key.0);
        if self.export.fsid.is_some() {
            return format!("handles-{id:08x}-{key:08x}");
        }
        let path = blake3::hash(self.export.path.as_os_str().as_bytes()).to_hex();
        format!("handles-{id:08x}-{}-{key:08x}", &path[..8])
    }

    fn read_mounts(&self, mountinfo: &mut File) -> Result<()> {
        let mut text = Vec::new();
        mountinfo.rewind()?;
        mountinfo.read_to_end(&mut text)?;
        // Mount points are written without symbolic links.
        let path = std::fs::canonicalize(&self.export.path)?;
        let mut mounts = mountinfo::parse(&text);
        mounts.retain(|mount| mount.mount_point.starts_with(&path) || path.starts_with(&mount.mount_point));
        let former = self.mounted();
        if former.from == mounts {
            // Somebody else's mounts have changed.
            return Ok(());
        }
        let root = open_root(&path)?;
        let root_mount_id = sys::statx(root.as_fd())?.stx_mnt_id;
        let root_mount = mounts.iter().find(|mount| mount.id == root_mount_id).cloned();
        let root_mount = root_mount.unwrap_or_else(|| unlisted(root_mount_id, root.as_fd()));

        let mut mounted = Mounted {
            from: mounts.clone(),
            ..Mounted::default()
        };
        let mut devices = HashMap::new();
        let identity = FilesystemIdentity::of(&root_mount, Some(root.as_fd()));
        devices.insert(identity, root_mount.device);
        let key = mounted.free_key(&identity.with(b""));
        let chosen_fsid = self.export.fsid.map(u64::from);
        let filesystem = match former.same_mount(key, root_mount_id) {
            Some(same) => same,
            None => {
                let traits = Traits::of_mount(&root_mount, self.kernel);
                let (path, mount) = (&path, &root_mount);
                let found = Found {
                    key,
                    path,
                    mount,
                    traits,
                    identity,
                    chosen_fsid,
                    keeps_root: true,
                };
                self.filesystem(found, root)?
            }
        };
        mounted.root = Some(filesystem.clone());
        mounted.add(key, root_mount_id, filesystem);

        for mount in visible_below(&path, mounts) {
            let traits = Traits::of_mount(&mount, self.kernel);
            let relative = mount
                .mount_point
                .strip_prefix(&path)
                .expect("it is below")
                .as_os_str()
                .as_bytes();
            // What cannot be opened or is covered by another mount is not served.
            let root = match traits.remote {
                true => None,
                false => match open_mount(&mount.mount_point, mount.id) {
                    Ok(root) => Some(root),
                    Err(error @ (Errno::MFILE | Errno::NFILE | Errno::NOMEM)) => return Err(error),
                    Err(_) => continue,
                },
            };
            let mut identity = FilesystemIdentity::of(&mount, root.as_ref().map(AsFd::as_fd));
            // Two file systems that claim to be the same (copied block by block, say) must not share an fsid.
            if *devices.entry(identity).or_insert(mount.device) != mount.device {
                identity = identity.with(relative);
            }
            let key = mounted.free_key(&identity.with(relative));
            if let Some(same) = former.same_mount(key, mount.id) {
                mounted.add(key, mount.id, same);
            } else if let Some(root) = root {
                let found = self.mounted_inside(key, &mount, identity);
                if let Ok(filesystem) = self.filesystem(found, root) {
                    mounted.add(key, mount.id, filesystem);
                }
            } else {
                mounted.by_mount_id.insert(mount.id, key);
                mounted.untouched.insert(key, Untouched { mount, identity });
            }
        }
        *self.mounted.write().unwrap() = Arc::new(mounted);
        Ok(())
    }
}

impl Mounted {
    fn add(&mut self, key: FilesystemKey, mount_id: u64, filesystem: Arc<Filesystem>) {
        self.by_mount_id.insert(mount_id, key);
        self.by_key.insert(key, filesystem);
    }

    fn same_mount(&self, key: FilesystemKey, mount_id: u64) -> Option<Arc<Filesystem>> {
        self.by_key
            .get(&key)
            .filter(|filesystem| filesystem.mount_id == mount_id)
            .cloned()
    }

    /// Two of 2^32 may collide; mounts come in the order of their paths, so the same one gives way each time.
    fn free_key(&self, identity: &FilesystemIdentity) -> FilesystemKey {
        let mut key = identity.as_u32();
        while self.by_key.contains_key(&FilesystemKey(key))
            || self.untouched.contains_key(&FilesystemKey(key))
        {
            key = key.wrapping_add(1).max(1);
        }
        FilesystemKey(key)
    }
}

/// Mounts below `path`, the uppermost one of each mount point, sorted by it. Automounts wait to be triggered by
/// somebody else.
fn visible_below(path: &Path, mounts: Vec<Mount>) -> Vec<Mount> {
    let below = |mount: &Mount| mount.mount_point.starts_with(path) && mount.mount_point != path;
    let mut uppermost: HashMap<PathBuf, Mount> = HashMap::new();
    for mount in mounts
        .into_iter()
        .filter(|mount| below(mount) && mount.type_name != "autofs")
    {
        uppermost.insert(mount.mount_point.clone(), mount);
    }
    let mut visible: Vec<Mount> = uppermost.into_values().collect();
    visible.sort_by(|one, other| one.mount_point.cmp(&other.mount_point));
    visible
}

/// The mount of an export that lies outside of what this process may see (in a chroot, for one).
fn unlisted(id: u64, root: std::os::fd::BorrowedFd) -> Mount {
    let magic = sys::statfs(root).map_or(0, |statfs| statfs.f_type);
    let type_name = match magic {
        libc::EXT4_SUPER_MAGIC => "ext4",
        libc::BTRFS_SUPER_MAGIC => "btrfs",
        libc::XFS_SUPER_MAGIC => "xfs",
        libc::TMPFS_MAGIC => "tmpfs",
        libc::OVERLAYFS_SUPER_MAGIC => "overlay",
        libc::FUSE_SUPER_MAGIC => "fuse",
        _ => "unknown",
    };
    Mount {
        id,
        parent: 0,
        device: (0, 0),
        root: PathBuf::from("/"),
        mount_point: PathBuf::from("/"),
        options: String::new(),
        type_name: type_name.to_owned(),
        source: format!("{magic:x}"),
        super_options: String::new(),
    }
}
