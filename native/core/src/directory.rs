//! Directory listings within a budget (READDIR and READDIRPLUS).
//!
//! Where the file system's own offsets are stable they are the cookies, and a listing goes on from a directory
//! stream that is kept open. Elsewhere a listing goes by a keyed hash of the name (directory_snapshot.rs).

use std::cell::RefCell;
use std::os::fd::AsFd;

use crate::call::{Call, DEFER, Opened};
use crate::directory_entries::{Finder, Found, is_root};
use crate::directory_records::{Entry, RECORDS_BYTES_MIN, Record, parse};
use crate::directory_snapshot;
use crate::errno::{Errno, Result};
use crate::listing::{Listing, Plus, cost};
use crate::object::Descriptor;
use crate::open_listing::{self, OpenEntry, OpenListing};
use crate::syscalls_unsafe as sys;

/// What getdents may fill at once; a larger budget takes several rounds.
const RECORDS_BYTES_MAX: usize = 32 * 1024;
/// Bytes of an entry of READDIRPLUS for each byte of its record, where names are short. More records than fit are read
/// for nothing, fewer take another round.
const PLUS_FACTOR: usize = 5;
/// Entries of READDIRPLUS that are looked at together.
const PLUS_BATCH: usize = 32;
/// What the event loop lists at once: some 50 us. All the rest is for a thread of its own.
const INLINE_ENTRIES_MAX: usize = 256;
const INLINE_PLUS_ENTRIES_MAX: usize = 48;
/// Bytes of such a listing at most.
pub const INLINE_LISTING_BYTES_MAX: usize = 32 * 1024;
/// What tmpfs says is a directory's size, per entry.
const TMPFS_ENTRY_BYTES: u64 = 20;
/// What others need for an entry at most, about.
const DISK_ENTRY_BYTES: u64 = 280;

thread_local! {
    static RECORDS: RefCell<Vec<u8>> = RefCell::new(vec![0; RECORDS_BYTES_MAX]);
}

/// An open directory; `position` is where the next getdents starts, as an offset of the file system.
pub(crate) struct DirectoryStream {
    pub descriptor: Descriptor,
    pub position: i64,
}

/// Bytes that the entries may cost, counted as the Vfs interface says (nfs-server/vfs/vfs.ts, DirectoryBudget).
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    pub dircount: usize,
    pub maxcount: usize,
}

/// More entries, and bytes of all.
struct Room {
    entries: usize,
    bytes: usize,
}

/// What is left of a budget, and the listing so far.
struct Filler<'a> {
    call: &'a Call<'a>,
    directory: &'a Opened,
    /// READDIRPLUS only.
    finder: Option<Finder<'a>>,
    left: Budget,
    /// What this thread may list.
    room: Room,
    listing: &'a mut Listing,
    count: usize,
}

/// Writes the entries behind `cookie`; true if they are the last. `stat` is from before.
pub(crate) fn list<'a>(
    call: &'a Call<'a>,
    directory: &'a Opened,
    stat: &'a libc::statx,
    cookie: u64,
    budget: Budget,
    plus: bool,
    listing: &'a mut Listing,
) -> Result<bool> {
    let open = open_listing::of(call, directory, stat, plus)?;
    let rest = open.as_ref().and_then(|open| open.after(cookie));
    let mut filler = Filler {
        call,
        directory,
        finder: plus.then(|| Finder::new(call, directory, stat)),
        left: budget,
        room: match rest {
            Some(rest) => Room::for_entries(call, rest.len()),
            None => room(call, directory, stat, budget, plus)?,
        },
        listing,
        count: 0,
    };
    let end = if let (Some(open), Some(rest)) = (&open, rest) {
        filler.take_open(open, rest)?
    } else if directory.object.filesystem.traits.stable_directory_offsets {
        list_by_offset(&mut filler, cookie)?
    } else {
        list_by_hash(&mut filler, cookie)?
    };
    if filler.count == 0 && !end {
        return Err(Errno::TOOSMALL);
    }
    if end
        && let Some(finder) = &filler.finder
        && finder.sees_every_change()
        && may_be_small(directory, stat)
    {
        open_listing::note(call, directory, stat);
    }
    Ok(end)
}

/// Whether it may have no more entries than open_listing.rs opens.
fn may_be_small(directory: &Opened, stat: &libc::statx) -> bool {
    let entry_bytes = if directory.object.filesystem.traits.memory {
        TMPFS_ENTRY_BYTES
    } else {
        DISK_ENTRY_BYTES
    };
    stat.stx_size <= open_listing::ENTRIES_MAX as u64 * entry_bytes
}

