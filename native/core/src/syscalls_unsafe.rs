//! System calls as safe functions: descriptors borrowed, lengths taken from slices, errors as `Errno`.
//!
//! Everything here acts with the calling thread's file system credentials (credentials.rs).

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use crate::errno::{Errno, Result};
use crate::foreign_buffer_unsafe::{ForeignBuffer, ForeignBytes};

/// RESOLVE_* of openat2(2).
pub const RESOLVE_NO_XDEV: u64 = 0x01;
pub const RESOLVE_NO_MAGICLINKS: u64 = 0x02;
pub const RESOLVE_NO_SYMLINKS: u64 = 0x04;
pub const RESOLVE_BENEATH: u64 = 0x08;
pub const RESOLVE_CACHED: u64 = 0x20;

const EMPTY: &CStr = c"";

fn descriptor(returned: libc::c_long) -> Result<OwnedFd> {
    let number = Errno::check(returned)?;
    // SAFETY: the kernel has just made this descriptor for us and nobody else knows its number.
    Ok(unsafe { OwnedFd::from_raw_fd(number as i32) })
}

/// Attributes of the object itself, whatever kind of descriptor; never triggers an automount.
pub fn statx(fd: BorrowedFd<'_>) -> Result<libc::statx> {
    statx_at(fd, EMPTY)
}

/// Attributes of the object itself, by the system call that tells least and is the quickest.
pub fn fstat(fd: BorrowedFd<'_>) -> Result<libc::stat> {
    let mut buffer = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: buffer has room for one stat. Not libc's wrapper, which makes another system call of it.
    Errno::check(unsafe { libc::syscall(libc::SYS_fstat, fd.as_raw_fd(), buffer.as_mut_ptr()) })?;
    // SAFETY: the kernel has filled all of it in.
    Ok(unsafe { buffer.assume_init() })
}

/// As `statx`, with the time of birth if the file system knows it (STATX_BTIME in stx_mask).
pub fn statx_with_birth(fd: BorrowedFd<'_>) -> Result<libc::statx> {
    statx_of(fd, EMPTY, libc::STATX_BTIME, 0)
}

/// As `statx_at`, with the time of birth if the file system knows it. Of a mount point no more is to be believed than that
/// it is one: whose file system is mounted there, which may hang, is not asked.
pub fn statx_at_with_birth(directory: BorrowedFd<'_>, name: &CStr) -> Result<libc::statx> {
    statx_of(directory, name, libc::STATX_BTIME, libc::AT_STATX_DONT_SYNC)
}

/// As `statx`, asking whoever the attributes come from instead of believing what the kernel remembers of them.
pub fn statx_from_source(fd: BorrowedFd<'_>) -> Result<libc::statx> {
    statx_of(fd, EMPTY, 0, libc::AT_STATX_FORCE_SYNC)
}

/// Attributes of `name` in `directory` (the descriptor itself if empty); symbolic links are not followed.
pub fn statx_at(directory: BorrowedFd<'_>, name: &CStr) -> Result<libc::statx> {
    statx_of(directory, name, 0, 0)
}

fn statx_of(directory: BorrowedFd<'_>, name: &CStr, also: libc::c_uint, sync: i32) -> Result<libc::statx> {
    let mut buffer = MaybeUninit::<libc::statx>::zeroed();
    let flags = libc::AT_EMPTY_PATH | libc::AT_SYMLINK_NOFOLLOW | libc::AT_NO_AUTOMOUNT | sync;
    let mask = libc::STATX_BASIC_STATS | libc::STATX_MNT_ID | also;
    // SAFETY: name is NUL-terminated and buffer has room for one statx.
    let returned = unsafe {
        libc::statx(
            directory.as_raw_fd(),
            name.as_ptr(),
            flags,
            mask,
            buffer.as_mut_ptr(),
        )
    };
    Errno::check(returned.into())?;
    // SAFETY: all-zero bytes are a valid statx, and the kernel has filled it in.
    Ok(unsafe { buffer.assume_init() })
}

