//! Has the NFS client look again at what it holds of one object.
//!
//! What it takes was found by experiment (test/vm/kernel-cache.test.ts). The client compares attributes, so asking for them
//! again is enough for all that changes them, but for pages that are mapped: those are given up only when somebody reads
//! or maps the file. What changed within one tick of the server's clock has the attributes that the client knows already:
//! it has to be made to forget. A lock does that, on any kernel: it is NFS's point of coherence.

use std::ffi::{CStr, CString};
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use fsva_channel::protocol::{CHANGED_ATTRIBUTES, CHANGED_DATA, CHANGED_DIRECTORY, CHANGED_NAME_REMOVED};

use super::client_handle::ClientHandle;
use super::mounts::Mount;
use super::roots::Root;
use super::syscalls_unsafe::{
    acting_as, drop_pages, flock_shared, list, lock_last_byte, map_and_look, open_at, open_by_handle, statx,
    statx_at,
};

/// Beside CHANGED_*, none of which means: look whether anything did. Nobody knows what changed, and names have been dropped.
pub const MAYBE_ANYTHING: u16 = 1 << 15;
/// The attributes do not tell: the client has to forget.
pub const FORGET: u16 = 1 << 14;

/// Of the directory entries that the kernel gives at once.
const LIST_ROOM: usize = 32 << 10;
/// A directory that says it is larger, or lists more bytes, is not listed to the end.
const LISTED_MAX: usize = 256 << 10;
/// The client lists with attributes while it sees more than this many of them being used.
const ATTRIBUTES_USED: usize = 10;
/// Whether pages behind this are in memory is not looked at: some are.
const LOOKED_AT_MAX: u64 = 64 << 20;
/// A file on a file system that is not NFS, to be linked into NFS, which cannot be.
const ELSEWHERE: &str = "/proc/version";

/// An object as the server named it.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    pub handle: &'a [u8],
    pub fileid: u64,
    /// S_IFMT of its mode, 0 if nobody knows.
    pub kind: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outcome {
    pub kind: u32,
    /// What changed is not seen in the attributes: either the client knew already, or it changed within one tick.
    pub unchanged: bool,
    /// Names below it may still be cached wrongly: only forgetting all names helps.
    pub names_in_doubt: bool,
    /// Nobody whose rights we tried may read it: pages that are mapped of it may be old.
    pub refused: bool,
}

pub struct Revalidation<'a> {
    mount: &'a Mount,
    root: BorrowedFd<'a>,
}

impl Outcome {
    fn of(attributes: &libc::statx) -> Outcome {
        Outcome {
            kind: u32::from(attributes.stx_mode) & libc::S_IFMT,
            unchanged: false,
            names_in_doubt: false,
            refused: false,
        }
    }
}

