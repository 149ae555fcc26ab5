//! Directory listings within a budget (READDIR and READDIRPLUS).
//!
//! Where the file system's own offsets are stable they are the cookies, and a listing goes on from a directory
//! stream that is kept open. Elsewhere a listing goes by a keyed hash of the name (directory_snapshot.rs).

use std::os::fd::{AsFd, OwnedFd};

use crate::answer::{Attributes, EntryHeader};
use crate::attributes::attributes;
use crate::call::{Call, Opened, stat_in};
use crate::directory_snapshot;
use crate::errno::{Errno, Result};
use crate::handle::{WIRE_BYTES_MAX, WireHandle};
use crate::name::Name;
use crate::object::Descriptor;
use crate::observer::Subject;
use crate::operations::lookup;
use crate::syscalls_unsafe as sys;

/// What getdents may fill at once; a larger budget takes several rounds.
const RECORDS_BYTES_MAX: usize = 32 * 1024;
/// One record with the longest name fits.
const RECORDS_BYTES_MIN: usize = 1024;
/// Entries of READDIRPLUS that are open at the same time.
const PLUS_BATCH: usize = 32;

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

#[derive(Default)]
pub(crate) struct Listing {
    /// EntryHeader, name and padding per entry.
    pub bytes: Vec<u8>,
    pub count: u32,
    pub end: bool,
}

/// An entry as getdents gives it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub fileid: u64,
    /// The position after it.
    pub cookie: u64,
    pub name: Box<[u8]>,
}

fn pad4(length: usize) -> usize {
    length.next_multiple_of(4)
}

/// What is left of a budget, and the listing so far.
struct Filler<'a> {
    call: &'a Call<'a>,
    directory: &'a Opened,
    plus: bool,
    left: Budget,
    listing: Listing,
    is_root: bool,
    directory_fileid: u64,
}

pub(crate) fn list(
    call: &Call<'_>,
    directory: &Opened,
    cookie: u64,
    budget: Budget,
    plus: bool,
) -> Result<Listing> {
    let object = &directory.object;
    let root = call.engine.volume(object.export)?.filesystems.root();
    let mut filler = Filler {
        call,
        directory,
        plus,
        left: budget,
        listing: Listing::default(),
        is_root: root.key == object.filesystem.key && root.root()? == object.name,
        directory_fileid: directory.stat()?.stx_ino,
    };
    if object.filesystem.traits.stable_directory_offsets {
        list_by_offset(&mut filler, cookie)?;
    } else {
        list_by_hash(&mut filler, cookie)?;
    }
    let listing = filler.listing;
    if listing.count == 0 && !listing.end {
        return Err(Errno::TOOSMALL);
    }
    Ok(listing)
}

fn list_by_offset(filler: &mut Filler<'_>, cookie: u64) -> Result<()> {
    let position = i64::try_from(cookie).map_err(|_| Errno::BADCOOKIE)?;
    let object = &filler.directory.object;
    let mut stream = object.take_stream(position, &filler.directory.credentials)?;
    if stream.position != position {
        sys::seek_directory(stream.descriptor.as_fd(), position).map_err(|_| Errno::BADCOOKIE)?;
        stream.position = position;
    }
    let mut records = vec![
        0;
        filler
            .left
            .dircount
            .min(filler.left.maxcount)
            .clamp(RECORDS_BYTES_MIN, RECORDS_BYTES_MAX)
    ];
    loop {
        let length = sys::getdents(stream.descriptor.as_fd(), &mut records)?;
        if length == 0 {
            filler.listing.end = true;
            break;
        }
        let entries = parse(&records[..length])?;
        let last = entries.last().map_or(0, |entry| entry.cookie);
        if !filler.take(entries)? {
            // Somewhere behind what was listed: whoever takes the stream next has to seek.
            stream.position = -1;
            break;
        }
        stream.position = last as i64;
    }
    object.return_stream(stream);
    Ok(())
}