/// The clock that file systems stamp inodes with: seconds and nanoseconds since 1970.
pub fn coarse_time() -> (i64, u32) {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: time is a struct timespec; this clock is there on every Linux.
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME_COARSE, &mut time) };
    (time.tv_sec, time.tv_nsec as u32)
}

pub fn statfs(fd: BorrowedFd<'_>) -> Result<libc::statfs64> {
    let mut buffer = MaybeUninit::<libc::statfs64>::zeroed();
    // SAFETY: buffer has room for one statfs64.
    Errno::check(unsafe { libc::fstatfs64(fd.as_raw_fd(), buffer.as_mut_ptr()) }.into())?;
    // SAFETY: all-zero bytes are a valid statfs64, and the kernel has filled it in.
    Ok(unsafe { buffer.assume_init() })
}

pub fn openat(directory: BorrowedFd<'_>, name: &CStr, flags: i32, mode: u32) -> Result<OwnedFd> {
    // SAFETY: name is NUL-terminated.
    let returned = unsafe {
        libc::openat(
            directory.as_raw_fd(),
            name.as_ptr(),
            flags | libc::O_CLOEXEC,
            mode as libc::c_uint,
        )
    };
    descriptor(returned.into())
}

pub fn openat2(directory: BorrowedFd<'_>, path: &CStr, flags: i32, resolve: u64) -> Result<OwnedFd> {
    // struct open_how of linux/openat2.h: flags, mode, resolve.
    let how: [u64; 3] = [(flags | libc::O_CLOEXEC) as u64, 0, resolve];
    // SAFETY: path is NUL-terminated, how is a struct open_how of the size given.
    let returned = unsafe {
        libc::syscall(
            libc::SYS_openat2,
            directory.as_raw_fd(),
            path.as_ptr(),
            how.as_ptr(),
            size_of_val(&how),
        )
    };
    descriptor(returned)
}

/// "/proc/self/fd/N" without an allocation.
pub struct DescriptorPath([u8; 32]);

impl DescriptorPath {
    pub fn new(fd: BorrowedFd<'_>) -> DescriptorPath {
        use std::io::Write;
        let mut bytes = [0; 32];
        write!(&mut bytes[..31], "/proc/self/fd/{}", fd.as_raw_fd()).expect("a descriptor number is short");
        DescriptorPath(bytes)
    }

    pub fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.0).expect("the last byte is never written")
    }
}

/// Opens the object behind an O_PATH descriptor for data, with the permissions of the calling thread. The
/// caller must know that it is a regular file or a directory: opening a fifo or a device has side effects.
pub fn reopen(fd: BorrowedFd<'_>, flags: i32) -> Result<OwnedFd> {
    let path = DescriptorPath::new(fd);
    // SAFETY: path is NUL-terminated.
    let returned = unsafe { libc::open(path.as_c_str().as_ptr(), flags | libc::O_CLOEXEC | libc::O_NOCTTY) };
    descriptor(returned.into())
}

/// Whether the calling thread's credentials have `mode` (R_OK | W_OK | X_OK) on the object.
pub fn access(fd: BorrowedFd<'_>, mode: i32) -> Result<()> {
    let flags = libc::AT_EMPTY_PATH | libc::AT_EACCESS;
    // SAFETY: the path is NUL-terminated. Not libc's wrapper, which imitates AT_EACCESS on some systems.
    let returned =
        unsafe { libc::syscall(libc::SYS_faccessat2, fd.as_raw_fd(), EMPTY.as_ptr(), mode, flags) };
    Errno::check(returned).map(drop)
}

fn positioned_offset(offset: u64) -> libc::off64_t {
    debug_assert!(offset <= i64::MAX as u64, "callers bound offsets");
    offset as libc::off64_t
}

