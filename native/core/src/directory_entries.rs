//! Attributes and handles of directory entries (READDIRPLUS).

use std::os::fd::{AsFd, OwnedFd};
use std::time::SystemTime;

use crate::answer::Attributes;
use crate::attributes::{attributes, attributes_by_fstat};
use crate::call::{Call, Opened, stat_in};
use crate::change_stamp::ChangeStamp;
use crate::directory_records::Record;
use crate::entry_handles::EntryKey;
use crate::errno::{Errno, Result};
use crate::filesystem::ObjectName;
use crate::handle::WireHandle;
use crate::kernel_handle::KernelHandle;
use crate::observer::Subject;
use crate::open_listing::OpenEntry;
use crate::syscalls_unsafe as sys;

pub(crate) enum Found {
    Object(Attributes, WireHandle),
    /// Removed since the directory was read.
    Gone,
    /// There, but nothing can be told about it.
    Nothing,
}

/// Whether nothing of the export is above it.
pub(crate) fn is_root(call: &Call<'_>, directory: &Opened) -> Result<bool> {
    let object = &directory.object;
    let volume = call.engine.volume(object.export)?;
    let root = volume.filesystems.root();
    Ok(root.key == object.filesystem.key && root.root()? == object.name)
}

/// Looks at entries of one directory.
pub(crate) struct Finder<'a> {
    call: &'a Call<'a>,
    directory: &'a Opened,
    /// From before the directory was read.
    stat: &'a libc::statx,
    /// Whether any change of the directory since it was read must show.
    is_settled: bool,
}

/// A handle that was not known before: of the entry with this index, whose inode was as `stat` says when the name was
/// looked up for the attributes. Another inode may have had the name when it was looked up for the handle.
struct Doubtful {
    index: usize,
    stat: libc::statx,
    handle: KernelHandle,
}