/// Elsewhere records and inodes may have to come from a disk.
pub(crate) fn may_be_inline(directory: &Opened) -> bool {
    is_in_memory(directory) || open_listing::may_be_open(&directory.object)
}

fn is_in_memory(directory: &Opened) -> bool {
    let traits = &directory.object.filesystem.traits;
    traits.memory && traits.stable_directory_offsets
}

impl Room {
    fn for_entries(call: &Call<'_>, entries: usize) -> Room {
        let bytes = if call.inline {
            INLINE_LISTING_BYTES_MAX
        } else {
            usize::MAX
        };
        Room { entries, bytes }
    }
}

/// DEFER if it will not do, as far as can be told before.
fn room(call: &Call<'_>, directory: &Opened, stat: &libc::statx, budget: Budget, plus: bool) -> Result<Room> {
    if !call.inline {
        return Ok(Room::for_entries(call, usize::MAX));
    }
    if !is_in_memory(directory) || plus && !directory.object.filesystem.has_plain_entries() {
        return Err(DEFER);
    }
    let most = if plus {
        INLINE_PLUS_ENTRIES_MAX
    } else {
        INLINE_ENTRIES_MAX
    };
    let handle_bytes = plus.then(|| directory.object.wire.as_bytes().len());
    let (dircount, maxcount) = cost(1, handle_bytes);
    let fitting = (budget.dircount / dircount).min(budget.maxcount / maxcount);
    if stat.stx_size / TMPFS_ENTRY_BYTES > most as u64 && fitting > most {
        return Err(DEFER);
    }
    Ok(Room::for_entries(call, most))
}

fn list_by_offset(filler: &mut Filler<'_>, cookie: u64) -> Result<bool> {
    let position = i64::try_from(cookie).map_err(|_| Errno::BADCOOKIE)?;
    let object = &filler.directory.object;
    let mut stream = object.take_stream(position, &filler.directory.credentials)?;
    if stream.position != position {
        sys::seek_directory(stream.descriptor.as_fd(), position).map_err(|_| Errno::BADCOOKIE)?;
        stream.position = position;
    }
    let end = RECORDS.with_borrow_mut(|records| {
        loop {
            let wanted = filler.records_wanted();
            let length = sys::getdents(stream.descriptor.as_fd(), &mut records[..wanted])?;
            if length == 0 {
                return Ok(true);
            }
            let entries = parse(&records[..length])?;
            // Unless all of them are taken: somewhere behind what was listed, whoever takes the stream next has to seek.
            stream.position = -1;
            if !filler.take(&entries)? {
                return Ok(false);
            }
            stream.position = entries.last().map_or(-1, |entry| entry.cookie as i64);
        }
    });
    if matches!(end, Ok(_) | Err(DEFER)) {
        object.return_stream(stream);
    }
    end
}