fn list_by_hash(filler: &mut Filler<'_>, cookie: u64) -> Result<()> {
    let snapshot = directory_snapshot::of(filler.call, filler.directory, cookie == 0)?;
    for entries in snapshot.after(cookie).chunks(PLUS_BATCH) {
        if !filler.take(entries.to_vec())? {
            return Ok(());
        }
    }
    filler.listing.end = true;
    Ok(())
}

/// Every entry of the directory, in no order that means anything; the cookies are not to be used.
pub(crate) fn read_all(directory: &Opened) -> Result<Vec<Entry>> {
    let fd = directory
        .object
        .reopen(libc::O_RDONLY | libc::O_DIRECTORY, &directory.credentials)?;
    let mut records = vec![0; RECORDS_BYTES_MAX];
    let mut entries = Vec::new();
    loop {
        let length = sys::getdents(fd.as_fd(), &mut records)?;
        if length == 0 {
            return Ok(entries);
        }
        entries.extend(parse(&records[..length])?);
    }
}

/// struct linux_dirent64: d_ino u64, d_off i64, d_reclen u16, d_type u8, d_name NUL-terminated.
fn parse(mut records: &[u8]) -> Result<Vec<Entry>> {
    const NAME_OFFSET: usize = 19;
    let mut entries = Vec::with_capacity(records.len() / 32);
    while let Some((header, _)) = records.split_at_checked(NAME_OFFSET) {
        let word = |at: usize| u64::from_ne_bytes(header[at..at + 8].try_into().expect("8 bytes"));
        let record_length = usize::from(u16::from_ne_bytes([header[16], header[17]]));
        let record = records.get(..record_length).ok_or(Errno::IO)?;
        let name = record.get(NAME_OFFSET..).ok_or(Errno::IO)?;
        let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
        entries.push(Entry {
            fileid: word(0),
            cookie: word(8),
            name: name[..end].into(),
        });
        records = &records[record_length..];
    }
    Ok(entries)
}

