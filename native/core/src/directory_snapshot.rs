//! Listings of directories whose file system has no offsets that last: tmpfs before 6.6, merged overlays, FUSE.
//!
//! The names are ordered by a keyed hash, and the hash is the cookie. So a cookie means the same place in any later
//! snapshot, also after a restart; keyed, because a client could make names that collide under a known hash.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::call::{Call, Opened};
use crate::directory::read_all;
use crate::directory_records::Entry;
use crate::errno::Result;

/// Of all snapshots together, some 100 bytes each. Beyond, a directory is read again for each part of its listing
/// instead of being remembered.
const ENTRIES_MAX: usize = 2_000_000;
static ENTRIES: AtomicUsize = AtomicUsize::new(0);

/// Sorted by cookie.
pub(crate) struct Snapshot(Vec<Entry>);

impl Drop for Snapshot {
    fn drop(&mut self) {
        ENTRIES.fetch_sub(self.0.len(), Ordering::Relaxed);
    }
}

impl Snapshot {
    fn new(mut entries: Vec<Entry>, key: &[u8; 32]) -> Snapshot {
        ENTRIES.fetch_add(entries.len(), Ordering::Relaxed);
        for entry in &mut entries {
            entry.cookie = hash(key, entry.name.to_bytes());
        }
        entries.sort_by(|one, other| (one.cookie, &one.name).cmp(&(other.cookie, &other.name)));
        // Two names with one hash: the later one moves behind, at the latest until either is gone.
        for index in 1..entries.len() {
            if entries[index].cookie <= entries[index - 1].cookie {
                entries[index].cookie = entries[index - 1].cookie + 1;
            }
        }
        Snapshot(entries)
    }

    pub fn after(&self, cookie: u64) -> &[Entry] {
        &self.0[self.0.partition_point(|entry| entry.cookie <= cookie)..]
    }
}

/// 1 to 2^63: clients treat cookies as signed, and 0 is the start.
fn hash(key: &[u8; 32], name: &[u8]) -> u64 {
    let hash = blake3::keyed_hash(key, name);
    let word = hash.as_bytes().first_chunk::<8>().expect("a hash has 32 bytes");
    (u64::from_le_bytes(*word) >> 1).max(1)
}

/// The snapshot to list from; a `fresh` one for a listing that starts.
pub(crate) fn of(call: &Call<'_>, directory: &Opened, fresh: bool) -> Result<Arc<Snapshot>> {
    let kept = &directory.object.snapshot;
    if !fresh && let Some(snapshot) = &*kept.lock().unwrap() {
        return Ok(snapshot.clone());
    }
    let snapshot = Arc::new(Snapshot::new(
        read_all(directory, usize::MAX)?,
        call.engine.directory_key(),
    ));
    let keep = ENTRIES.load(Ordering::Relaxed) <= ENTRIES_MAX;
    *kept.lock().unwrap() = keep.then(|| snapshot.clone());
    Ok(snapshot)
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;

    use super::*;

    fn entries(names: impl IntoIterator<Item = String>) -> Vec<Entry> {
        names
            .into_iter()
            .map(|name| Entry {
                fileid: 1,
                cookie: 0,
                name: CString::new(name).unwrap(),
            })
            .collect()
    }

    #[test]
    fn a_cookie_means_the_same_place_in_a_later_snapshot() {
        let key = [7; 32];
        let before = Snapshot::new(entries((0..1000).map(|number| number.to_string())), &key);
        let half: Vec<_> = before.after(0)[..500].to_vec();
        // Every third name is gone and as many have come.
        let names = (0..1000).filter(|number| number % 3 != 0).chain(2000..2333);
        let after = Snapshot::new(entries(names.map(|number| number.to_string())), &key);
        let mut seen: Vec<_> = half.iter().map(|entry| entry.name.clone()).collect();
        seen.extend(
            after
                .after(half[499].cookie)
                .iter()
                .map(|entry| entry.name.clone()),
        );
        for number in (0..1000).filter(|number| number % 3 != 0) {
            let name = number.to_string();
            assert_eq!(
                seen.iter()
                    .filter(|one| one.to_bytes() == name.as_bytes())
                    .count(),
                1,
                "{name}"
            );
        }
    }

    #[test]
    fn cookies_are_unique_never_zero_and_positive_as_signed_numbers() {
        let snapshot = Snapshot::new(entries((0..10_000).map(|number| number.to_string())), &[1; 32]);
        let all = snapshot.after(0);
        assert_eq!(all.len(), 10_000);
        assert!(all.windows(2).all(|pair| pair[0].cookie < pair[1].cookie));
        assert!(all[0].cookie > 0 && all[9_999].cookie <= i64::MAX as u64);
    }
}