fn list_by_hash(filler: &mut Filler<'_>, cookie: u64) -> Result<bool> {
    let snapshot = directory_snapshot::of(filler.call, filler.directory, cookie == 0)?;
    for entries in snapshot.after(cookie).chunks(PLUS_BATCH) {
        let records: Vec<_> = entries.iter().map(Entry::record).collect();
        if !filler.take(&records)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Every entry of the directory, in the order of the file system; with more than `most` there may be some that are missing.
/// Cookies are to be used only where offsets last.
pub(crate) fn read_all(directory: &Opened, most: usize) -> Result<Vec<Entry>> {
    let fd = directory
        .object
        .reopen(libc::O_RDONLY | libc::O_DIRECTORY, &directory.credentials)?;
    RECORDS.with_borrow_mut(|records| {
        let mut entries = Vec::new();
        while entries.len() <= most {
            let length = sys::getdents(fd.as_fd(), records)?;
            if length == 0 {
                break;
            }
            entries.extend(parse(&records[..length])?.into_iter().map(Entry::from));
        }
        Ok(entries)
    })
}

impl Filler<'_> {
    /// Bytes of records that may still fit.
    fn records_wanted(&self) -> usize {
        let factor = if self.finder.is_some() { PLUS_FACTOR } else { 1 };
        let wanted = self.left.dircount.min(self.left.maxcount / factor);
        wanted.clamp(RECORDS_BYTES_MIN, RECORDS_BYTES_MAX)
    }

    /// False once the budget is used up: then some of the entries were not taken.
    fn take(&mut self, entries: &[Record<'_>]) -> Result<bool> {
        let mut rest = entries;
        while !rest.is_empty() {
            // Looking at entries that cannot be listed would be a waste. If all that may fit turn out to be gone, others
            // have their room.
            let fitting = self.fitting(&rest[..rest.len().min(PLUS_BATCH)]);
            let (batch, others) = rest.split_at(fitting);
            rest = others;
            self.room.entries = self.room.entries.checked_sub(batch.len()).ok_or(DEFER)?;
            let Some(finder) = &self.finder else {
                for entry in batch {
                    if !self.push(entry, &Plus::No)? {
                        return Ok(false);
                    }
                }
                continue;
            };
            for (entry, found) in batch.iter().zip(finder.find(batch)) {
                if !self.push_found(entry, &found)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// As `take`, of entries that are open.
    fn take_open(&mut self, listing: &OpenListing, entries: &[OpenEntry]) -> Result<bool> {
        let may_search = self.finder.as_ref().is_some_and(Finder::may_search);
        for open in entries {
            let record = open.entry.record();
            let is_taken = match self.look_at(listing, open, may_search)? {
                Some(found) => self.push_found(&record, &found)?,
                None => self.push(&record, &Plus::No)?,
            };
            if !is_taken {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// None where only names are wanted.
    fn look_at(&self, listing: &OpenListing, open: &OpenEntry, may_search: bool) -> Result<Option<Found>> {
        let Some(finder) = &self.finder else {
            return Ok(None);
        };
        if !may_search {
            return Ok(Some(Found::Nothing));
        }
        let found = finder.look_at(open);
        if found.is_some() {
            return Ok(found);
        }
        open_listing::forget(self.directory, listing);
        // The others will have been closed as well.
        let is_for_pool = !is_in_memory(self.directory) || listing.entries() > INLINE_PLUS_ENTRIES_MAX;
        if self.call.inline && is_for_pool {
            return Err(DEFER);
        }
        Ok(finder.find(&[open.entry.record()]).pop())
    }

    /// How many of the entries may fit at most.
    fn fitting(&self, entries: &[Record<'_>]) -> usize {
        let mut left = self.left;
        let handle = self.handle_bytes(&Plus::Nothing);
        let fits = |entry: &&Record<'_>| {
            let (dircount, maxcount) = cost(entry.name.count_bytes(), handle);
            let fits = dircount <= left.dircount && maxcount <= left.maxcount;
            left.dircount = left.dircount.saturating_sub(dircount);
            left.maxcount = left.maxcount.saturating_sub(maxcount);
            fits
        };
        // Handles of a file system differ in length by a few bytes: one more, and `push` has the last word.
        (entries.iter().take_while(fits).count() + 1).min(entries.len())
    }

    /// What a handle counts; where there is none, as much as the directory's own.
    fn handle_bytes(&self, plus: &Plus<'_>) -> Option<usize> {
        self.finder.as_ref()?;
        let wire = match plus {
            Plus::Known(_, wire) => wire,
            _ => &self.directory.object.wire,
        };
        Some(wire.as_bytes().len())
    }

    /// False if it does not fit.
    fn push_found(&mut self, entry: &Record<'_>, found: &Found) -> Result<bool> {
        match found {
            Found::Gone => Ok(true),
            Found::Nothing => self.push(entry, &Plus::Nothing),
            Found::Object(attributes, wire) => self.push(entry, &Plus::Known(attributes, wire)),
        }
    }

    /// False if it does not fit.
    fn push(&mut self, entry: &Record<'_>, plus: &Plus<'_>) -> Result<bool> {
        // 0 would mean the start of the directory to the client.
        if entry.cookie == 0 {
            return Err(Errno::SERVERFAULT);
        }
        let name = entry.name.to_bytes();
        let (dircount, maxcount) = cost(name.len(), self.handle_bytes(plus));
        if dircount > self.left.dircount || maxcount > self.left.maxcount {
            return Ok(false);
        }
        self.left.dircount -= dircount;
        self.left.maxcount -= maxcount;
        // Above the export's root there is nothing.
        let fileid = if entry.is_dot_dot() && is_root(self.call, self.directory)? {
            self.directory.object.fileid
        } else {
            entry.fileid
        };
        self.listing.entry(fileid, name, entry.cookie, plus);
        self.count += 1;
        if self.listing.byte_length() > self.room.bytes {
            return Err(DEFER);
        }
        Ok(true)
    }
}
