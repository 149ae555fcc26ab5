//! Which handles the sessions' clients know, by the MAC that each handle ends in: as good as random, and nobody can choose it.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use fsva_core::handle::{MAC_BYTES, WireHandle};
use fsva_core::observer::{Known, Subject};

const SHARDS: usize = 64;

pub type Mac = [u8; MAC_BYTES];

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

type Shard = HashMap<Mac, Arc<Known>, BuildHasherDefault<MacHasher>>;

pub struct KnownHandles {
    shards: Vec<Mutex<Shard>>,
    len: AtomicUsize,
    max: usize,
}

impl KnownHandles {
    /// At most `max` handles, whoever knows them.
    pub fn new(max: usize) -> KnownHandles {
        KnownHandles {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            len: AtomicUsize::new(0),
            max,
        }
    }

    pub fn find(&self, wire: &WireHandle) -> Option<Arc<Known>> {
        let mac = mac_of(wire);
        self.shard(&mac).lock().unwrap().get(&mac).cloned()
    }

    /// The one entry of this handle, made if need be; None if there is no room.
    pub fn enter(&self, subject: &Subject<'_>, given_at: u32) -> Option<Arc<Known>> {
        let mac = mac_of(subject.wire);
        let mut shard = self.shard(&mac).lock().unwrap();
        if let Some(known) = shard.get(&mac) {
            return Some(known.clone());
        }
        if self.len.fetch_add(1, Ordering::Relaxed) >= self.max {
            self.len.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let known = Arc::new(Known {
            given_at: AtomicU32::new(given_at),
            fileid: subject.fileid,
            fsid: subject.fsid,
            ..Known::default()
        });
        shard.insert(mac, known.clone());
        Some(known)
    }

    /// These sessions (a bit each) know nothing any more.
    pub fn forget(&self, sessions: u64) {
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap();
            let before = shard.len();
            shard.retain(|_, known| {
                let left = known.sessions.fetch_and(!sessions, Ordering::SeqCst) & !sessions;
                // An open object that has an entry goes on using it, and must not have another one than the table.
                left != 0 || Arc::strong_count(known) > 1
            });
            self.len.fetch_sub(before - shard.len(), Ordering::Relaxed);
        }
    }

    pub fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    /// Makes room: open objects that held an entry may be closed by now.
    pub fn sweep(&self) {
        self.forget(0);
    }

    fn shard(&self, mac: &Mac) -> &Mutex<Shard> {
        &self.shards[usize::from(mac[0]) % SHARDS]
    }
}

pub fn mac_of(wire: &WireHandle) -> Mac {
    *wire
        .as_bytes()
        .last_chunk()
        .expect("a sealed handle ends in its MAC")
}

#[cfg(test)]
mod tests {
    use fsva_core::handle::{ExportId, FilesystemKey, Handle, HandleCodec, Object};
    use fsva_core::state_directory::MacKey;

    use super::*;

    fn wire(number: u64) -> WireHandle {
        let handle = Handle {
            export: ExportId(1),
            filesystem: FilesystemKey(1),
            object: Object::Table(number),
        };
        HandleCodec::new(&MacKey::from_bytes([1; 32]))
            .seal(&handle)
            .unwrap()
    }

    fn enter(table: &KnownHandles, number: u64, session: u64) -> Option<Arc<Known>> {
        let wire = wire(number);
        let subject = Subject {
            wire: &wire,
            fileid: number,
            fsid: 1,
            known: None,
        };
        let known = table.enter(&subject, 0)?;
        known.sessions.fetch_or(session, Ordering::SeqCst);
        Some(known)
    }

    #[test]
    fn there_is_room_for_so_many_and_again_once_they_are_forgotten() {
        let table = KnownHandles::new(100);
        for number in 0..100 {
            assert!(enter(&table, number, 1).is_some());
        }
        assert!(enter(&table, 0, 2).is_some(), "known already");
        assert!(enter(&table, 100, 1).is_none());
        table.forget(1);
        assert_eq!(table.len(), 1, "the other session still knows one");
        assert!(table.find(&wire(1)).is_none());
        assert!(enter(&table, 100, 1).is_some());
    }

    #[test]
    fn an_entry_that_is_held_stays_the_only_one() {
        let table = KnownHandles::new(10);
        let held = enter(&table, 1, 1).unwrap();
        table.forget(1);
        assert_eq!(held.sessions.load(Ordering::SeqCst), 0);
        assert!(Arc::ptr_eq(&held, &enter(&table, 1, 2).unwrap()));
        drop(held);
        table.forget(2);
        assert_eq!(table.len(), 0);
    }
}