impl Filler<'_> {
    /// False once the budget is used up: then some of the entries were not taken.
    fn take(&mut self, entries: Vec<Entry>) -> Result<bool> {
        if !self.plus {
            for entry in entries {
                if !self.push(&entry, None)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        let mut rest = &entries[..];
        while !rest.is_empty() {
            // Opening entries that cannot be listed would be a waste. If all that may fit turn out to be gone, others
            // have their room.
            let fitting = self.fitting(&rest[..rest.len().min(PLUS_BATCH)]);
            let (batch, others) = rest.split_at(fitting);
            rest = others;
            for (entry, found) in batch.iter().zip(self.open_entries(batch)) {
                let known = match found {
                    Found::Gone => continue,
                    Found::Nothing => None,
                    Found::Open(fd) => self.describe(entry, &fd),
                    Found::Parent => self.describe_parent(),
                };
                if !self.push(entry, known)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// How many of the entries may fit at most.
    fn fitting(&self, entries: &[Entry]) -> usize {
        let mut left = self.left;
        let handle = self.directory.object.wire.as_bytes().len();
        let fits = |entry: &&Entry| {
            let (dircount, maxcount) = cost(&entry.name, self.plus, handle);
            let fits = dircount <= left.dircount && maxcount <= left.maxcount;
            left.dircount = left.dircount.saturating_sub(dircount);
            left.maxcount = left.maxcount.saturating_sub(maxcount);
            fits
        };
        // Handles of a file system differ in length by a few bytes: one more, and `push` has the last word.
        (entries.iter().take_while(fits).count() + 1).min(entries.len())
    }

    /// The entries themselves, with the caller's rights, no symbolic link followed.
    fn open_entries(&self, entries: &[Entry]) -> Vec<Found> {
        let Ok(_guard) = self.directory.act() else {
            return entries.iter().map(|_| Found::Nothing).collect();
        };
        let open = |entry: &Entry| {
            let Ok(name) = Name::new(&entry.name) else {
                return Found::Nothing;
            };
            if name.is_dot_dot() {
                return Found::Parent;
            }
            let flags = libc::O_PATH | libc::O_NOFOLLOW;
            match sys::openat(self.directory.fd(), name.as_c_str(), flags, 0) {
                Ok(fd) => Found::Open(fd),
                Err(Errno::NOENT) => Found::Gone,
                Err(_) => Found::Nothing,
            }
        };
        entries.iter().map(open).collect()
    }

    /// Attributes and handle from one descriptor, so that they are of the same object.
    fn describe(&self, entry: &Entry, fd: &OwnedFd) -> Option<(Attributes, WireHandle)> {
        let parent = &self.directory.object;
        let mut stat = stat_in(&parent.filesystem, fd.as_fd()).ok()?;
        // A mount point: LOOKUP tells what is there.
        if stat.stx_mnt_id != parent.filesystem.mount_id {
            return None;
        }
        if &*entry.name == b"." {
            return Some((self.directory.attributes_of(&stat), parent.wire));
        }
        let place = Some((parent.name.object(), &*entry.name));
        let name = parent.filesystem.name_of(fd.as_fd(), place).ok()?;
        let fsid = parent.filesystem.fsid(name.object(), fd.as_fd());
        let wire = self.call.wire_handle(parent, &name).ok()?;
        let subject = Subject {
            wire: &wire,
            fileid: stat.stx_ino,
            fsid,
            known: None,
        };
        // A change after the first look was reported to nobody who did not know the handle yet.
        if self.call.gives_of(self.directory, &subject) {
            stat = stat_in(&parent.filesystem, fd.as_fd()).ok()?;
        }
        Some((attributes(&stat, fsid), wire))
    }

    fn describe_parent(&self) -> Option<(Attributes, WireHandle)> {
        self.directory
            .permit(&self.directory.stat().ok()?, libc::X_OK)
            .ok()?;
        let parent = lookup::parent(self.call, self.directory).ok()?;
        Some((parent.attributes().ok()?, parent.object.wire))
    }

    /// False if it does not fit.
    fn push(&mut self, entry: &Entry, known: Option<(Attributes, WireHandle)>) -> Result<bool> {
        // 0 would mean the start of the directory to the client.
        if entry.cookie == 0 {
            return Err(Errno::SERVERFAULT);
        }
        let handle = known
            .as_ref()
            .map_or(self.directory.object.wire, |(_, wire)| wire.to_owned());
        let (dircount, maxcount) = cost(&entry.name, self.plus, handle.as_bytes().len());
        if dircount > self.left.dircount || maxcount > self.left.maxcount {
            return Ok(false);
        }
        self.left.dircount -= dircount;
        self.left.maxcount -= maxcount;
        // Above the export's root there is nothing.
        let fileid = if self.is_root && &*entry.name == b".." {
            self.directory_fileid
        } else {
            entry.fileid
        };
        let mut header = EntryHeader {
            fileid,
            cookie: entry.cookie,
            name_length: entry.name.len() as u32,
            handle_length: 0,
            attributes: Attributes::default(),
            handle: [0; WIRE_BYTES_MAX],
        };
        if let Some((attributes, wire)) = known {
            header.attributes = attributes;
            header.handle_length = wire.as_bytes().len() as u32;
            header.handle[..wire.as_bytes().len()].copy_from_slice(wire.as_bytes());
        }
        let bytes = &mut self.listing.bytes;
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(&entry.name);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        self.listing.count += 1;
        Ok(true)
    }
}

enum Found {
    Open(OwnedFd),
    /// "..", which may lie outside of the export.
    Parent,
    /// Removed since the directory was read.
    Gone,
    /// There, but nothing can be told about it.
    Nothing,
}

/// Bytes against dircount and maxcount: entry3 or entryplus3 of RFC 1813.
fn cost(name: &[u8], plus: bool, handle_bytes: usize) -> (usize, usize) {
    let name = pad4(name.len());
    let maxcount = if plus {
        24 + name + 4 + 84 + 8 + pad4(handle_bytes)
    } else {
        24 + name
    };
    (20 + name, maxcount)
}
