//! Open objects by wire handle, least recently used first out, bounded by descriptors rather than by entries.
//!
//! A hit saves the MAC check, too: only handles that passed it are keys. It says nothing about permissions, which
//! are checked per call.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::closing::Evicted;
use crate::handle::ExportId;
use crate::inode::Inode;
use crate::object::Object;

/// A handle ends in its MAC, which is as good as random: its last 8 bytes are the hash.
#[derive(Default)]
struct MacHasher(u64);

impl Hasher for MacHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last_chunk::<8>() {
            self.0 = u64::from_ne_bytes(*last);
        }
    }
    fn write_usize(&mut self, _length_prefix: usize) {}
    fn finish(&self) -> u64 {
        self.0
    }
}

const NONE: usize = usize::MAX;

/// The table of inodes is found in by a digest, which is scattered already.
#[derive(Default)]
struct DigestHasher(u64);

impl Hasher for DigestHasher {
    fn write(&mut self, _bytes: &[u8]) {
        unreachable!("digests are numbers");
    }
    fn write_u64(&mut self, digest: u64) {
        self.0 = digest;
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

/// A point in the order in which inodes were found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Moment(u64);

struct Entry {
    object: Option<Arc<Object>>,
    /// Which inode it was found to be, and when.
    inode: Option<(Inode, Moment)>,
    used_at: u64,
    newer: usize,
    older: usize,
}

#[derive(Default)]
struct Lru {
    by_handle: HashMap<Box<[u8]>, usize, BuildHasherDefault<MacHasher>>,
    /// By the inode's digest; of several with the same one has it.
    by_inode: HashMap<u64, u32, BuildHasherDefault<DigestHasher>>,
    entries: Vec<Entry>,
    free: Vec<usize>,
    newest: usize,
    oldest: usize,
}

pub struct DescriptorCache {
    lru: Mutex<Lru>,
    /// Descriptors open now, including those of objects already evicted but still in use.
    pub descriptors: Arc<AtomicUsize>,
    descriptors_max: usize,
    /// Objects evicted and not closed yet.
    leaving: Arc<AtomicUsize>,
    /// Inodes found so far.
    found: AtomicU64,
    /// A clock that somebody else advances; only differences matter.
    now: AtomicU64,
}

impl DescriptorCache {
    pub fn new(descriptors_max: usize) -> DescriptorCache {
        let lru = Lru {
            newest: NONE,
            oldest: NONE,
            ..Lru::default()
        };
        DescriptorCache {
            lru: Mutex::new(lru),
            descriptors: Arc::default(),
            descriptors_max,
            leaving: Arc::default(),
            found: AtomicU64::new(0),
            now: AtomicU64::new(0),
        }
    }

    pub fn get(&self, wire: &[u8]) -> Option<Arc<Object>> {
        let mut lru = self.lru.lock().unwrap();
        let index = *lru.by_handle.get(wire)?;
        lru.touch(index, self.now.load(Ordering::Relaxed));
        lru.entries[index].object.clone()
    }

    /// The object that the cache holds under this handle from now on: this one or an earlier one.
    pub fn insert(&self, object: Object) -> Arc<Object> {
        let mut lru = self.lru.lock().unwrap();
        let now = self.now.load(Ordering::Relaxed);
        if let Some(&index) = lru.by_handle.get(object.wire.as_bytes()) {
            lru.touch(index, now);
            if let Some(earlier) = &lru.entries[index].object {
                return earlier.clone();
            }
        }
        let object = Arc::new(object);
        lru.add(object.clone(), now);
        object
    }

    /// The object, if it is here, is this inode: its handle is what the file system says today.
    pub fn found(&self, object: &Object, inode: Inode) {
        let mut lru = self.lru.lock().unwrap();
        let Some(&index) = lru.by_handle.get(object.wire.as_bytes()) else {
            return;
        };
        let Ok(short_index) = u32::try_from(index) else {
            return;
        };
        lru.forget_inode(index);
        lru.by_inode.insert(inode.digest(object.export), short_index);
        let moment = Moment(self.found.fetch_add(1, Ordering::SeqCst) + 1);
        lru.entries[index].inode = Some((inode, moment));
    }

    /// To be asked before a name is looked at whose inode is then to be got.
    pub fn moment(&self) -> Moment {
        Moment(self.found.load(Ordering::SeqCst))
    }

    /// What was found to be this inode of this export by the `moment`, and has been open since.
    pub fn get_by_inode(&self, export: ExportId, inode: &Inode, moment: Moment) -> Option<Arc<Object>> {
        let mut lru = self.lru.lock().unwrap();
        let index = *lru.by_inode.get(&inode.digest(export))? as usize;
        let entry = &lru.entries[index];
        let (known, since) = entry.inode.as_ref()?;
        let object = entry.object.as_ref()?;
        if known != inode || object.export != export || *since > moment {
            return None;
        }
        let object = object.clone();
        lru.touch(index, self.now.load(Ordering::Relaxed));
        Some(object)
    }

    pub fn remove(&self, wire: &[u8]) -> Option<Arc<Object>> {
        self.lru.lock().unwrap().remove(wire)
    }

    fn evicted(&self, objects: Vec<Arc<Object>>) -> Evicted {
        Evicted::new(objects, &self.leaving)
    }

    /// Takes it out, to be closed.
    pub fn evict(&self, wire: &[u8]) -> Evicted {
        self.evicted(self.remove(wire).into_iter().collect())
    }

    /// For as many more that nobody has asked for yet: half of the budget is for what is in use.
    pub fn has_room(&self, descriptors: usize) -> bool {
        self.descriptors.load(Ordering::Relaxed) + descriptors <= self.descriptors_max / 2
    }

    /// What has to go for the budget's sake, oldest first. Objects in use keep their descriptors, so the budget is met
    /// sooner or later, not at once.
    pub fn excess(&self) -> Evicted {
        let leaving = self.leaving.load(Ordering::Relaxed);
        let open = self.descriptors.load(Ordering::Relaxed).saturating_sub(leaving);
        if open <= self.descriptors_max {
            return self.evicted(Vec::new());
        }
        let mut lru = self.lru.lock().unwrap();
        // Each object has at least one descriptor; some more make room for a while.
        let count = open - self.descriptors_max + self.descriptors_max / 32;
        self.evicted((0..count).map_while(|_| lru.remove_oldest()).collect())
    }

    /// A quarter of everything, oldest first, because descriptors have run out.
    pub fn shed(&self) -> Evicted {
        let mut lru = self.lru.lock().unwrap();
        let count = lru.by_handle.len().div_ceil(4);
        self.evicted((0..count).map_while(|_| lru.remove_oldest()).collect())
    }

    /// Advances the clock by one tick and evicts what has not been used for `idle_ticks_max`.
    pub fn tick(&self, idle_ticks_max: u64) -> Evicted {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        let mut idle = Vec::new();
        let mut lru = self.lru.lock().unwrap();
        while lru.oldest != NONE && lru.entries[lru.oldest].used_at + idle_ticks_max < now {
            idle.extend(lru.remove_oldest());
        }
        self.evicted(idle)
    }

    /// Everything that `belongs` says, for an export that is gone.
    pub fn drain(&self, belongs: impl Fn(&Object) -> bool) -> Evicted {
        let mut lru = self.lru.lock().unwrap();
        let objects = lru.entries.iter().filter_map(|entry| entry.object.as_ref());
        let wires: Vec<_> = objects
            .filter(|object| belongs(object))
            .map(|object| object.wire)
            .collect();
        self.evicted(
            wires
                .iter()
                .filter_map(|wire| lru.remove(wire.as_bytes()))
                .collect(),
        )
    }

    pub fn len(&self) -> usize {
        self.lru.lock().unwrap().by_handle.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Lru {
    fn add(&mut self, object: Arc<Object>, now: u64) {
        let key = object.wire.as_bytes().into();
        let entry = Entry {
            object: Some(object),
            inode: None,
            used_at: now,
            newer: NONE,
            older: NONE,
        };
        let index = match self.free.pop() {
            Some(index) => {
                self.entries[index] = entry;
                index
            }
            None => {
                self.entries.push(entry);
                self.entries.len() - 1
            }
        };
        self.by_handle.insert(key, index);
        self.link_newest(index);
    }

    fn touch(&mut self, index: usize, now: u64) {
        self.entries[index].used_at = now;
        if self.newest != index {
            self.unlink(index);
            self.link_newest(index);
        }
    }

    fn remove(&mut self, wire: &[u8]) -> Option<Arc<Object>> {
        let index = self.by_handle.remove(wire)?;
        self.forget_inode(index);
        self.unlink(index);
        self.free.push(index);
        self.entries[index].object.take()
    }

    fn forget_inode(&mut self, index: usize) {
        let entry = &mut self.entries[index];
        let Some((inode, _)) = entry.inode.take() else {
            return;
        };
        let Some(object) = &entry.object else { return };
        let digest = inode.digest(object.export);
        if self.by_inode.get(&digest).copied().map(|other| other as usize) == Some(index) {
            self.by_inode.remove(&digest);
        }
    }

    fn remove_oldest(&mut self) -> Option<Arc<Object>> {
        let wire = self.entries.get(self.oldest)?.object.as_ref()?.wire;
        self.remove(wire.as_bytes())
    }

    fn link_newest(&mut self, index: usize) {
        self.entries[index].newer = NONE;
        self.entries[index].older = self.newest;
        match self.newest {
            NONE => self.oldest = index,
            newest => self.entries[newest].newer = index,
        }
        self.newest = index;
    }

    fn unlink(&mut self, index: usize) {
        let Entry { newer, older, .. } = self.entries[index];
        match newer {
            NONE => self.newest = older,
            newer => self.entries[newer].older = older,
        }
        match older {
            NONE => self.oldest = newer,
            older => self.entries[older].newer = newer,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::mem::size_of;

    use super::*;
    use crate::handle::WIRE_BYTES_MAX;
    use crate::permission_cache::DECISION_BYTES;

    /// fsva-nfsd(8), MEMORY.
    #[test]
    fn an_object_and_its_place_take_no_more_than_is_stated() {
        let shared = 2 * size_of::<usize>() + size_of::<Object>() + DECISION_BYTES + WIRE_BYTES_MAX;
        let tables = size_of::<(Box<[u8]>, usize)>() + size_of::<(u64, u32)>() + 2;
        // What has just grown is half empty.
        let place = 2 * (size_of::<Entry>() + tables);
        assert!(shared + place <= 700, "{shared} and {place} bytes");
    }
}
