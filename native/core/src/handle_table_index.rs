//! The handle table in memory: entries by id, by place and by identity. About 400 bytes per object.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use crate::handle_table_log::Record;
use crate::object_identity::{Identified, ObjectIdentity};

/// The id of the directory that the table's paths start at; it has no entry.
pub const ROOT: u64 = 1;
/// More hard links than this are found again by being looked up again.
const PLACES_MAX: usize = 16;
/// Bytes of a record without its name.
const RECORD_BYTES: u64 = 2 + 1 + 8 + 8 + ObjectIdentity::ENCODED_BYTES as u64 + 8;

/// Where an object is: a name in a directory that is itself in the table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    pub parent: u64,
    pub name: Box<[u8]>,
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub identity: ObjectIdentity,
    /// The directory it was last known in: where to look for it when it has no known place.
    pub parent: u64,
    /// None when something else has been found in its last known place.
    pub name: Option<Box<[u8]>>,
    /// Further hard links; empty if there is no first name.
    pub more: Vec<Place>,
    /// Searched for in `parent` and not found, when that had this change time.
    pub missing: Option<(i64, u32)>,
    /// Not found at all: may be dropped when the log is next rewritten.
    pub is_missing: bool,
}

impl Entry {
    pub fn places(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let first = self.name.as_deref().map(|name| (self.parent, name));
        first
            .into_iter()
            .chain(self.more.iter().map(|place| (place.parent, &*place.name)))
    }
}

/// An id with the hash it is filed under (an object with several names is filed under several).
#[derive(Clone, Copy)]
struct Hashed {
    hash: u64,
    id: u64,
}

fn rehash(element: &Hashed) -> u64 {
    element.hash
}

/// Changes only by records, so that reading the log again gives the same index.
pub struct Index {
    entries: HashMap<u64, Entry>,
    by_place: HashTable<Hashed>,
    by_identity: HashTable<Hashed>,
    hasher: RandomState,
    pub next_id: u64,
    pub reserved_below: u64,
    /// What a log of nothing but the live entries would take.
    pub live_bytes: u64,
}

impl Default for Index {
    fn default() -> Index {
        Index {
            entries: HashMap::new(),
            by_place: HashTable::new(),
            by_identity: HashTable::new(),
            hasher: RandomState::new(),
            next_id: ROOT + 1,
            reserved_below: 0,
            live_bytes: 0,
        }
    }
}

impl Index {
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    pub fn get(&self, id: u64) -> Option<&Entry> {
        self.entries.get(&id)
    }

    pub fn iter(&self) -> impl Iterator<Item = (u64, &Entry)> {
        self.entries.iter().map(|(&id, entry)| (id, entry))
    }

    /// The object that was last seen there.
    pub fn at(&self, parent: u64, name: &[u8]) -> Option<u64> {
        let hash = self.hasher.hash_one((parent, name));
        self.by_place
            .find(hash, |element| self.is_at(element.id, parent, name))
            .map(|element| element.id)
    }

    fn is_at(&self, id: u64, parent: u64, name: &[u8]) -> bool {
        self.entries[&id].places().any(|place| place == (parent, name))
    }

    /// The entry of this very object, found in a place where the table does not know it. Of a file with several
    /// names, one of them in the table, the inode number is enough: nobody else can have it meanwhile.
    pub fn same_object(&self, found: &Identified) -> Option<u64> {
        let has_other_names = found.links > 1 && !found.identity.is_directory();
        let hash = self.identity_hash(&found.identity);
        let same = |element: &Hashed| {
            let known = &self.entries[&element.id].identity;
            known.is_surely(&found.identity) || (has_other_names && known.may_be(&found.identity))
        };
        self.by_identity.find(hash, same).map(|element| element.id)
    }

    /// The object has just been seen: keeps how it looks. Answers whether that is news.
    pub fn seen(&mut self, id: u64, now: &ObjectIdentity) -> bool {
        match self.entries.get_mut(&id) {
            Some(entry) if entry.identity.may_be(now) && entry.identity.mark != now.mark => {
                // What the entry is filed under does not change.
                entry.identity.mark = now.mark;
                true
            }
            _ => false,
        }
    }

    fn identity_hash(&self, identity: &ObjectIdentity) -> u64 {
        self.hasher
            .hash_one((identity.inode, identity.format, identity.subvolume))
    }

