//! fcntl's open file description locks and flock(2), never waiting.

use std::os::fd::{AsRawFd, BorrowedFd};

use crate::errno::{Errno, Result};
use crate::lock_ranges::LockRange;

/// A lock in the way, as the kernel tells it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KernelHolder {
    pub range: LockRange,
    pub exclusive: bool,
    /// 0 if the kernel knows no process.
    pub pid: u32,
}

fn request(kind: libc::c_int, range: LockRange) -> libc::flock64 {
    // SAFETY: all-zero bytes are a valid struct flock64; l_pid must be 0 for these commands.
    let mut lock: libc::flock64 = unsafe { std::mem::zeroed() };
    lock.l_type = kind as libc::c_short;
    lock.l_whence = libc::SEEK_SET as libc::c_short;
    lock.l_start = range.first as libc::off64_t;
    lock.l_len = range.length() as libc::off64_t;
    lock
}

fn kind(exclusive: bool) -> libc::c_int {
    if exclusive { libc::F_WRLCK } else { libc::F_RDLCK }
}

/// Locks or (None) unlocks the range for this open file description. EAGAIN if somebody else's lock is in the way.
pub fn set_lock(fd: BorrowedFd<'_>, range: LockRange, exclusive: Option<bool>) -> Result<()> {
    let lock = request(exclusive.map_or(libc::F_UNLCK, kind), range);
    // SAFETY: lock is a struct flock64.
    match Errno::check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_OFD_SETLK, &lock) }.into()) {
        // POSIX allows either.
        Err(Errno::ACCES) => Err(Errno::AGAIN),
        result => result.map(drop),
    }
}

/// The first lock that would be in the way.
pub fn get_lock(fd: BorrowedFd<'_>, range: LockRange, exclusive: bool) -> Result<Option<KernelHolder>> {
    let mut lock = request(kind(exclusive), range);
    // SAFETY: lock is a struct flock64, which the kernel fills in.
    Errno::check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_OFD_GETLK, &mut lock) }.into())?;
    if libc::c_int::from(lock.l_type) == libc::F_UNLCK {
        return Ok(None);
    }
    let range = LockRange::new(lock.l_start.max(0) as u64, lock.l_len.max(0) as u64);
    Ok(Some(KernelHolder {
        range: range.unwrap_or(LockRange::WHOLE),
        exclusive: libc::c_int::from(lock.l_type) == libc::F_WRLCK,
        pid: u32::try_from(lock.l_pid).unwrap_or(0),
    }))
}

/// flock(2) without waiting; None unlocks. EAGAIN if somebody else's is in the way: a lock of ours that was to be
/// converted is then gone.
pub fn flock(fd: BorrowedFd<'_>, exclusive: Option<bool>) -> Result<()> {
    let operation = match exclusive {
        Some(true) => libc::LOCK_EX,
        Some(false) => libc::LOCK_SH,
        None => libc::LOCK_UN,
    };
    // SAFETY: no memory involved.
    Errno::check(unsafe { libc::flock(fd.as_raw_fd(), operation | libc::LOCK_NB) }.into()).map(drop)
}
