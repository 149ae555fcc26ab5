//! The system calls of waking and sleeping.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

fn check(returned: i32) -> io::Result<i32> {
    if returned < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(returned)
    }
}

pub fn event_descriptor() -> io::Result<OwnedFd> {
    // SAFETY: no memory involved; the descriptor is new and ours.
    unsafe {
        let flags = libc::EFD_NONBLOCK | libc::EFD_CLOEXEC;
        Ok(OwnedFd::from_raw_fd(check(libc::eventfd(0, flags))?))
    }
}

pub fn set_nonblocking(descriptor: BorrowedFd<'_>) -> io::Result<()> {
    let number = descriptor.as_raw_fd();
    // SAFETY: no memory involved.
    let flags = check(unsafe { libc::fcntl(number, libc::F_GETFL) })?;
    // SAFETY: no memory involved.
    check(unsafe { libc::fcntl(number, libc::F_SETFL, flags | libc::O_NONBLOCK) }).map(drop)
}

/// Which of these can be read, or have ended. An interruption is a time-out.
pub fn poll_readable<const COUNT: usize>(
    descriptors: [BorrowedFd<'_>; COUNT],
    timeout: Duration,
) -> io::Result<[bool; COUNT]> {
    let mut polled = descriptors.map(|descriptor| libc::pollfd {
        fd: descriptor.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    });
    let timeout = libc::timespec {
        tv_sec: libc::time_t::try_from(timeout.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: libc::c_long::from(timeout.subsec_nanos() as i32),
    };
    // SAFETY: polled has COUNT entries, and no signal mask is given.
    let returned = unsafe {
        libc::ppoll(
            polled.as_mut_ptr(),
            COUNT as libc::nfds_t,
            &raw const timeout,
            std::ptr::null(),
        )
    };
    match check(returned) {
        Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
        Err(_) => Ok([false; COUNT]),
        Ok(_) => Ok(polled.map(|one| one.revents != 0)),
    }
}

/// One byte, without waiting, and without a signal if the peer is gone.
pub fn send_byte(descriptor: BorrowedFd<'_>) -> io::Result<()> {
    let (number, byte) = (descriptor.as_raw_fd(), [1u8]);
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: one byte can be read there.
    let sent = unsafe { libc::send(number, byte.as_ptr().cast(), 1, flags) };
    if sent >= 0 {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    if error.raw_os_error() != Some(libc::ENOTSOCK) {
        return Err(error);
    }
    // SAFETY: as above. A device, not a pipe: no signal.
    check(unsafe { libc::write(number, byte.as_ptr().cast(), 1) } as i32).map(drop)
}
