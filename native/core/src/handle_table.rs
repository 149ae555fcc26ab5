//! Handles for file systems whose kernel gives none, and for servers that may not use them: an id per object, kept
//! with where the object was last seen and what it is.
//!
//! Ids are never used again, also not after a crash: they are reserved on stable storage in blocks before any of a
//! block is given out. A given-out id itself is in the log (the page cache) before it leaves the server, so it
//! survives the server's death at once, and a power failure a second later or after `sync`.

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::errno::{Errno, Result};
use crate::handle_table_index::Index;
pub use crate::handle_table_index::{Entry, ROOT};
use crate::handle_table_log::{Log, Record, is_name};
use crate::object_identity::{Identified, ObjectIdentity};

const RESERVE_COUNT: u64 = 1 << 16;
/// The log may be this many bytes longer than twice what is alive.
const COMPACT_SLACK_BYTES: u64 = 1 << 20;

struct State {
    index: Index,
    log: Log,
    unsynced: bool,
    /// Objects that look otherwise than the log says.
    changed: HashSet<u64>,
}

pub struct HandleTable {
    state: Mutex<State>,
    /// Shared by renames under way, see `renaming`.
    renames: RwLock<()>,
    /// Bytes of the log that could not be read when it was opened.
    pub torn_bytes: u64,
}

impl HandleTable {
    /// Opens or creates the table of one file system of one export. One process at a time: the state directory's
    /// lock sees to that.
    pub fn open(path: &Path) -> io::Result<HandleTable> {
        let mut index = Index::default();
        let (log, torn_bytes) = Log::open(path, |record| index.apply(&record))?;
        // Ids of a torn tail may be in clients' hands: skip everything that was reserved.
        index.next_id = index.next_id.max(index.reserved_below);
        let state = State {
            index,
            log,
            unsynced: torn_bytes > 0,
            changed: HashSet::new(),
        };
        Ok(HandleTable {
            state: Mutex::new(state),
            renames: RwLock::new(()),
            torn_bytes,
        })
    }

    /// The id of the object found under `name` in `parent`, a new one if it was never seen.
    pub fn intern(&self, parent: u64, name: &[u8], found: &Identified) -> Result<u64> {
        if !is_name(name) {
            return Err(Errno::INVAL);
        }
        let mut state = self.lock();
        if let Some((id, entry)) = state
            .index
            .at(parent, name)
            .and_then(|id| Some((id, state.index.get(id)?)))
            && entry.identity.may_be(&found.identity)
        {
            state.seen(id, &found.identity);
            return Ok(id);
        }
        if parent != ROOT {
            state.index.get(parent).ok_or(Errno::STALE)?;
        }
        let mut records = Vec::new();
        let id = match state.index.same_object(found) {
            Some(id) => {
                // One name only: it has left its former place.
                if found.links <= 1 || found.identity.is_directory() {
                    state.leave_places(id, None, &mut records);
                }
                id
            }
            None => state.new_id()?,
        };
        Record::Place {
            id,
            parent,
            identity: found.identity,
            name,
        }
        .encode(&mut records);
        state.commit(&records)?;
        Ok(id)
    }

    /// The id of an object wherever it is, if the table has it and can be sure that it is the same.
    pub fn find(&self, found: &Identified) -> Option<u64> {
        self.lock().index.same_object(found)
    }

    /// Whether the object that was found where this one should be is it. How it looks is remembered, to know it by
    /// when it is somewhere else.
    pub fn recognize(&self, id: u64, found: &ObjectIdentity) -> bool {
        let mut state = self.lock();
        let recognized = state
            .index
            .get(id)
            .is_some_and(|entry| entry.identity.may_be(found));
        state.seen(id, found);
        recognized
    }

    /// STALE for an id that is unknown or gone.
    pub fn entry(&self, id: u64) -> Result<Entry> {
        self.lock().index.get(id).cloned().ok_or(Errno::STALE)
    }

    /// Names from the root to the object by its first known place; `None` if some directory's place is not known.
    pub fn path(&self, id: u64, depth_max: usize) -> Result<Option<Vec<u8>>> {
        let state = self.lock();
        let mut names = Vec::new();
        let mut at = id;
        while at != ROOT {
            let entry = state.index.get(at).ok_or(Errno::STALE)?;
            let Some(name) = &entry.name else { return Ok(None) };
            names.push(name);
            if names.len() > depth_max {
                return Ok(None);
            }
            at = entry.parent;
        }
        let mut path = Vec::new();
        for name in names.into_iter().rev() {
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(name);
        }
        Ok(Some(path))
    }

    /// The object lost that name, by our doing. With `links_left` it lives on elsewhere. The name itself may
    /// already be another object's.
    pub fn removed(&self, id: u64, parent: u64, name: &[u8], links_left: bool) -> Result<()> {
        let mut state = self.lock();
        let mut records = Vec::new();
        if !links_left {
            Record::Forget { id }.encode(&mut records);
        } else if state.index.at(parent, name) == Some(id) {
            Record::Unplace { parent, name }.encode(&mut records);
        }
        state.commit(&records)
    }