/// preadv2 into this part of the buffer. `flags`: RWF_*.
pub fn pread(
    fd: BorrowedFd<'_>,
    buffer: &ForeignBuffer,
    part: std::ops::Range<usize>,
    offset: u64,
    flags: i32,
) -> Result<usize> {
    assert!(part.start <= part.end && part.end <= buffer.len());
    let iov = libc::iovec {
        iov_base: buffer.pointer_at(part.start).cast(),
        iov_len: part.len(),
    };
    // SAFETY: ForeignBuffer promises len() writable bytes, and the part is within them.
    let returned = unsafe { libc::preadv2(fd.as_raw_fd(), &iov, 1, positioned_offset(offset), flags) };
    Errno::check(returned as libc::c_long).map(|count| count as usize)
}

/// pwritev2 of the bytes from `skip` on. `flags`: RWF_*.
pub fn pwrite(
    fd: BorrowedFd<'_>,
    data: &ForeignBytes,
    skip: usize,
    offset: u64,
    flags: i32,
) -> Result<usize> {
    assert!(skip <= data.len());
    let iov = libc::iovec {
        iov_base: data.pointer_at(skip).cast_mut().cast(),
        iov_len: data.len() - skip,
    };
    // SAFETY: ForeignBytes promises len() readable bytes, of which the first `skip` are left out.
    let returned = unsafe { libc::pwritev2(fd.as_raw_fd(), &iov, 1, positioned_offset(offset), flags) };
    Errno::check(returned as libc::c_long).map(|count| count as usize)
}

pub fn fsync(fd: BorrowedFd<'_>) -> Result<()> {
    // SAFETY: no memory involved.
    Errno::check(unsafe { libc::fsync(fd.as_raw_fd()) }.into()).map(drop)
}

pub fn syncfs(fd: BorrowedFd<'_>) -> Result<()> {
    // SAFETY: no memory involved.
    Errno::check(unsafe { libc::syncfs(fd.as_raw_fd()) }.into()).map(drop)
}

pub fn ftruncate(fd: BorrowedFd<'_>, size: u64) -> Result<()> {
    let size = i64::try_from(size).map_err(|_| Errno::FBIG)?;
    // SAFETY: no memory involved.
    Errno::check(unsafe { libc::ftruncate64(fd.as_raw_fd(), size) }.into()).map(drop)
}

/// The target of the symbolic link that an O_PATH descriptor refers to.
pub fn readlink(fd: BorrowedFd<'_>) -> Result<Vec<u8>> {
    let mut target = vec![0u8; libc::PATH_MAX as usize];
    // SAFETY: the path is NUL-terminated and target has the length given.
    let returned = unsafe {
        libc::readlinkat(
            fd.as_raw_fd(),
            EMPTY.as_ptr(),
            target.as_mut_ptr().cast(),
            target.len(),
        )
    };
    let length = Errno::check(returned as libc::c_long)?;
    target.truncate(length as usize);
    Ok(target)
}

/// `None` leaves the owner or group as it is.
pub fn chown(fd: BorrowedFd<'_>, uid: Option<u32>, gid: Option<u32>) -> Result<()> {
    // SAFETY: the path is NUL-terminated.
    let returned = unsafe {
        libc::fchownat(
            fd.as_raw_fd(),
            EMPTY.as_ptr(),
            uid.unwrap_or(u32::MAX),
            gid.unwrap_or(u32::MAX),
            libc::AT_EMPTY_PATH,
        )
    };
    Errno::check(returned.into()).map(drop)
}

/// Permission bits of anything but a symbolic link (whose mode Linux cannot change).
pub fn chmod(fd: BorrowedFd<'_>, mode: u32) -> Result<()> {
    let path = DescriptorPath::new(fd);
    // SAFETY: path is NUL-terminated.
    Errno::check(unsafe { libc::chmod(path.as_c_str().as_ptr(), mode) }.into()).map(drop)
}

