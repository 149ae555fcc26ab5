//! Handles of directory entries that READDIRPLUS has given out: to ask the kernel for one and to seal it takes longer than
//! everything else about an entry.
//!
//! Nothing here is believed of a name. Who looks for a handle has just been told by the kernel which inode has the name,
//! and a handle is found by that inode's number, times of change and of birth. An inode that has the number later
//! has another time of change, given that the former's had settled (change_stamp.rs) when its handle was taken.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::SystemTime;

use crate::change_stamp::ChangeStamp;
use crate::handle::{ExportId, FilesystemKey, WireHandle};

/// Locks; listings go on at the same time.
const SHARDS: usize = 16;
/// Handles per shard and generation, some 150 bytes each: 5 MiB for all.
const GENERATION_ENTRIES: usize = 1024;

/// Names an inode of an export, also while it is not open. Not for file systems where one number means several (btrfs).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct EntryKey {
    pub export: ExportId,
    pub filesystem: FilesystemKey,
    pub number: u64,
}

#[derive(Clone, Copy)]
struct Known {
    changed: ChangeStamp,
    born: (i64, u32),
    wire: WireHandle,
}

/// Once the young ones are as many as they may be they become the old ones, of which those that are asked for become
/// young again. The others are forgotten with the next generation.
#[derive(Default)]
struct Shard {
    young: HashMap<EntryKey, Known>,
    old: HashMap<EntryKey, Known>,
}

impl Shard {
    fn insert(&mut self, inode: EntryKey, known: Known) {
        if self.young.len() >= GENERATION_ENTRIES {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(inode, known);
    }
}

#[derive(Default)]
pub(crate) struct EntryHandles([Mutex<Shard>; SHARDS]);

/// Zeros where the file system does not know it.
fn born(stat: &libc::statx) -> (i64, u32) {
    (stat.stx_btime.tv_sec, stat.stx_btime.tv_nsec)
}

impl EntryHandles {
    fn shard(&self, inode: &EntryKey) -> &Mutex<Shard> {
        // Neighbours were often made one after the other.
        &self.0[(inode.number / 64) as usize % SHARDS]
    }

    /// The handle of what `stat` (with the time of birth) was just said of.
    pub fn get(&self, inode: &EntryKey, stat: &libc::statx) -> Option<WireHandle> {
        let mut shard = self.shard(inode).lock().unwrap();
        let (known, is_old) = match shard.young.get(inode) {
            Some(known) => (*known, false),
            None => (shard.old.remove(inode)?, true),
        };
        if known.changed != ChangeStamp::of(stat) || known.born != born(stat) {
            return None;
        }
        if is_old {
            shard.insert(*inode, known);
        }
        Some(known.wire)
    }

    /// `wire` was taken while the inode was as `stat` says, which was asked after `then`; forgotten unless that can be told
    /// from any later state.
    pub fn insert(&self, inode: EntryKey, stat: &libc::statx, then: SystemTime, wire: &WireHandle) {
        let changed = ChangeStamp::of(stat);
        if !changed.is_settled_at(then) {
            return;
        }
        let known = Known {
            changed,
            born: born(stat),
            wire: *wire,
        };
        self.shard(&inode).lock().unwrap().insert(inode, known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handle::{Handle, HandleCodec, Object};
    use crate::state_directory::MacKey;

    fn inode(number: u64) -> EntryKey {
        EntryKey {
            export: ExportId(1),
            filesystem: FilesystemKey(2),
            number,
        }
    }

    fn stat(changed: (i64, u32), born: i64) -> libc::statx {
        // SAFETY: all-zero bytes are a valid statx.
        let mut stat: libc::statx = unsafe { std::mem::zeroed() };
        (stat.stx_ctime.tv_sec, stat.stx_ctime.tv_nsec) = changed;
        stat.stx_btime.tv_sec = born;
        stat
    }

    fn wire(id: u64) -> WireHandle {
        let handle = Handle {
            export: ExportId(1),
            filesystem: FilesystemKey(2),
            object: Object::Table(id),
        };
        HandleCodec::new(&MacKey::from_bytes([1; 32]))
            .seal(&handle)
            .unwrap()
    }

    #[test]
    fn a_handle_is_of_the_inode_as_it_was() {
        let handles = EntryHandles::default();
        let then = stat((1000, 5), 900);
        handles.insert(inode(1), &then, SystemTime::now(), &wire(1));
        assert_eq!(handles.get(&inode(1), &then), Some(wire(1)));
        assert_eq!(handles.get(&inode(2), &then), None);
        assert_eq!(handles.get(&inode(1), &stat((1000, 6), 900)), None, "changed");
        assert_eq!(handles.get(&inode(1), &stat((1000, 5), 901)), None, "another");
        let elsewhere = EntryKey {
            export: ExportId(9),
            ..inode(1)
        };
        assert_eq!(handles.get(&elsewhere, &then), None);
        let mounted = EntryKey {
            filesystem: FilesystemKey(9),
            ..inode(1)
        };
        assert_eq!(handles.get(&mounted, &then), None);
    }

    #[test]
    fn what_has_just_changed_is_not_remembered() {
        let handles = EntryHandles::default();
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        let fresh = stat((now.as_secs() as i64, now.subsec_nanos().max(1)), 900);
        handles.insert(inode(1), &fresh, SystemTime::now(), &wire(1));
        assert_eq!(handles.get(&inode(1), &fresh), None);
    }

    #[test]
    fn what_is_asked_for_stays_and_there_is_an_end_to_the_rest() {
        let handles = EntryHandles::default();
        let then = stat((1000, 5), 900);
        for number in 0..100_000 {
            handles.insert(inode(number), &then, SystemTime::now(), &wire(number));
            assert_eq!(handles.get(&inode(0), &then), Some(wire(0)), "{number}");
        }
        let sizes = handles.0.iter().map(|shard| {
            let shard = shard.lock().unwrap();
            shard.young.len() + shard.old.len()
        });
        assert!(sizes.max().unwrap() <= 2 * GENERATION_ENTRIES);
        assert_eq!(handles.get(&inode(1), &then), None, "nobody asked for it");
    }
}
