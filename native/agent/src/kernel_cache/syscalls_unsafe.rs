//! The system calls by which the kernel's caches are looked at and told to look again, as safe functions.

use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

use super::client_handle::ClientHandle;

/// MAX_HANDLE_SZ of the kernel.
const HANDLE_BYTES_MAX: usize = 128;

/// struct file_handle with room for any handle.
#[repr(C)]
struct RawHandle {
    handle_bytes: u32,
    handle_type: i32,
    bytes: [u8; HANDLE_BYTES_MAX],
}

fn check(returned: libc::c_long) -> io::Result<libc::c_long> {
    if returned < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(returned)
    }
}

fn descriptor(returned: libc::c_long) -> io::Result<OwnedFd> {
    let number = check(returned)?;
    // SAFETY: the kernel has just made this descriptor for us and nobody else knows its number.
    Ok(unsafe { OwnedFd::from_raw_fd(number as i32) })
}

/// `mount`: any directory of the mount, open for reading. Needs CAP_DAC_READ_SEARCH.
pub fn open_by_handle(mount: BorrowedFd<'_>, handle: &ClientHandle, flags: i32) -> io::Result<OwnedFd> {
    let mut raw = RawHandle {
        handle_bytes: handle.bytes().len() as u32,
        handle_type: handle.handle_type(),
        bytes: [0; HANDLE_BYTES_MAX],
    };
    raw.bytes[..handle.bytes().len()].copy_from_slice(handle.bytes());
    // SAFETY: `raw` has the layout of struct file_handle and lives through the call.
    descriptor(unsafe {
        libc::syscall(
            libc::SYS_open_by_handle_at,
            mount.as_raw_fd(),
            &raw mut raw,
            flags | libc::O_CLOEXEC,
        )
    })
}

/// `flags` beside O_CLOEXEC; a relative path is looked up in `directory`.
pub fn open_at(directory: Option<BorrowedFd<'_>>, path: &CStr, flags: i32) -> io::Result<OwnedFd> {
    let directory = directory.map_or(libc::AT_FDCWD, |directory| directory.as_raw_fd());
    // SAFETY: path is NUL-terminated.
    descriptor(unsafe { libc::openat(directory, path.as_ptr(), flags | libc::O_CLOEXEC) }.into())
}

/// What the file system says of an object: AT_STATX_FORCE_SYNC has it ask its server, AT_STATX_DONT_SYNC has it not.
pub fn statx(object: BorrowedFd<'_>, sync: i32) -> io::Result<libc::statx> {
    statx_at(object, c"", sync)
}

/// The same of a name in a directory.
pub fn statx_at(directory: BorrowedFd<'_>, name: &CStr, sync: i32) -> io::Result<libc::statx> {
    let mut buffer = MaybeUninit::<libc::statx>::zeroed();
    // SAFETY: the name is NUL-terminated and buffer has room for one statx.
    let returned = unsafe {
        libc::statx(
            directory.as_raw_fd(),
            name.as_ptr(),
            libc::AT_EMPTY_PATH | libc::AT_SYMLINK_NOFOLLOW | libc::AT_NO_AUTOMOUNT | sync,
            libc::STATX_BASIC_STATS,
            buffer.as_mut_ptr(),
        )
    };
    check(returned.into())?;
    // SAFETY: all-zero bytes are a valid statx, and the kernel has filled it in.
    Ok(unsafe { buffer.assume_init() })
}

/// Clean pages that nobody has mapped are given back: a file's bytes, or a directory's listing.
pub fn drop_pages(file: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: no memory involved.
    match unsafe { libc::posix_fadvise(file.as_raw_fd(), 0, 0, libc::POSIX_FADV_DONTNEED) } {
        0 => Ok(()),
        number => Err(io::Error::from_raw_os_error(number)),
    }
}

/// Maps the file's first `length` bytes and answers whether any page of them was in memory. That a mapping is made has the
/// NFS client give up pages it does not believe in, from whoever else has them mapped too.
pub fn map_and_look(file: BorrowedFd<'_>, length: usize) -> io::Result<bool> {
    let length = length.max(1);
    // SAFETY: a new mapping, at an address of the kernel's choice, of which no byte is ever touched.
    let address = unsafe {
        libc::mmap(
            ptr::null_mut(),
            length,
            libc::PROT_READ,
            libc::MAP_SHARED,
            file.as_raw_fd(),
            0,
        )
    };
    if address == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    let mut resident = vec![0u8; length.div_ceil(PAGE_BYTES)];
    // SAFETY: the mapping is ours and `length` long; `resident` has a byte for each of its pages.
    let looked = check(unsafe { libc::mincore(address, length, resident.as_mut_ptr()) }.into());
    // SAFETY: nothing refers to the mapping.
    unsafe { libc::munmap(address, length) };
    looked.map(|_| resident.iter().any(|page| page & 1 != 0))
}

/// Smaller than any page, so that the answer of mincore(2) always has room.
const PAGE_BYTES: usize = 4096;

/// A read lock, which waits for nobody, on the last byte that a file can have; closing the file ends it.
pub fn lock_last_byte(file: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: all zeros are a valid struct flock.
    let mut lock: libc::flock = unsafe { MaybeUninit::zeroed().assume_init() };
    lock.l_type = libc::F_RDLCK as libc::c_short;
    lock.l_whence = libc::SEEK_SET as libc::c_short;
    lock.l_start = i64::MAX - 1;
    lock.l_len = 1;
    // SAFETY: lock is a struct flock and lives through the call.
    check(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLK, &raw const lock) }.into()).map(drop)
}

/// A shared flock(2) that waits for nobody; closing the file ends it.
pub fn flock_shared(file: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: no memory involved.
    check(unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_SH | libc::LOCK_NB) }.into()).map(drop)
}

/// The next entries of an open directory, as they come; answers how many bytes of `room` they take, 0 at the end.
pub fn list(directory: BorrowedFd<'_>, room: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the kernel writes at most `room.len()` bytes.
    let filled = check(unsafe {
        libc::syscall(
            libc::SYS_getdents64,
            directory.as_raw_fd(),
            room.as_mut_ptr(),
            room.len(),
        )
    })?;
    Ok(filled as usize)
}

/// Does `work` as this user and group, as far as file systems are concerned. Only root can; whoever cannot does it as itself.
pub fn acting_as<T>(uid: u32, gid: u32, work: impl FnOnce() -> T) -> T {
    // SAFETY: no memory involved; the kernel changes the calling thread only. The group first: without its user id a thread
    // may not change it.
    let (own_gid, own_uid) = unsafe { (libc::setfsgid(gid), libc::setfsuid(uid)) };
    let answer = work();
    // SAFETY: no memory involved. The second setfsuid only asks: it refuses -1 and answers what is set.
    let uid = unsafe {
        libc::setfsuid(own_uid as u32);
        libc::setfsgid(own_gid as u32);
        libc::setfsuid(u32::MAX)
    };
    if uid != own_uid {
        std::process::abort();
    }
    answer
}
