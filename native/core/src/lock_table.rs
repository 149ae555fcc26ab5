//! The locks that clients hold, taken on the real file system.
//!
//! Each owner has a descriptor of its own per file, so that its locks are in conflict with those of everybody else:
//! other owners, and programs of this machine. fcntl locks are open file description locks. An owner whose locks
//! cover the whole file holds flock(2)'s lock, too, because that is how flock() of a Linux client arrives.

use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex};

use crate::errno::{Errno, Result};
use crate::handle::{ExportId, WireHandle};
use crate::lock_ranges::{LockRange, LockRanges};
use crate::lock_syscalls_unsafe as sys;
use crate::object::Descriptor;

/// Who holds a lock that is in the way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holder {
    pub range: LockRange,
    pub exclusive: bool,
    /// A program of this machine, 0 if unknown.
    pub pid: u32,
    /// An owner of ours; empty if it is somebody else.
    pub owner: Box<[u8]>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Attempt {
    /// The owner now has this many separate ranges in the file.
    Granted(usize),
    Conflict(Holder),
}

/// What is wanted of which file, by whom.
pub struct LockRequest<'a> {
    pub wire: &'a WireHandle,
    pub export: ExportId,
    pub owner: &'a [u8],
    pub range: LockRange,
    pub exclusive: bool,
    /// False where flock(2) and fcntl locks are one thing, which would be in conflict with itself.
    pub flock: bool,
}

struct OwnerLocks {
    owner: Box<[u8]>,
    descriptor: Descriptor,
    ranges: LockRanges,
    /// Some: flock(2)'s lock is held, too, and whether it is exclusive.
    flock: Option<bool>,
}

struct FileLocks {
    export: ExportId,
    owners: Vec<OwnerLocks>,
}

#[derive(Default)]
pub struct LockTable {
    files: Mutex<HashMap<WireHandle, Arc<Mutex<FileLocks>>>>,
}

impl LockTable {
    /// Takes the lock or says what is in the way. `open` makes a descriptor for an owner who has none yet.
    pub fn lock(
        &self,
        request: &LockRequest<'_>,
        open: impl FnOnce() -> Result<Descriptor>,
    ) -> Result<Attempt> {
        self.with_file(request.wire, request.export, |file| file.lock(request, open))
    }

    /// What would be in the way of such a lock. `open` makes a descriptor for an owner who has none.
    pub fn test(
        &self,
        request: &LockRequest<'_>,
        open: impl FnOnce() -> Result<Descriptor>,
    ) -> Result<Option<Holder>> {
        self.with_file(request.wire, request.export, |file| file.test(request, open))
    }

    /// The number of ranges that the owner has left in the file. Nobody has to hold anything.
    pub fn unlock(&self, wire: &WireHandle, owner: &[u8], range: LockRange) -> Result<usize> {
        let known = self.files.lock().unwrap().get(wire).cloned();
        let Some(file) = known else { return Ok(0) };
        let result = file.lock().unwrap().unlock(owner, range);
        self.forget_if_unused(wire, file);
        result
    }

    /// Lets go of all locks in exports that are gone.
    pub fn retain(&self, is_exported: impl Fn(ExportId) -> bool) {
        let mut files = self.files.lock().unwrap();
        files.retain(|_, file| is_exported(file.lock().unwrap().export));
    }

    /// Files in which anybody holds a lock.
    pub fn len(&self) -> usize {
        self.files.lock().unwrap().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn with_file<T>(
        &self,
        wire: &WireHandle,
        export: ExportId,
        work: impl FnOnce(&mut FileLocks) -> Result<T>,
    ) -> Result<T> {
        let file = {
            let mut files = self.files.lock().unwrap();
            let new = || {
                let owners = Vec::new();
                Arc::new(Mutex::new(FileLocks { export, owners }))
            };
            files.entry(*wire).or_insert_with(new).clone()
        };
        let result = work(&mut file.lock().unwrap());
        self.forget_if_unused(wire, file);
        result
    }

    fn forget_if_unused(&self, wire: &WireHandle, file: Arc<Mutex<FileLocks>>) {
        let mut files = self.files.lock().unwrap();
        // Two: the table's and ours. Nobody gets another one while the table is locked.
        let unused = Arc::strong_count(&file) == 2 && file.lock().unwrap().owners.is_empty();
        if unused && files.get(wire).is_some_and(|known| Arc::ptr_eq(known, &file)) {
            files.remove(wire);
        }
    }
}

impl FileLocks {
    fn lock(
        &mut self,
        request: &LockRequest<'_>,
        open: impl FnOnce() -> Result<Descriptor>,
    ) -> Result<Attempt> {
        if let Some(holder) = self.conflict(request) {
            return Ok(Attempt::Conflict(holder));
        }
        let index = match self.index_of(request.owner) {
            Some(index) => index,
            None => {
                self.owners.push(OwnerLocks {
                    owner: request.owner.into(),
                    descriptor: open()?,
                    ranges: LockRanges::default(),
                    flock: None,
                });
                self.owners.len() - 1
            }
        };
        let owner = &mut self.owners[index];
        let attempt = owner.lock(request);
        if owner.ranges.is_empty() {
            self.owners.swap_remove(index);
        }
        attempt
    }