impl Revalidation<'_> {
    pub fn new(root: &Root) -> Revalidation<'_> {
        Revalidation {
            mount: &root.mount,
            root: root.directory.as_fd(),
        }
    }

    /// ESTALE: it is gone, and the client knows that now. EACCES: a directory that the client holds no name of.
    pub fn named(&self, named: Named<'_>, what: u16) -> io::Result<Outcome> {
        if named.kind == 0 && what == CHANGED_ATTRIBUTES {
            return self.glance(named);
        }
        let object = match (self.open(named, guess(named.kind, what)), what) {
            (Err(error), _) if named.kind == 0 && is_stale(&error) && what & CHANGED_NAME_REMOVED != 0 => {
                self.open(named, libc::S_IFDIR)?
            }
            (opened, _) => opened?,
        };
        self.opened(object.as_fd(), what)
    }

    /// The same for an object that is open already, if only with O_PATH.
    pub fn opened(&self, object: BorrowedFd<'_>, what: u16) -> io::Result<Outcome> {
        let before = statx(object, libc::AT_STATX_DONT_SYNC)?;
        let mut outcome = Outcome::of(&before);
        let name = (what & CHANGED_NAME_REMOVED != 0)
            .then(|| fs::read_link(format!("/proc/self/fd/{}", object.as_raw_fd())).ok())
            .flatten();
        match outcome.kind {
            libc::S_IFREG if what & (CHANGED_DATA | FORGET | MAYBE_ANYTHING) != 0 => {
                self.data(object, &before, what, &mut outcome)?;
            }
            libc::S_IFREG => {
                let after = statx(object, libc::AT_STATX_FORCE_SYNC)?;
                if what == 0 && !same(&before, &after) {
                    self.data(object, &before, what, &mut outcome)?;
                }
            }
            _ => {
                let after = statx(object, libc::AT_STATX_FORCE_SYNC)?;
                if outcome.kind == libc::S_IFDIR {
                    self.names(object, &before, &after, what, &mut outcome);
                }
            }
        }
        if let Some(name) = name {
            self.look_up_again(&name);
        }
        Ok(outcome)
    }

    /// One GETATTR, and no more, whether the client holds the object or not: asked for an object of no kind, the client
    /// finds none, asks the server, and notes the answer in what it has.
    fn glance(&self, named: Named<'_>) -> io::Result<Outcome> {
        match self.open(named, 0) {
            Ok(object) => Ok(Outcome::of(&statx(object.as_fd(), libc::AT_STATX_DONT_SYNC)?)),
            // Gone. That the client knows only if it asks for one that it holds.
            Err(error) if is_stale(&error) => {
                let held = [libc::S_IFREG, libc::S_IFDIR]
                    .into_iter()
                    .find_map(|kind| self.open(named, kind).ok());
                if let Some(object) = held {
                    statx(object.as_fd(), libc::AT_STATX_FORCE_SYNC)?;
                }
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    fn open(&self, named: Named<'_>, kind: u32) -> io::Result<OwnedFd> {
        let handle = ClientHandle::new(named.handle, named.fileid, kind)
            .ok_or_else(|| io::Error::from_raw_os_error(libc::ESTALE))?;
        let object = open_by_handle(self.root, &handle, libc::O_PATH)?;
        let found = statx(object.as_fd(), libc::AT_STATX_DONT_SYNC)?;
        if (found.stx_dev_major, found.stx_dev_minor) == self.mount.device {
            Ok(object)
        } else {
            Err(io::Error::from_raw_os_error(libc::ESTALE))
        }
    }

    /// Has the bytes of a regular file fetched again. If nobody lets us, only its attributes are fresh.
    fn data(
        &self,
        object: BorrowedFd<'_>,
        before: &libc::statx,
        what: u16,
        outcome: &mut Outcome,
    ) -> io::Result<()> {
        let file = match self.open_for_reading(object, before) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                outcome.refused = true;
                return statx(object, libc::AT_STATX_FORCE_SYNC).map(drop);
            }
            Err(error) => return Err(error),
        };
        let sync = if self.mount.close_to_open {
            libc::AT_STATX_DONT_SYNC
        } else {
            libc::AT_STATX_FORCE_SYNC
        };
        let after = statx(file.as_fd(), sync)?;
        outcome.unchanged = same(before, &after);
        if what & (FORGET | MAYBE_ANYTHING) != 0 {
            return self.forget(file.as_fd(), &after);
        }
        if !outcome.unchanged {
            // The client does not believe in its pages any more; now they go, even from where they are mapped.
            map_and_look(file.as_fd(), 1)?;
        }
        Ok(())
    }

    /// Has the names in a directory looked up again.
    fn names(
        &self,
        object: BorrowedFd<'_>,
        before: &libc::statx,
        after: &libc::statx,
        what: u16,
        outcome: &mut Outcome,
    ) {
        outcome.unchanged = what & CHANGED_DIRECTORY != 0 && same(before, after);
        if what & FORGET != 0 {
            outcome.names_in_doubt = !self.listed(object, after);
        } else if what & MAYBE_ANYTHING != 0
            && let Ok(directory) = self.open_for_reading(object, after)
        {
            // The listing stays where pages keep the directory from being forgotten.
            let _ = drop_pages(directory.as_fd());
        }
    }

    /// The attributes say that nothing changed, which may not be true.
    fn forget(&self, file: BorrowedFd<'_>, attributes: &libc::statx) -> io::Result<()> {
        if self.mount.local_locks && lock_last_byte(file).is_ok()
            || self.mount.local_flocks && flock_shared(file).is_ok()
        {
            return Ok(());
        }
        drop_pages(file)?;
        let size = attributes.stx_size;
        let some_stay =
            map_and_look(file, size.min(LOOKED_AT_MAX) as usize)? && size > 0 || size > LOOKED_AT_MAX;
        // The server is asked for a lock only where nothing else helps: what is mapped.
        if some_stay && lock_last_byte(file).is_err() {
            return flock_shared(file);
        }
        Ok(())
    }

    /// Lists a directory anew, with attributes, by which the client corrects the names it has: what it believed not to be
    /// there, and what has become something else. False: that could not be done for all.
    fn listed(&self, object: BorrowedFd<'_>, attributes: &libc::statx) -> bool {
        if attributes.stx_size > LISTED_MAX as u64 || !self.mount.lists_attributes {
            return false;
        }
        let Ok(directory) = self.open_for_reading(object, attributes) else {
            return false;
        };
        let directory = directory.as_fd();
        if drop_pages(directory).is_err() {
            return false;
        }
        let mut room = vec![0; LIST_ROOM];
        let mut bytes = 0;
        while bytes < LISTED_MAX {
            match list(directory, &mut room) {
                Ok(0) => return true,
                Ok(more) => {
                    bytes += more;
                    if let Some(name) = first_name(&room[..more]) {
                        for _ in 0..ATTRIBUTES_USED {
                            // It may be gone; then the rest is listed without attributes, unless it is the end.
                            let _ = statx_at(directory, name, libc::AT_STATX_DONT_SYNC);
                        }
                    }
                }
                Err(_) => return false,
            }
        }
        false
    }

    /// Has the client ask the server for a name, whatever it believes: as the new name of a link it must be looked up, and
    /// the link, to a file of another file system, is then refused.
    fn look_up_again(&self, name: &Path) {
        if name != self.mount.path && name.starts_with(&self.mount.path) {
            // EEXIST or EXDEV, and either way the name was looked up.
            let _ = fs::hard_link(ELSEWHERE, name);
        }
    }

    /// As root, and if the server does not let root, as the object's owner.
    fn open_for_reading(&self, object: BorrowedFd<'_>, attributes: &libc::statx) -> io::Result<OwnedFd> {
        let path = CString::new(format!("/proc/self/fd/{}", object.as_raw_fd())).expect("no NUL");
        let open = || open_at(None, &path, libc::O_RDONLY | libc::O_NONBLOCK | libc::O_NOCTTY);
        match open() {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                acting_as(attributes.stx_uid, attributes.stx_gid, open)
            }
            opened => opened,
        }
    }
}

