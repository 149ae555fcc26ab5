//! The file systems of all exports, each watched by fanotify(7) if that is possible.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use fsva_core::engine::{Engine, Volume};
use fsva_core::export_policy::Export;
use fsva_core::filesystem::Filesystem;
use fsva_core::filesystem_identity::kernel_fsid;
use fsva_core::handle::{ExportId, FilesystemKey};

use super::fanotify_event::MASK;
use super::fanotify_unsafe as fanotify;
use super::observability::Observability;

/// What the watcher's thread waits for.
pub struct Ears {
    /// Or why there is none.
    group: Result<OwnedFd, String>,
    /// Without it everything comes at the next tick.
    bell: Option<OwnedFd>,
    /// Exceptional when the mounts have changed.
    mountinfo: Option<File>,
    deaf: AtomicBool,
}

impl Ears {
    /// `watch`: false to do without fanotify.
    pub fn open(watch: bool) -> Ears {
        let group = if watch {
            fanotify::open().map_err(|error| match error.raw_os_error() {
                Some(libc::EPERM) => NOT_ALLOWED.to_owned(),
                _ => format!("fanotify cannot be used: {error}"),
            })
        } else {
            Err("watching is switched off".to_owned())
        };
        Ears {
            group,
            bell: fanotify::bell().ok(),
            mountinfo: File::open("/proc/self/mountinfo").ok(),
            deaf: AtomicBool::new(false),
        }
    }

    pub fn group(&self) -> Option<BorrowedFd<'_>> {
        self.group.as_ref().ok().map(AsFd::as_fd)
    }

    /// There is nobody to listen.
    pub fn give_up(&self) {
        self.deaf.store(true, Ordering::SeqCst);
    }

    /// Whether there are events, the bell was rung, the mounts have changed. Timeout in milliseconds, -1: none.
    pub fn wait(&self, timeout: i32) -> [bool; 3] {
        let (bell, mountinfo) = (self.bell.as_ref(), self.mountinfo.as_ref());
        let descriptors = [
            (self.group(), libc::POLLIN),
            (bell.map(AsFd::as_fd), libc::POLLIN),
            (mountinfo.map(AsFd::as_fd), libc::POLLPRI),
        ];
        let timeout = if bell.is_none() && timeout < 0 {
            1000
        } else {
            timeout
        };
        fanotify::wait(descriptors, timeout)
    }

    pub fn ring(&self) {
        if let Some(bell) = &self.bell {
            fanotify::ring(bell.as_fd());
        }
    }

    pub fn quiet(&self) {
        if let Some(bell) = &self.bell {
            fanotify::quiet(bell.as_fd());
        }
    }

    /// Nobody wants to know.
    pub fn hear_nothing(&self) {
        if let Some(group) = self.group() {
            // It fails for nothing but a descriptor that is none.
            let _ = fanotify::watch_nothing(group);
        }
    }

    fn watch(&self, root: BorrowedFd) -> Result<(), String> {
        let group = self.group.as_ref().map_err(String::clone)?;
        if self.deaf.load(Ordering::SeqCst) {
            return Err("there is no thread to watch it".into());
        }
        fanotify::watch(group.as_fd(), root, MASK).map_err(in_words)
    }
}

/// Names one file system as it is mounted now: another after it was unmounted and mounted again.
type Mounted = (ExportId, FilesystemKey, u64);

/// What was found when it was last looked.
#[derive(Default)]
pub struct Watched {
    /// By f_fsid: under which names in handles its objects are known.
    pub by_fsid: HashMap<u64, Vec<(ExportId, FilesystemKey)>>,
    pub exports: Vec<(PathBuf, Observability)>,
    mounted: HashSet<Mounted>,
}

impl Watched {
    /// Looks at all exports' file systems and watches them. May block as long as a local file system does.
    pub fn look(engine: &Engine, ears: &Ears) -> Watched {
        let mut watched = Watched::default();
        let policy = engine.guard.policy.current();
        for volume in engine.volumes() {
            // The volume's own may be from before a reload.
            let id = volume.filesystems.export.id;
            let Some(export) = policy.get(id) else { continue };
            let observability = watched.export(export, &volume, ears);
            watched.exports.push((export.path.clone(), observability));
        }
        watched.exports.sort_by(|one, other| one.0.cmp(&other.0));
        watched
    }

    /// Whether something here may have changed unseen until it was watched just now.
    pub fn has_news(&self, former: &Watched) -> bool {
        !self.mounted.is_subset(&former.mounted)
    }

    fn export(&mut self, export: &Export, volume: &Volume, ears: &Ears) -> Observability {
        let all = volume.filesystems.all();
        let path = &export.path;
        if !export.side_channel {
            return Observability::none(path, "export", "it has no side channel");
        }
        let (filesystems, untouched) = match all {
            Ok(all) => all,
            Err(error) => {
                let why = format!("its mounts cannot be read: {error}");
                return Observability::none(path, "export", &why);
            }
        };
        let elsewhere = untouched
            .iter()
            .map(|path| Observability::none(path, "remote", CHANGED_ELSEWHERE));
        let mut worst = Observability::watched(export.mapped_stores);
        for filesystem in filesystems {
            worst = worst.and(match self.filesystem(export.id, &filesystem, ears) {
                Ok(()) => Observability::watched(export.mapped_stores),
                Err(why) => Observability::none(&filesystem.path, &filesystem.type_name, &why),
            });
        }
        elsewhere.fold(worst, Observability::and)
    }

    fn filesystem(&mut self, export: ExportId, filesystem: &Filesystem, ears: &Ears) -> Result<(), String> {
        if filesystem.traits.remote {
            return Err(CHANGED_ELSEWHERE.into());
        }
        if filesystem.uses_table() {
            return Err(
                "its kernel handles cannot be used, so what the kernel tells has no name here".into(),
            );
        }
        let root = filesystem
            .open_root()
            .map_err(|error| format!("it cannot be opened: {error}"))?;
        let fsid = kernel_fsid(root.as_fd()).ok_or("it has no fsid")?;
        ears.watch(root.as_fd())?;
        self.by_fsid
            .entry(fsid)
            .or_default()
            .push((export, filesystem.key));
        self.mounted
            .insert((export, filesystem.key, incarnation(filesystem, root.as_fd())));
        Ok(())
    }
}

const NOT_ALLOWED: &str = "the server may not watch file systems (CAP_SYS_ADMIN)";
const CHANGED_ELSEWHERE: &str = "what is changed behind it, not through it, is not seen";

/// A number that the next mount of the same does not have. Before Linux 6.8 mount ids are used again, so that only an export's own root,
/// which is kept open, is certainly still the same.
fn incarnation(filesystem: &Filesystem, root: BorrowedFd) -> u64 {
    static NEVER_AGAIN: AtomicU64 = AtomicU64::new(1 << 63);
    fanotify::unique_mount_id(root)
        .or_else(|| filesystem.keeps_root().then_some(filesystem.mount_id))
        .unwrap_or_else(|| NEVER_AGAIN.fetch_add(1, Ordering::Relaxed))
}

fn in_words(error: io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::EXDEV) => {
            "the kernel cannot watch a subvolume; export it from a mount of the whole file system".into()
        }
        Some(libc::ENODEV) => "the kernel cannot watch it: it has no fsid".into(),
        Some(libc::EOPNOTSUPP) => "the kernel cannot watch it: it has no file handles".into(),
        Some(libc::EPERM) => NOT_ALLOWED.into(),
        _ => format!("the kernel cannot watch it: {error}"),
    }
}
