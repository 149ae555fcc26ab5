//! Small directories that are listed again and again (READDIRPLUS): their names, and the objects that these lead to while
//! the descriptor cache has them open. To ask a descriptor for attributes takes less than half of what a name takes.
//!
//! Nothing is believed that the kernel does not confirm for each listing: a directory whose time of change is as it was, and had
//! settled when the names were read (change_stamp.rs), has the same names of the same inodes; that nothing has been mounted on
//! them the mount watch says (mount_watch.rs); and attributes are asked of each inode each time. What is removed is not kept for it: the
//! descriptors are the cache's, which closes them as all others.

use std::os::fd::AsFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::call::{Call, DEFER, Opened, stat_in};
use crate::change_stamp::ChangeStamp;
use crate::directory;
use crate::directory_records::Entry;
use crate::errno::{Errno, Result};
use crate::name::Name;
use crate::object::Object;
use crate::syscalls_unsafe as sys;

/// Entries of such a directory: to list them takes the event loop some 50 us.
pub(crate) const ENTRIES_MAX: usize = 128;
/// Entries of all: some 10 MB with what is left of objects that have been closed.
const ALL_ENTRIES_MAX: usize = 16_384;
/// Times of access that relatime leaves as they are are younger.
const RELATIME_SECONDS: i64 = 24 * 60 * 60;

/// What is known of a directory's entries.
#[derive(Default)]
pub(crate) enum Listed {
    #[default]
    Nothing,
    /// Listed to its end when it had last changed then.
    Once(ChangeStamp),
    Open(Arc<OpenListing>),
    /// Its entries could not be opened, and are not to be as long as it is the same; or they are being opened.
    Not(ChangeStamp),
}

pub(crate) struct OpenEntry {
    pub entry: Entry,
    /// None of "." and "..".
    object: Option<Weak<Object>>,
}

pub(crate) struct OpenListing {
    stamp: ChangeStamp,
    /// By the mount watch, from before the names were looked at.
    mount_changes: u64,
    marks: Marks,
    entries: Vec<OpenEntry>,
    _share: Share,
}

/// Of the entries that there may be in all.
struct Share {
    all: Arc<AtomicUsize>,
    entries: usize,
}

impl Share {
    fn take(all: &Arc<AtomicUsize>, entries: usize) -> Option<Share> {
        let before = all.fetch_add(entries, Ordering::Relaxed);
        let share = Share {
            all: all.clone(),
            entries,
        };
        (before + entries <= ALL_ENTRIES_MAX).then_some(share)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.all.fetch_sub(self.entries, Ordering::Relaxed);
    }
}

/// When reading a directory sets its time of access, so that it has to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Marks {
    Never,
    /// Unless it was read since it changed, and lately.
    Relatime,
}

impl Marks {
    /// None: always.
    fn of(directory: &Opened) -> Option<Marks> {
        let flags = sys::statfs(directory.fd()).ok()?.f_flags as u64;
        let has = |flag: libc::c_ulong| flags & flag != 0;
        if has(libc::ST_RDONLY) || has(libc::ST_NOATIME) || has(libc::ST_NODIRATIME) {
            Some(Marks::Never)
        } else if has(libc::ST_RELATIME) {
            Some(Marks::Relatime)
        } else {
            None
        }
    }

    /// Whether it would have been set now.
    fn is_due(self, stat: &libc::statx) -> bool {
        if self == Marks::Never {
            return false;
        }
        let at = |time: &libc::statx_timestamp| (time.tv_sec, time.tv_nsec);
        let accessed = at(&stat.stx_atime);
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let is_recent =
            now.is_ok_and(|now| (now.as_secs() as i64).saturating_sub(accessed.0) < RELATIME_SECONDS);
        accessed <= at(&stat.stx_mtime) || accessed <= at(&stat.stx_ctime) || !is_recent
    }
}

impl OpenEntry {
    /// None if it has been closed, and of "." and "..".
    pub fn object(&self) -> Option<Arc<Object>> {
        self.object.as_ref()?.upgrade()
    }
}

impl OpenListing {
    pub fn entries(&self) -> usize {
        self.entries.len()
    }

    /// None if no entry has this cookie.
    pub fn after(&self, cookie: u64) -> Option<&[OpenEntry]> {
        if cookie == 0 {
            return Some(&self.entries);
        }
        let index = self.entries.iter().position(|open| open.entry.cookie == cookie)?;
        Some(&self.entries[index + 1..])
    }
}

/// Whether it may be listed without waiting, as far as can be told before.
pub(crate) fn may_be_open(directory: &Object) -> bool {
    matches!(*directory.listed.lock().unwrap(), Listed::Open(_))
}

/// The entries of the directory as it is now, given that `stat` is. DEFER if they would help and a thread that may wait had
/// better open them.
pub(crate) fn of(
    call: &Call<'_>,
    directory: &Opened,
    stat: &libc::statx,
    plus: bool,
) -> Result<Option<Arc<OpenListing>>> {
    let stamp = ChangeStamp::of(stat);
    let open = match &*directory.object.listed.lock().unwrap() {
        Listed::Open(open) if open.stamp == stamp => open.clone(),
        Listed::Once(then) if *then == stamp && call.inline && plus => return Err(DEFER),
        _ => return Ok(None),
    };
    let filesystems = &call.engine.volume(directory.object.export)?.filesystems;
    if filesystems.mount_changes() != open.mount_changes {
        forget(directory, &open);
        return Ok(None);
    }
    Ok((!open.marks.is_due(stat)).then_some(open))
}