/// Access and modification time; UTIME_NOW and UTIME_OMIT in tv_nsec as utimensat(2) has them.
pub fn utimens(fd: BorrowedFd<'_>, times: &[libc::timespec; 2]) -> Result<()> {
    // SAFETY: the path is NUL-terminated and times holds two timespecs. The raw call, because libc's wrapper
    // refuses an empty path on some versions.
    let returned = unsafe {
        libc::syscall(
            libc::SYS_utimensat,
            fd.as_raw_fd(),
            EMPTY.as_ptr(),
            times.as_ptr(),
            libc::AT_EMPTY_PATH,
        )
    };
    Errno::check(returned).map(drop)
}

pub fn mkdirat(directory: BorrowedFd<'_>, name: &CStr, mode: u32) -> Result<()> {
    // SAFETY: name is NUL-terminated.
    Errno::check(unsafe { libc::mkdirat(directory.as_raw_fd(), name.as_ptr(), mode) }.into()).map(drop)
}

pub fn mknodat(directory: BorrowedFd<'_>, name: &CStr, mode: u32, device: libc::dev_t) -> Result<()> {
    // SAFETY: name is NUL-terminated.
    Errno::check(unsafe { libc::mknodat(directory.as_raw_fd(), name.as_ptr(), mode, device) }.into())
        .map(drop)
}

pub fn symlinkat(target: &CStr, directory: BorrowedFd<'_>, name: &CStr) -> Result<()> {
    // SAFETY: both are NUL-terminated.
    Errno::check(unsafe { libc::symlinkat(target.as_ptr(), directory.as_raw_fd(), name.as_ptr()) }.into())
        .map(drop)
}

/// `flags`: 0 or AT_REMOVEDIR.
pub fn unlinkat(directory: BorrowedFd<'_>, name: &CStr, flags: i32) -> Result<()> {
    // SAFETY: name is NUL-terminated.
    Errno::check(unsafe { libc::unlinkat(directory.as_raw_fd(), name.as_ptr(), flags) }.into()).map(drop)
}

pub fn renameat(from: BorrowedFd<'_>, old: &CStr, to: BorrowedFd<'_>, new: &CStr) -> Result<()> {
    // SAFETY: both names are NUL-terminated.
    let returned = unsafe { libc::renameat(from.as_raw_fd(), old.as_ptr(), to.as_raw_fd(), new.as_ptr()) };
    Errno::check(returned.into()).map(drop)
}

/// A new name for the object behind an O_PATH descriptor. By way of /proc, because AT_EMPTY_PATH wants
/// CAP_DAC_READ_SEARCH, which a caller's credentials don't have.
pub fn link(object: BorrowedFd<'_>, directory: BorrowedFd<'_>, name: &CStr) -> Result<()> {
    let path = DescriptorPath::new(object);
    // SAFETY: both paths are NUL-terminated.
    let returned = unsafe {
        libc::linkat(
            libc::AT_FDCWD,
            path.as_c_str().as_ptr(),
            directory.as_raw_fd(),
            name.as_ptr(),
            libc::AT_SYMLINK_FOLLOW,
        )
    };
    Errno::check(returned.into()).map(drop)
}

/// Moves the directory stream to an offset that the file system gave (d_off), or to the start (0).
pub fn seek_directory(fd: BorrowedFd<'_>, offset: i64) -> Result<()> {
    // SAFETY: no memory involved.
    Errno::check(unsafe { libc::lseek64(fd.as_raw_fd(), offset, libc::SEEK_SET) }).map(drop)
}

/// Directory records (linux_dirent64) into the buffer; the length of what was read, 0 at the end.
pub fn getdents(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<usize> {
    // SAFETY: buffer has the length given.
    let returned = unsafe {
        libc::syscall(
            libc::SYS_getdents64,
            fd.as_raw_fd(),
            buffer.as_mut_ptr(),
            buffer.len(),
        )
    };
    Errno::check(returned).map(|count| count as usize)
}