impl<'a> Finder<'a> {
    pub fn new(call: &'a Call<'a>, directory: &'a Opened, stat: &'a libc::statx) -> Finder<'a> {
        Finder {
            call,
            directory,
            stat,
            is_settled: ChangeStamp::of(stat).is_settled(),
        }
    }

    pub fn may_search(&self) -> bool {
        self.directory.permit(self.stat, libc::X_OK).is_ok()
    }

    /// Whether any change of the names since then shows, and nothing but them decides what is found.
    pub fn sees_every_change(&self) -> bool {
        self.is_settled && self.directory.object.filesystem.has_plain_entries()
    }

    /// What there is to say about an open entry, given that the caller may search; None if it has been closed, or is no more: then its name
    /// may be another's, and is not to be missed.
    pub fn look_at(&self, open: &OpenEntry) -> Option<Found> {
        let record = open.entry.record();
        if record.is_dot() {
            return Some(self.itself());
        }
        if record.is_dot_dot() {
            return Some(self.parent());
        }
        let object = open.object()?;
        let subject = Subject {
            wire: &object.wire,
            fileid: object.fileid,
            fsid: object.fsid,
            known: Some(&object.known),
        };
        self.call.gives_of(self.directory, &subject);
        Some(match sys::fstat(object.path()) {
            Ok(stat) if stat.st_nlink == 0 => return None,
            Ok(stat) => Found::Object(attributes_by_fstat(&stat, object.fsid), object.wire),
            Err(_) => Found::Nothing,
        })
    }

    /// What there is to say about each.
    pub fn find(&self, entries: &[Record<'_>]) -> Vec<Found> {
        if !self.directory.object.filesystem.has_plain_entries() {
            return self.find_by_opening(entries);
        }
        if !self.may_search() {
            return entries.iter().map(|_| Found::Nothing).collect();
        }
        self.find_by_name(entries)
    }

    /// Whoever may search the directory may know this of its entries: with the server's rights.
    fn find_by_name(&self, entries: &[Record<'_>]) -> Vec<Found> {
        let then = SystemTime::now();
        let mut doubtful = Vec::new();
        let mut found: Vec<_> = entries
            .iter()
            .enumerate()
            .map(|(index, entry)| {
                if entry.is_dot() {
                    return self.itself();
                }
                if entry.is_dot_dot() {
                    return self.parent();
                }
                self.look_up(index, entry, &mut doubtful)
            })
            .collect();
        if doubtful.is_empty() {
            return found;
        }
        let as_it_was = self.directory_has_not_changed();
        for doubt in doubtful {
            let entry = &entries[doubt.index];
            found[doubt.index] = if as_it_was {
                self.with_handle(entry, &doubt.stat, then, doubt.handle)
            } else {
                self.open_and_describe(entry)
            };
        }
        found
    }

    fn look_up(&self, index: usize, entry: &Record<'_>, doubtful: &mut Vec<Doubtful>) -> Found {
        let filesystem = &self.directory.object.filesystem;
        let stat = match sys::statx_at_with_birth(self.directory.fd(), entry.name) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Found::Gone,
            Err(_) => return Found::Nothing,
        };
        // A mount point: LOOKUP tells what is there. Or the name has just been given to another: LOOKUP tells which.
        if stat.stx_mnt_id != filesystem.mount_id || stat.stx_nlink == 0 {
            return Found::Nothing;
        }
        if let Some(wire) = self.call.engine.entry_handles.get(&self.key(&stat), &stat) {
            return self.given(entry, &stat, wire);
        }
        match KernelHandle::of_entry(self.directory.fd(), entry.name, filesystem.mount_id) {
            Ok(handle) => doubtful.push(Doubtful { index, stat, handle }),
            Err(Errno::NOENT) => return Found::Gone,
            Err(_) => {}
        }
        Found::Nothing
    }

    fn key(&self, stat: &libc::statx) -> EntryKey {
        let directory = &self.directory.object;
        EntryKey {
            export: directory.export,
            filesystem: directory.filesystem.key,
            number: stat.stx_ino,
        }
    }

    /// Whether every name has meant the same object since `stat` at least. What takes a name away from one or gives it
    /// to another changes the directory.
    fn directory_has_not_changed(&self) -> bool {
        let now = sys::statx(self.directory.fd());
        self.is_settled && now.is_ok_and(|now| ChangeStamp::of(&now) == ChangeStamp::of(self.stat))
    }

    /// `stat` was asked after `then`.
    fn with_handle(
        &self,
        entry: &Record<'_>,
        stat: &libc::statx,
        then: SystemTime,
        handle: KernelHandle,
    ) -> Found {
        let directory = &self.directory.object;
        let Ok(wire) = self.call.wire_handle(directory, &ObjectName::Kernel(handle)) else {
            return Found::Nothing;
        };
        let handles = &self.call.engine.entry_handles;
        handles.insert(self.key(stat), stat, then, &wire);
        self.given(entry, stat, wire)
    }

    /// The caller gets this handle, which is that of the inode that `stat` is about.
    fn given(&self, entry: &Record<'_>, stat: &libc::statx, wire: WireHandle) -> Found {
        let fsid = self.directory.object.fsid;
        if self.gives(&wire, stat, fsid) {
            return self.open_and_describe(entry);
        }
        Found::Object(attributes(stat, fsid), wire)
    }

    /// Whether it is new to the caller: then it has to be looked at again, as a change after the first look was reported to nobody who
    /// did not know the handle yet.
    fn gives(&self, wire: &WireHandle, stat: &libc::statx, fsid: u64) -> bool {
        let subject = Subject {
            wire,
            fileid: stat.stx_ino,
            fsid,
            known: None,
        };
        self.call.gives_of(self.directory, &subject)
    }

    fn itself(&self) -> Found {
        Found::Object(
            self.directory.attributes_of(self.stat),
            self.directory.object.wire,
        )
    }

    /// Of "..": clients take it from what they came by, and finding out whether it is inside of the export takes longer
    /// than all the rest of a small directory.
    fn parent(&self) -> Found {
        match is_root(self.call, self.directory) {
            Ok(true) => self.itself(),
            _ => Found::Nothing,
        }
    }

    /// All at once, so that the caller's rights are taken on once.
    fn find_by_opening(&self, entries: &[Record<'_>]) -> Vec<Found> {
        let opened: Vec<_> = match self.directory.act() {
            Ok(_guard) => entries.iter().map(|entry| self.open(entry)).collect(),
            Err(errno) => entries.iter().map(|_| Err(errno)).collect(),
        };
        let describe = |(entry, opened): (&Record<'_>, Result<OwnedFd>)| match opened {
            _ if entry.is_dot_dot() => self.parent(),
            Ok(fd) => self
                .describe(entry, &fd)
                .map_or(Found::Nothing, |(attributes, wire)| {
                    Found::Object(attributes, wire)
                }),
            Err(Errno::NOENT) => Found::Gone,
            Err(_) => Found::Nothing,
        };
        entries.iter().zip(opened).map(describe).collect()
    }

    /// The entry itself, no symbolic link followed. EXDEV for a mount point: what is mounted there may hang, and is for LOOKUP
    /// to tell of.
    fn open(&self, entry: &Record<'_>) -> Result<OwnedFd> {
        let flags = libc::O_PATH | libc::O_NOFOLLOW;
        sys::openat2(self.directory.fd(), entry.name, flags, sys::RESOLVE_NO_XDEV)
    }

    fn open_and_describe(&self, entry: &Record<'_>) -> Found {
        match self.open(entry) {
            Ok(fd) => match self.describe(entry, &fd) {
                Some((attributes, wire)) => Found::Object(attributes, wire),
                None => Found::Nothing,
            },
            Err(Errno::NOENT) => Found::Gone,
            Err(_) => Found::Nothing,
        }
    }

    /// Attributes and handle from one descriptor, so that they are of the same object.
    fn describe(&self, entry: &Record<'_>, fd: &OwnedFd) -> Option<(Attributes, WireHandle)> {
        let parent = &self.directory.object;
        let mut stat = stat_in(&parent.filesystem, fd.as_fd()).ok()?;
        // A mount point, or what has no name any more: LOOKUP tells what is there.
        let is_gone = stat.stx_nlink == 0 && !parent.filesystem.traits.remote;
        if stat.stx_mnt_id != parent.filesystem.mount_id || is_gone {
            return None;
        }
        if entry.is_dot() {
            return Some((self.directory.attributes_of(&stat), parent.wire));
        }
        let place = Some((parent.name.object(), entry.name.to_bytes()));
        let name = parent.filesystem.name_of(fd.as_fd(), place).ok()?;
        let fsid = parent.filesystem.fsid(name.object(), fd.as_fd());
        let wire = self.call.wire_handle(parent, &name).ok()?;
        if self.gives(&wire, &stat, fsid) {
            stat = stat_in(&parent.filesystem, fd.as_fd()).ok()?;
        }
        Some((attributes(&stat, fsid), wire))
    }
}