/// The first name of struct linux_dirent64s that is neither the directory nor the one above.
fn first_name(entries: &[u8]) -> Option<&CStr> {
    const LENGTH_AT: usize = 16;
    const NAME_AT: usize = 19;
    let mut rest = entries;
    loop {
        let length = rest.get(LENGTH_AT..LENGTH_AT + 2)?.try_into().expect("two bytes");
        let (entry, behind) = rest.split_at_checked(usize::from(u16::from_ne_bytes(length)))?;
        let name = CStr::from_bytes_until_nul(entry.get(NAME_AT..)?).ok()?;
        if name != c"." && name != c".." {
            return Some(name);
        }
        rest = behind;
    }
}

/// What the client has to be asked for to find what it holds.
fn guess(kind: u32, what: u16) -> u32 {
    match kind {
        0 if what & CHANGED_DIRECTORY != 0 => libc::S_IFDIR,
        0 => libc::S_IFREG,
        known => known,
    }
}

pub fn is_stale(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ESTALE)
}

/// Whether the client takes these for the attributes of an unchanged object.
fn same(before: &libc::statx, after: &libc::statx) -> bool {
    let of = |x: &libc::statx| {
        let time = |time: libc::statx_timestamp| (time.tv_sec, time.tv_nsec);
        (time(x.stx_ctime), time(x.stx_mtime), x.stx_size)
    };
    of(before) == of(after)
}