    fn test(
        &mut self,
        request: &LockRequest<'_>,
        open: impl FnOnce() -> Result<Descriptor>,
    ) -> Result<Option<Holder>> {
        if let Some(holder) = self.conflict(request) {
            return Ok(Some(holder));
        }
        let opened;
        let fd = match self.index_of(request.owner) {
            Some(index) => self.owners[index].descriptor.as_fd(),
            None => {
                opened = open()?;
                opened.as_fd()
            }
        };
        kernel_conflict(fd, request)
    }

    fn unlock(&mut self, owner: &[u8], range: LockRange) -> Result<usize> {
        let Some(index) = self.index_of(owner) else {
            return Ok(0);
        };
        let left = self.owners[index].unlock(range)?;
        if left == 0 {
            self.owners.swap_remove(index);
        }
        Ok(left)
    }

    fn index_of(&self, owner: &[u8]) -> Option<usize> {
        self.owners.iter().position(|known| &*known.owner == owner)
    }

    /// With another owner of ours, whom the kernel would know by a number only.
    fn conflict(&self, request: &LockRequest<'_>) -> Option<Holder> {
        let others = self.owners.iter().filter(|other| &*other.owner != request.owner);
        others
            .filter_map(|other| {
                let held = other.ranges.conflict(&request.range, request.exclusive)?;
                Some(Holder {
                    range: held.range,
                    exclusive: held.exclusive,
                    pid: 0,
                    owner: other.owner.clone(),
                })
            })
            .next()
    }
}

impl OwnerLocks {
    fn fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    /// flock(2) first: taking that back leaves no hole, while an fcntl lock that was converted could not be
    /// restored for sure.
    fn lock(&mut self, request: &LockRequest<'_>) -> Result<Attempt> {
        let mut ranges = self.ranges.clone();
        ranges.set(request.range, Some(request.exclusive));
        let flock = if request.flock { ranges.whole() } else { None };
        if flock.is_some() && flock != self.flock {
            match sys::flock(self.fd(), flock) {
                Ok(()) => {}
                Err(Errno::AGAIN) => {
                    self.restore_flock()?;
                    return Ok(Attempt::Conflict(Holder {
                        range: LockRange::WHOLE,
                        exclusive: true,
                        pid: 0,
                        owner: Box::default(),
                    }));
                }
                Err(errno) => return Err(errno),
            }
        }
        match sys::set_lock(self.fd(), request.range, Some(request.exclusive)) {
            Ok(()) => {}
            Err(errno) => {
                if flock != self.flock {
                    self.restore_flock()?;
                }
                if errno != Errno::AGAIN {
                    return Err(errno);
                }
                // Gone in the meantime: the client asks again.
                let holder = kernel_conflict(self.fd(), request)?;
                return Ok(Attempt::Conflict(holder.unwrap_or(Holder {
                    range: request.range,
                    exclusive: true,
                    pid: 0,
                    owner: Box::default(),
                })));
            }
        }
        if flock.is_none() && self.flock.is_some() {
            sys::flock(self.fd(), None)?;
        }
        self.flock = flock;
        self.ranges = ranges;
        Ok(Attempt::Granted(self.ranges.len()))
    }

    /// After a conversion that failed. Whoever got in between keeps it; the fcntl lock is held all the time.
    fn restore_flock(&mut self) -> Result<()> {
        match sys::flock(self.fd(), self.flock) {
            Err(Errno::AGAIN) => self.flock = None,
            result => result?,
        }
        Ok(())
    }

    fn unlock(&mut self, range: LockRange) -> Result<usize> {
        sys::set_lock(self.fd(), range, None)?;
        self.ranges.set(range, None);
        if self.flock.is_some() && self.ranges.whole().is_none() {
            sys::flock(self.fd(), None)?;
            self.flock = None;
        }
        Ok(self.ranges.len())
    }
}

fn kernel_conflict(fd: BorrowedFd<'_>, request: &LockRequest<'_>) -> Result<Option<Holder>> {
    let found = sys::get_lock(fd, request.range, request.exclusive)?;
    Ok(found.map(|holder| Holder {
        range: holder.range,
        exclusive: holder.exclusive,
        pid: holder.pid,
        owner: Box::default(),
    }))
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
