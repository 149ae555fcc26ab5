//! fanotify(7) as safe functions.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// A group whose events say by file handle what changed (Linux 5.1), and which thread did it. The queue is bounded by
/// fs.fanotify.max_queued_events; what does not fit is an event of its own.
pub fn open() -> io::Result<OwnedFd> {
    let flags = libc::FAN_CLASS_NOTIF
        | libc::FAN_CLOEXEC
        | libc::FAN_NONBLOCK
        | libc::FAN_REPORT_FID
        | libc::FAN_REPORT_TID;
    let event_flags = (libc::O_RDONLY | libc::O_LARGEFILE | libc::O_CLOEXEC) as libc::c_uint;
    // SAFETY: numbers only.
    let descriptor = unsafe { libc::fanotify_init(flags, event_flags) };
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// Watches the whole file system that `root` (not O_PATH) is of. Doing it again changes nothing.
pub fn watch(group: BorrowedFd, root: BorrowedFd, mask: u64) -> io::Result<()> {
    mark(
        group,
        libc::FAN_MARK_ADD | libc::FAN_MARK_FILESYSTEM,
        mask,
        root.as_raw_fd(),
    )
}

/// Watches no file system any more.
pub fn watch_nothing(group: BorrowedFd) -> io::Result<()> {
    mark(
        group,
        libc::FAN_MARK_FLUSH | libc::FAN_MARK_FILESYSTEM,
        0,
        libc::AT_FDCWD,
    )
}

fn mark(group: BorrowedFd, flags: libc::c_uint, mask: u64, root: i32) -> io::Result<()> {
    // SAFETY: without a path, the descriptor itself is meant; no memory involved.
    let returned = unsafe { libc::fanotify_mark(group.as_raw_fd(), flags, mask, root, std::ptr::null()) };
    if returned < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Whole events, as many as there are and fit. 0: none.
pub fn read(group: BorrowedFd, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the buffer is as long as we say.
    let returned = unsafe { libc::read(group.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len()) };
    match usize::try_from(returned) {
        Ok(length) => Ok(length),
        Err(_) => match io::Error::last_os_error() {
            error
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) =>
            {
                Ok(0)
            }
            error => Err(error),
        },
    }
}

/// Waits until one of them has something to tell: readable, or (mountinfo) exceptional. Timeout in milliseconds, -1: none.
pub fn wait(descriptors: [(Option<BorrowedFd>, i16); 3], timeout: i32) -> [bool; 3] {
    let mut polls = descriptors.map(|(descriptor, events)| libc::pollfd {
        // A negative one is left out.
        fd: descriptor.map_or(-1, |descriptor| descriptor.as_raw_fd()),
        events,
        revents: 0,
    });
    // SAFETY: three pollfds, which live through the call.
    unsafe { libc::poll(polls.as_mut_ptr(), 3, timeout) };
    polls.map(|poll| poll.revents != 0)
}

/// An eventfd(2) to wake the watcher with.
pub fn bell() -> io::Result<OwnedFd> {
    // SAFETY: numbers only.
    let descriptor = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

pub fn ring(bell: BorrowedFd) {
    let one = 1u64.to_ne_bytes();
    // SAFETY: eight bytes. It can only fail when it has been rung too often already.
    unsafe { libc::write(bell.as_raw_fd(), one.as_ptr().cast(), one.len()) };
}

pub fn quiet(bell: BorrowedFd) {
    let mut count = [0u8; 8];
    // SAFETY: eight bytes.
    unsafe { libc::read(bell.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
}

/// The mount's id that is never used again (STATX_MNT_ID_UNIQUE, Linux 6.8).
pub fn unique_mount_id(root: BorrowedFd) -> Option<u64> {
    const STATX_MNT_ID_UNIQUE: libc::c_uint = 0x4000;
    let mut stat = std::mem::MaybeUninit::<libc::statx>::zeroed();
    // SAFETY: an empty path, and room for one statx.
    let returned = unsafe {
        libc::statx(
            root.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            STATX_MNT_ID_UNIQUE,
            stat.as_mut_ptr(),
        )
    };
    // SAFETY: zeros are a statx, too.
    let stat = unsafe { stat.assume_init() };
    (returned == 0 && stat.stx_mask & STATX_MNT_ID_UNIQUE != 0).then_some(stat.stx_mnt_id)
}
