//! All handle tables of a state directory: each file open once, however many ask for it, and looked after.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::handle_table::HandleTable;

/// How much of what was given out a power failure can take: handles younger than this become stale.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);

type Tables = Arc<Mutex<HashMap<PathBuf, Arc<HandleTable>>>>;

#[derive(Default)]
pub struct HandleTables {
    tables: Tables,
    housekeeper: Mutex<Option<Housekeeper>>,
}

struct Housekeeper {
    /// Ends the thread by being dropped.
    running: Sender<()>,
    thread: JoinHandle<()>,
}

impl HandleTables {
    pub fn get(&self, path: &Path) -> io::Result<Arc<HandleTable>> {
        let mut tables = self.tables.lock().unwrap();
        if let Some(table) = tables.get(path) {
            return Ok(table.clone());
        }
        let table = Arc::new(HandleTable::open(path)?);
        tables.insert(path.to_owned(), table.clone());
        self.start_housekeeper()?;
        Ok(table)
    }

    fn start_housekeeper(&self) -> io::Result<()> {
        let mut housekeeper = self.housekeeper.lock().unwrap();
        if housekeeper.is_some() {
            return Ok(());
        }
        let (running, stop) = mpsc::channel();
        let tables = self.tables.clone();
        let thread = std::thread::Builder::new()
            .name("fsva-handles".into())
            .spawn(move || {
                while let Err(RecvTimeoutError::Timeout) = stop.recv_timeout(SYNC_INTERVAL) {
                    look_after(&tables);
                }
                look_after(&tables);
            })?;
        *housekeeper = Some(Housekeeper { running, thread });
        Ok(())
    }
}

impl Drop for HandleTables {
    /// Waits: the state directory is about to be unlocked, and a table that is rewritten after that takes from the
    /// next server what it has written.
    fn drop(&mut self) {
        let housekeeper = self
            .housekeeper
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(Housekeeper { running, thread }) = housekeeper {
            drop(running);
            let _ = thread.join();
        }
    }
}

fn look_after(tables: &Tables) {
    let all: Vec<_> = tables.lock().unwrap().values().cloned().collect();
    for table in all {
        // A failure stays to be tried again the next time; who needs certainty calls sync itself.
        let _ = table.note_changes();
        let _ = table.sync();
        let _ = table.compact_if_worthwhile();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handle_table::ROOT;
    use crate::object_identity::{Identified, Mark, ObjectIdentity};

    fn seen(modified_seconds: i64) -> Identified {
        let mark = Mark::Seen {
            modified_seconds,
            modified_nanoseconds: 0,
            size: 1,
        };
        let identity = ObjectIdentity {
            format: libc::S_IFREG,
            inode: 1,
            subvolume: 0,
            mark,
        };
        Identified { identity, links: 1 }
    }

    #[test]
    fn a_table_is_open_once_and_complete_when_all_is_closed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("table");
        let tables = HandleTables::default();
        let table = tables.get(&path).unwrap();
        assert!(Arc::ptr_eq(&table, &tables.get(&path).unwrap()));
        assert!(!Arc::ptr_eq(
            &table,
            &tables.get(&directory.path().join("other")).unwrap()
        ));
        let id = table.intern(ROOT, b"file", &seen(1)).unwrap();
        assert!(table.recognize(id, &seen(2).identity));
        drop(tables);
        let next = HandleTable::open(&path).unwrap();
        assert_eq!(
            next.intern(ROOT, b"moved", &seen(2)),
            Ok(id),
            "how it looked last was written down"
        );
    }
}
