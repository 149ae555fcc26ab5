//! The roots of the mounts, open while there is work, because an open root keeps umount(8) from its own.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::mounts::{Mount, nfs_mounts};

/// Open roots are kept for this long without work.
const IDLE: Duration = Duration::from_secs(1);

pub struct Root {
    pub mount: Mount,
    pub directory: OwnedFd,
}

#[derive(Default)]
struct Table {
    mounts: Vec<Mount>,
    open: Vec<Arc<Root>>,
    used: Option<Instant>,
}

pub struct Roots {
    point: PathBuf,
    table: Mutex<Table>,
}

impl Roots {
    pub fn new(point: PathBuf) -> Roots {
        Roots {
            point,
            table: Mutex::default(),
        }
    }

    /// All mounts as they are now.
    pub fn all(&self) -> io::Result<Vec<Arc<Root>>> {
        let mut table = self.table.lock().expect("never poisoned");
        table.read_again(&self.point)?;
        let mounts = table.mounts.clone();
        // What cannot be opened is not mounted any more, or its server does not answer.
        Ok(mounts.iter().filter_map(|mount| table.open(mount).ok()).collect())
    }

    /// None: no such file system is mounted here.
    pub fn by_fsid(&self, fsid: u64) -> io::Result<Option<Arc<Root>>> {
        let mut table = self.table.lock().expect("never poisoned");
        table.used = Some(Instant::now());
        if let Some(root) = table.open.iter().find(|root| root.mount.fsid == fsid) {
            return Ok(Some(root.clone()));
        }
        // It may have been mounted a moment ago, when somebody went there.
        table.read_again(&self.point)?;
        let mount = table.mounts.iter().find(|mount| mount.fsid == fsid).cloned();
        mount.map(|mount| table.open(&mount)).transpose()
    }

    /// When the roots are to be let go of: `rest` then.
    pub fn idle_at(&self) -> Option<Instant> {
        let table = self.table.lock().expect("never poisoned");
        (!table.open.is_empty()).then_some(table.used? + IDLE)
    }

    /// Lets go of the roots, if there was no work for a while.
    pub fn rest(&self, now: Instant) {
        let mut table = self.table.lock().expect("never poisoned");
        if table.used.is_none_or(|used| now >= used + IDLE) {
            table.open.clear();
        }
    }
}

impl Table {
    fn read_again(&mut self, point: &Path) -> io::Result<()> {
        self.mounts = nfs_mounts(point)?;
        let mounts = &self.mounts;
        self.open.retain(|root| mounts.contains(&root.mount));
        Ok(())
    }

    fn open(&mut self, mount: &Mount) -> io::Result<Arc<Root>> {
        self.used = Some(Instant::now());
        if let Some(root) = self.open.iter().find(|root| root.mount == *mount) {
            return Ok(root.clone());
        }
        let root = Arc::new(Root {
            directory: mount.open()?,
            mount: mount.clone(),
        });
        self.open.push(root.clone());
        Ok(root)
    }
}
