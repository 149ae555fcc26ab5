//! From an id of the handle table to the open object: along the path that the table knows, never through a symbolic
//! link or out of the file system, and never to anything but the object the id was given for. What others have
//! renamed is searched for in the directory where it was last seen.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::errno::{Errno, Result};
use crate::handle_table::{HandleTable, ROOT};
use crate::object_identity::ObjectIdentity;
use crate::syscalls_unsafe as sys;

/// Directories deeper than this cannot be made by path either in one go; a loop in the table ends here.
const DEPTH_MAX: usize = 4096;
const PATH_BYTES_MAX: usize = 4000;
const RESOLVE: u64 =
    sys::RESOLVE_NO_XDEV | sys::RESOLVE_NO_MAGICLINKS | sys::RESOLVE_NO_SYMLINKS | sys::RESOLVE_BENEATH;
/// A directory that has not changed for this long shows its next change.
const SETTLED_SECONDS: i64 = 2;
/// What d_ino says when a FUSE file system does not tell inode numbers in directories.
const INODE_UNKNOWN: u64 = 0xffff_ffff;

/// Tells the subvolume of an open object, for its identity.
pub type SubvolumeOf<'a> = Box<dyn Fn(BorrowedFd) -> u64 + 'a>;

/// One table and the directory that its paths start at.
pub struct Resolver<'a> {
    pub table: &'a HandleTable,
    pub root: BorrowedFd<'a>,
    pub subvolume_of: SubvolumeOf<'a>,
}