/// To be called when an entry has turned out to be closed.
pub(crate) fn forget(directory: &Opened, open: &OpenListing) {
    *directory.object.listed.lock().unwrap() = Listed::Once(open.stamp);
}

/// The directory has been listed to its end; `stat` is from before, and so is that it was settled. The next time its entries
/// are opened, if it is the same then.
pub(crate) fn note(call: &Call<'_>, directory: &Opened, stat: &libc::statx) {
    let stamp = ChangeStamp::of(stat);
    // With their key come other names, and the directory has not changed.
    let is_encrypted = stat.stx_attributes & libc::STATX_ATTR_ENCRYPTED as u64 != 0;
    if is_encrypted || !directory.object.filesystem.traits.stable_directory_offsets {
        return;
    }
    {
        let mut listed = directory.object.listed.lock().unwrap();
        match &*listed {
            // Others list it by name meanwhile, instead of doing the same.
            Listed::Once(then) if *then == stamp && !call.inline => *listed = Listed::Not(stamp),
            Listed::Not(then) if *then == stamp => return,
            Listed::Open(open) if open.stamp == stamp => return,
            _ => {
                *listed = Listed::Once(stamp);
                return;
            }
        }
    }
    let listed = match open(call, directory) {
        Ok(open) if open.stamp == stamp => Listed::Open(Arc::new(open)),
        // Another time there may be room.
        Err(Errno::NFILE | Errno::MFILE) => Listed::Nothing,
        _ => Listed::Not(stamp),
    };
    *directory.object.listed.lock().unwrap() = listed;
}

/// Opens all entries; whatever stands in the way is an error.
fn open(call: &Call<'_>, directory: &Opened) -> Result<OpenListing> {
    let engine = call.engine;
    let volume = engine.volume(directory.object.export)?;
    let mount_changes = volume.filesystems.mount_changes();
    let marks = Marks::of(directory).ok_or(Errno::INVAL)?;
    let stamp = ChangeStamp::of(&sys::statx(directory.fd())?);
    if !stamp.is_settled() {
        return Err(Errno::AGAIN);
    }
    let entries = directory::read_all(directory, ENTRIES_MAX)?;
    if entries.len() > ENTRIES_MAX {
        return Err(Errno::FBIG);
    }
    let share = Share::take(&engine.open_entries, entries.len()).ok_or(Errno::NFILE)?;
    if !engine.objects.has_room(entries.len()) {
        return Err(Errno::NFILE);
    }
    let entries: Result<_> = entries
        .into_iter()
        .map(|entry| open_entry(call, directory, entry))
        .collect();
    Ok(OpenListing {
        stamp,
        mount_changes,
        marks,
        entries: entries?,
        _share: share,
    })
}

fn open_entry(call: &Call<'_>, directory: &Opened, entry: Entry) -> Result<OpenEntry> {
    let name = Name::new(entry.name.to_bytes())?;
    if name.is_special() {
        return Ok(OpenEntry { entry, object: None });
    }
    let moment = call.engine.objects.moment();
    let flags = libc::O_PATH | libc::O_NOFOLLOW;
    // EXDEV for a mount point.
    let fd = sys::openat2(directory.fd(), name.as_c_str(), flags, sys::RESOLVE_NO_XDEV)?;
    let stat = stat_in(&directory.object.filesystem, fd.as_fd())?;
    let found = match call.already_open(directory, &stat, moment) {
        Some(found) => found,
        None => call.adopt_with(directory, &name, call.descriptor(fd), &stat)?,
    };
    Ok(OpenEntry {
        entry,
        object: Some(Arc::downgrade(&found.object)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relatime_marks_the_first_reading_after_a_change_and_one_a_day() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
        let stat = |accessed, modified, changed| {
            // SAFETY: all-zero bytes are a valid statx.
            let mut stat: libc::statx = unsafe { std::mem::zeroed() };
            stat.stx_atime.tv_sec = accessed;
            stat.stx_mtime.tv_sec = modified;
            stat.stx_ctime.tv_sec = changed;
            stat
        };
        assert!(!Marks::Relatime.is_due(&stat(now - 9, now - 10, now - 10)));
        assert!(Marks::Relatime.is_due(&stat(now - 10, now - 10, now - 20)));
        assert!(Marks::Relatime.is_due(&stat(now - 10, now - 20, now - 10)));
        let days = |count| now - count * RELATIME_SECONDS - 1;
        assert!(Marks::Relatime.is_due(&stat(days(1), days(2), days(2))));
        assert!(!Marks::Never.is_due(&stat(days(1), days(0), days(0))));
    }

    #[test]
    fn there_is_an_end_to_all_entries() {
        let all = Arc::default();
        let shares: Vec<_> = std::iter::from_fn(|| Share::take(&all, ENTRIES_MAX)).collect();
        assert_eq!(shares.len(), ALL_ENTRIES_MAX / ENTRIES_MAX);
        drop(shares);
        assert_eq!(all.load(Ordering::Relaxed), 0);
    }
}