    /// To be held from before a rename's system call until the table has been told of it.
    pub fn renaming(&self) -> RwLockReadGuard<'_, ()> {
        self.renames.read().unwrap()
    }

    /// Waits until no rename is under way, and keeps new ones waiting: only then is what is not found gone.
    pub fn renames_done(&self) -> RwLockWriteGuard<'_, ()> {
        self.renames.write().unwrap()
    }

    /// The object has moved, by our doing; what had the new name is gone from there. The old name may already be
    /// another object's.
    pub fn renamed(&self, id: u64, from: u64, from_name: &[u8], to: u64, to_name: &[u8]) -> Result<()> {
        if !is_name(to_name) {
            return Err(Errno::INVAL);
        }
        let mut state = self.lock();
        let identity = state.index.get(id).ok_or(Errno::STALE)?.identity;
        if state.index.at(to, to_name) == Some(id) {
            // Met there since, or another name of the same object, which rename(2) leaves both.
            return Ok(());
        }
        let mut records = Vec::new();
        if state.index.at(from, from_name) == Some(id) {
            Record::Unplace {
                parent: from,
                name: from_name,
            }
            .encode(&mut records);
        }
        Record::Place {
            id,
            parent: to,
            identity,
            name: to_name,
        }
        .encode(&mut records);
        state.commit(&records)
    }

    /// Searched for and not found. The entry stays for the time being: if the object was moved to another directory
    /// and is looked up there, it gets its id back. `directory_state`: change time of the directory that was searched.
    pub fn missing(&self, id: u64, directory_state: Option<(i64, u32)>) -> Result<()> {
        let mut state = self.lock();
        let mut records = Vec::new();
        state.leave_places(id, None, &mut records);
        state.commit(&records)?;
        state.index.set_missing(id, directory_state);
        Ok(())
    }

    /// Found again by searching a directory it was in: it has that name there now.
    pub fn found(&self, id: u64, parent: u64, name: &[u8]) -> Result<()> {
        let mut state = self.lock();
        let identity = state.index.get(id).ok_or(Errno::STALE)?.identity;
        let mut records = Vec::new();
        state.leave_places(id, Some(parent), &mut records);
        Record::Place {
            id,
            parent,
            identity,
            name,
        }
        .encode(&mut records);
        state.commit(&records)
    }

    /// Writes down how objects look that have changed: too much to do with every write to a file.
    pub fn note_changes(&self) -> Result<()> {
        let mut state = self.lock();
        let mut records = Vec::new();
        for id in std::mem::take(&mut state.changed) {
            if let Some(entry) = state.index.get(id)
                && let Some(name) = &entry.name
            {
                let (parent, identity) = (entry.parent, entry.identity);
                Record::Place {
                    id,
                    parent,
                    identity,
                    name,
                }
                .encode(&mut records);
            }
        }
        state.commit(&records)
    }

    /// Makes every id given out so far survive a power failure.
    pub fn sync(&self) -> io::Result<()> {
        let file = {
            let mut state = self.lock();
            if !std::mem::take(&mut state.unsynced) {
                return Ok(());
            }
            state.log.file()
        };
        let synced = file.and_then(|file| file.sync_data());
        if synced.is_err() {
            self.lock().unsynced = true;
        }
        synced
    }

    /// Rewrites the log if most of it is dead. Holds up everybody meanwhile: about a second per million entries.
    pub fn compact_if_worthwhile(&self) -> io::Result<bool> {
        let mut state = self.lock();
        if state.log.bytes() <= 2 * state.index.live_bytes + COMPACT_SLACK_BYTES {
            return Ok(false);
        }
        state.compact()?;
        Ok(true)
    }

    pub fn len(&self) -> usize {
        self.lock().index.count()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl State {
    fn seen(&mut self, id: u64, now: &ObjectIdentity) {
        if self.index.seen(id, now) {
            self.changed.insert(id);
        }
    }

    /// All its places, or those in one directory.
    fn leave_places(&self, id: u64, directory: Option<u64>, records: &mut Vec<u8>) {
        for (parent, name) in self.index.get(id).iter().flat_map(|entry| entry.places()) {
            if directory.is_none_or(|directory| directory == parent) {
                Record::Unplace { parent, name }.encode(records);
            }
        }
    }

    fn new_id(&mut self) -> Result<u64> {
        if self.index.next_id >= self.index.reserved_below {
            let mut records = Vec::new();
            Record::Reserve {
                below: self.index.next_id + RESERVE_COUNT,
            }
            .encode(&mut records);
            self.commit(&records)?;
            self.log.sync().map_err(|_| Errno::SERVERFAULT)?;
        }
        let id = self.index.next_id;
        self.index.next_id += 1;
        Ok(id)
    }

    /// Written first, believed afterwards: memory never knows more than the log.
    fn commit(&mut self, records: &[u8]) -> Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        // Not the export's disk that is full, or broken: the client must not be told so.
        self.log.append(records).map_err(|_| Errno::SERVERFAULT)?;
        self.unsynced = true;
        let mut rest = records;
        while let Some((record, length)) = Record::decode(rest) {
            self.index.apply(&record);
            rest = &rest[length..];
        }
        assert!(rest.is_empty(), "records that we encoded decode");
        Ok(())
    }

    fn compact(&mut self) -> io::Result<()> {
        self.index.drop_unreachable();
        let index = &self.index;
        let reserve = Record::Reserve {
            below: index.reserved_below,
        };
        let places = index.iter().flat_map(|(id, entry)| {
            let identity = entry.identity;
            let lost = entry.name.is_none().then_some((entry.parent, &b""[..]));
            let mut places: Vec<_> = lost.into_iter().chain(entry.places()).collect();
            // The last place read is the first one looked at.
            places.reverse();
            places.into_iter().map(move |(parent, name)| Record::Place {
                id,
                parent,
                identity,
                name,
            })
        });
        let encoded = std::iter::once(reserve).chain(places).map(|record| {
            let mut bytes = Vec::new();
            record.encode(&mut bytes);
            bytes
        });
        self.log.replace(encoded)?;
        self.unsynced = false;
        Ok(())
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