impl Resolver<'_> {
    /// Opens the object itself (O_PATH). ESTALE only if it is not where it was and not in the same directory under
    /// another name; what keeps the path from being walked (EACCES, EIO, EMFILE and so on) is reported as it is.
    pub fn open(&self, id: u64) -> Result<OwnedFd> {
        if id == ROOT {
            return open_child(self.root, c".");
        }
        self.table.entry(id)?;
        if let Some(object) = self.open_known(id)? {
            return Ok(object);
        }
        match self.walk(id, Verdict::Preliminary) {
            Err(Errno::STALE) => {
                // The table may not have heard yet of a rename that has just been made: wait until it has.
                let _no_renames = self.table.renames_done();
                self.walk(id, Verdict::Final)
            }
            walked => walked,
        }
    }

    /// In one go, along the path that the table knows.
    fn open_known(&self, id: u64) -> Result<Option<OwnedFd>> {
        let Some(path) = self
            .table
            .path(id, DEPTH_MAX)?
            .filter(|path| path.len() < PATH_BYTES_MAX)
        else {
            return Ok(None);
        };
        let path = CString::new(path).map_err(|_| Errno::STALE)?;
        match open_child(self.root, &path) {
            Ok(object) => {
                let now = self.identity_of(object.as_fd())?;
                Ok(self.table.recognize(id, &now).then_some(object))
            }
            Err(error) if moved(error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Step by step from the root, searching wherever the table turns out to be wrong.
    fn walk(&self, id: u64, verdict: Verdict) -> Result<OwnedFd> {
        let mut chain = Vec::new();
        let mut at = id;
        while at != ROOT {
            let entry = self.table.entry(at)?;
            if chain.len() == DEPTH_MAX {
                return Err(Errno::STALE);
            }
            chain.push(at);
            at = entry.parent;
        }
        let mut directory = open_child(self.root, c".")?;
        let mut parent = ROOT;
        for &child in chain.iter().rev() {
            directory = match self.step(directory.as_fd(), parent, child, verdict) {
                // Another of its names may lead to it although this one does not.
                Err(Errno::STALE) => return self.other_places(id),
                stepped => stepped?,
            };
            parent = child;
        }
        Ok(directory)
    }

    fn step(&self, directory: BorrowedFd, parent: u64, child: u64, verdict: Verdict) -> Result<OwnedFd> {
        let entry = self.table.entry(child)?;
        if let Some((_, name)) = entry.places().find(|(place, _)| *place == parent) {
            match self.open_named(directory, name, |now| self.table.recognize(child, now)) {
                Err(error) if moved(error) => {}
                opened => return opened,
            }
        }
        // Taken before the search: what changes while it goes on makes the next one start again.
        let state = directory_state(directory)?;
        if entry.missing.is_some() && entry.missing == state {
            return Err(Errno::STALE);
        }
        let Some((name, object)) = self.search(directory, &entry.identity)? else {
            if verdict == Verdict::Final && entry.more.is_empty() {
                self.table.missing(child, state)?;
            }
            return Err(Errno::STALE);
        };
        self.table.found(child, parent, &name)?;
        Ok(object)
    }

    fn other_places(&self, id: u64) -> Result<OwnedFd> {
        let entry = self.table.entry(id)?;
        for (parent, name) in entry.places().filter(|(parent, _)| *parent != entry.parent) {
            let directory = match parent {
                ROOT => open_child(self.root, c".").map(Some),
                // A directory has no other places itself: this goes no deeper.
                parent => self.open_known(parent),
            };
            let Some(directory) = directory? else { continue };
            match self.open_named(directory.as_fd(), name, |now| self.table.recognize(id, now)) {
                Err(error) if moved(error) => {}
                opened => return opened,
            }
        }
        Err(Errno::STALE)
    }

    fn open_named(
        &self,
        directory: BorrowedFd,
        name: &[u8],
        accept: impl Fn(&ObjectIdentity) -> bool,
    ) -> Result<OwnedFd> {
        let name = CString::new(name).map_err(|_| Errno::NOENT)?;
        let object = open_child(directory, &name)?;
        let now = self.identity_of(object.as_fd())?;
        if accept(&now) {
            Ok(object)
        } else {
            Err(Errno::NOENT)
        }
    }

    fn identity_of(&self, object: BorrowedFd) -> Result<ObjectIdentity> {
        Ok(ObjectIdentity::of(object, (self.subvolume_of)(object))?.identity)
    }

    /// The object's present name in the directory. Reads all of the directory.
    fn search(&self, directory: BorrowedFd, wanted: &ObjectIdentity) -> Result<Option<(Vec<u8>, OwnedFd)>> {
        let directory = sys::openat(directory, c".", libc::O_RDONLY | libc::O_DIRECTORY, 0)?;
        let mut buffer = vec![0; 1 << 16];
        loop {
            let length = sys::getdents(directory.as_fd(), &mut buffer)?;
            if length == 0 {
                return Ok(None);
            }
            for (inode, name) in directory_entries(&buffer[..length]) {
                if (inode != wanted.inode && inode != INODE_UNKNOWN) || name == b"." || name == b".." {
                    continue;
                }
                match self.open_named(directory.as_fd(), name, |now| wanted.is_surely(now)) {
                    Ok(object) => return Ok(Some((name.to_vec(), object))),
                    Err(error) if moved(error) => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }
}

/// Whether a search in vain is to be believed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Preliminary,
    Final,
}

/// Changes whenever an entry of the directory does; None if it has changed so recently that a further change might
/// not show (timestamps tick, every 10 ms at worst).
fn directory_state(directory: BorrowedFd) -> Result<Option<(i64, u32)>> {
    let statx = sys::statx(directory)?;
    let changed = (statx.stx_ctime.tv_sec, statx.stx_ctime.tv_nsec);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok((changed.0 + SETTLED_SECONDS < now.as_secs() as i64).then_some(changed))
}

/// Errors that say no more than that the object is not there any more. A symbolic link, another file system or a
/// non-directory in a directory's place are that, too.
fn moved(error: Errno) -> bool {
    [Errno::NOENT, Errno::NOTDIR, Errno::LOOP, Errno::XDEV].contains(&error)
}

fn open_child(directory: BorrowedFd, path: &CStr) -> Result<OwnedFd> {
    loop {
        match sys::openat2(directory, path, libc::O_PATH | libc::O_NOFOLLOW, RESOLVE) {
            // A rename elsewhere raced with the walk (openat2(2)).
            Err(Errno::AGAIN) => {}
            opened => return opened,
        }
    }
}

/// (d_ino, d_name) of each struct linux_dirent64 in what getdents64 gave.
fn directory_entries(mut records: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    const NAME_AT: usize = 19;
    std::iter::from_fn(move || {
        let inode = u64::from_ne_bytes(records.get(..8)?.try_into().ok()?);
        let length = usize::from(u16::from_ne_bytes(records.get(16..18)?.try_into().ok()?));
        let name = records.get(NAME_AT..length)?;
        let name = &name[..name.iter().position(|&byte| byte == 0).unwrap_or(name.len())];
        records = &records[length..];
        Some((inode, name))
    })
}
