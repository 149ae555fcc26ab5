//! All handle tables of a state directory: each file open once, however many ask for it, and looked after.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::handle_table::HandleTable;

/// How much of what was given out a power failure can take: handles younger than this become stale.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);

type Tables = Arc<Mutex<HashMap<PathBuf, Arc<HandleTable>>>>;

#[derive(Default)]
pub struct HandleTables {
    tables: Tables,
    /// Ends the housekeeping thread by being dropped.
    housekeeper: Mutex<Option<Sender<()>>>,
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
        let (sender, stop) = mpsc::channel();
        let tables = self.tables.clone();
        std::thread::Builder::new()
            .name("fsva-handles".into())
            .spawn(move || {
                while let Err(RecvTimeoutError::Timeout) = stop.recv_timeout(SYNC_INTERVAL) {
                    let all: Vec<_> = tables.lock().unwrap().values().cloned().collect();
                    for table in all {
                        // A failure stays to be tried again the next time; who needs certainty calls sync itself.
                        let _ = table.note_changes();
                        let _ = table.sync();
                        let _ = table.compact_if_worthwhile();
                    }
                }
            })?;
        *housekeeper = Some(sender);
        Ok(())
    }
}