    pub fn set_missing(&mut self, id: u64, directory_state: Option<(i64, u32)>) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.missing = directory_state;
            entry.is_missing = true;
        }
    }

    pub fn apply(&mut self, record: &Record) {
        match *record {
            Record::Reserve { below } => self.reserved_below = self.reserved_below.max(below),
            Record::Place {
                id,
                parent,
                identity,
                name,
            } => self.place(id, parent, identity, name),
            Record::Unplace { parent, name } => {
                if let Some(id) = self.at(parent, name) {
                    self.unplace(id, parent, name);
                }
            }
            Record::Forget { id } => self.forget(id),
        }
    }

    fn place(&mut self, id: u64, parent: u64, identity: ObjectIdentity, name: &[u8]) {
        self.next_id = self.next_id.max(id.saturating_add(1));
        if !name.is_empty() {
            match self.at(parent, name) {
                Some(same) if same == id && self.entries[&id].identity == identity => return,
                Some(other) => self.unplace(other, parent, name),
                None => {}
            }
        }
        self.identify(id, parent, identity);
        if name.is_empty() {
            return;
        }
        if self.entries[&id].more.len() + 1 >= PLACES_MAX
            && let Some(oldest) = self.entries[&id].more.last().cloned()
        {
            self.unplace(id, oldest.parent, &oldest.name);
        }
        self.live_bytes += name.len() as u64;
        let entry = self.entries.get_mut(&id).expect("identified above");
        entry.missing = None;
        entry.is_missing = false;
        if let Some(former) = entry.name.replace(name.into()) {
            entry.more.insert(
                0,
                Place {
                    parent: entry.parent,
                    name: former,
                },
            );
            self.live_bytes += RECORD_BYTES;
        }
        entry.parent = parent;
        let hash = self.hasher.hash_one((parent, name));
        self.by_place.insert_unique(hash, Hashed { hash, id }, rehash);
    }

    /// Makes or corrects the entry itself.
    fn identify(&mut self, id: u64, parent: u64, identity: ObjectIdentity) {
        match self.entries.get_mut(&id) {
            Some(entry) if entry.identity == identity => return,
            Some(entry) => {
                let former = std::mem::replace(&mut entry.identity, identity);
                self.remove_identity(id, &former);
            }
            None => {
                let entry = Entry {
                    identity,
                    parent,
                    name: None,
                    more: Vec::new(),
                    missing: None,
                    is_missing: false,
                };
                self.entries.insert(id, entry);
                self.live_bytes += RECORD_BYTES;
            }
        }
        let hash = self.identity_hash(&identity);
        self.by_identity.insert_unique(hash, Hashed { hash, id }, rehash);
    }

    fn remove_identity(&mut self, id: u64, identity: &ObjectIdentity) {
        let hash = self.identity_hash(identity);
        if let Ok(found) = self.by_identity.find_entry(hash, |element| element.id == id) {
            found.remove();
        }
    }

    fn remove_place(&mut self, id: u64, parent: u64, name: &[u8]) {
        let hash = self.hasher.hash_one((parent, name));
        if let Ok(found) = self
            .by_place
            .find_entry(hash, |element| element.hash == hash && element.id == id)
        {
            found.remove();
        }
    }

    fn unplace(&mut self, id: u64, parent: u64, name: &[u8]) {
        self.remove_place(id, parent, name);
        let entry = self.entries.get_mut(&id).expect("by_place names entries");
        if entry.parent == parent && entry.name.as_deref() == Some(name) {
            entry.name = None;
            if !entry.more.is_empty() {
                let next = entry.more.remove(0);
                entry.parent = next.parent;
                entry.name = Some(next.name);
                self.live_bytes -= RECORD_BYTES;
            }
        } else {
            entry
                .more
                .retain(|place| !(place.parent == parent && &*place.name == name));
            self.live_bytes -= RECORD_BYTES;
        }
        self.live_bytes -= name.len() as u64;
    }

    fn forget(&mut self, id: u64) {
        let Some(entry) = self.entries.remove(&id) else {
            return;
        };
        self.remove_identity(id, &entry.identity);
        self.live_bytes -= RECORD_BYTES * (1 + entry.more.len() as u64);
        for (parent, name) in entry.places() {
            self.remove_place(id, parent, name);
            self.live_bytes -= name.len() as u64;
        }
    }

    /// Forgets what was searched for in vain, and what has no way to the root any more.
    pub fn drop_unreachable(&mut self) {
        loop {
            let gone = |entry: &Entry| {
                let known = |parent: u64| parent == ROOT || self.entries.contains_key(&parent);
                (entry.name.is_none() && entry.is_missing)
                    || (!known(entry.parent) && !entry.more.iter().any(|place| known(place.parent)))
            };
            let ids: Vec<u64> = self
                .iter()
                .filter(|(_, entry)| gone(entry))
                .map(|(id, _)| id)
                .collect();
            if ids.is_empty() {
                return;
            }
            ids.into_iter().for_each(|id| self.forget(id));
        }
    }
}
