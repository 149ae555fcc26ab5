//! The system calls of the rendezvous that the standard library does not have.

use std::io;
use std::mem::MaybeUninit;
use std::net::TcpStream;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

fn check(returned: i32) -> io::Result<i32> {
    if returned < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(returned)
    }
}

/// User and process at the other end of a Unix socket, as they were when it connected.
pub fn peer_of(stream: &UnixStream) -> io::Result<(u32, i32)> {
    let mut peer = libc::ucred {
        pid: 0,
        uid: u32::MAX,
        gid: u32::MAX,
    };
    let mut size = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: peer has the size given.
    check(unsafe {
        libc::getsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &raw mut size,
        )
    })?;
    Ok((peer.uid, peer.pid))
}

pub fn own_user() -> u32 {
    // SAFETY: no memory involved.
    unsafe { libc::geteuid() }
}

/// Which of these can be read, or have ended. An interruption is a time-out.
pub fn readable(descriptors: &[BorrowedFd<'_>], timeout: Option<Duration>) -> io::Result<Vec<bool>> {
    poll(descriptors, libc::POLLIN, timeout)
}

/// Whether the other end of the stream is closed.
pub fn has_ended(stream: BorrowedFd<'_>) -> bool {
    // Of POLLIN nothing is asked: bytes that nobody has read yet are no end.
    poll(&[stream], libc::POLLRDHUP, Some(Duration::ZERO)).is_ok_and(|ended| ended[0])
}

/// Has the kernel end the stream when the other machine is gone without a word, within about 10 s: the session holds its
/// memory until then.
pub fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    let options = [
        (libc::SOL_SOCKET, libc::SO_KEEPALIVE, 1),
        (libc::IPPROTO_TCP, libc::TCP_KEEPIDLE, 4),
        (libc::IPPROTO_TCP, libc::TCP_KEEPINTVL, 2),
        (libc::IPPROTO_TCP, libc::TCP_KEEPCNT, 3),
        (libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT, 10_000),
    ];
    for (level, name, value) in options {
        let size = size_of_val(&value) as libc::socklen_t;
        // SAFETY: the option's value is one int.
        check(unsafe { libc::setsockopt(stream.as_raw_fd(), level, name, (&raw const value).cast(), size) })?;
    }
    Ok(())
}

/// Closes the stream in both directions. One that is closed already stays so.
pub fn shut(stream: BorrowedFd<'_>) {
    // SAFETY: no memory involved.
    unsafe { libc::shutdown(stream.as_raw_fd(), libc::SHUT_RDWR) };
}

fn poll(
    descriptors: &[BorrowedFd<'_>],
    events: libc::c_short,
    timeout: Option<Duration>,
) -> io::Result<Vec<bool>> {
    let mut polled: Vec<libc::pollfd> = descriptors
        .iter()
        .map(|descriptor| libc::pollfd {
            fd: descriptor.as_raw_fd(),
            events,
            revents: 0,
        })
        .collect();
    // Rounded up: a deadline that has not come yet must not be looked for again and again.
    let milliseconds = timeout.map_or(-1, |timeout| {
        i32::try_from(timeout.as_millis() + 1).unwrap_or(i32::MAX) - i32::from(timeout.is_zero())
    });
    // SAFETY: polled has so many entries.
    let returned = unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, milliseconds) };
    match check(returned) {
        Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
        Err(_) => Ok(vec![false; polled.len()]),
        Ok(_) => Ok(polled.iter().map(|one| one.revents != 0).collect()),
    }
}

/// Whether the file is ordinary shared memory. Memory of huge pages, which run out, raises SIGBUS when they do.
pub fn is_ordinary_memory(file: BorrowedFd<'_>) -> io::Result<bool> {
    let mut found = MaybeUninit::<libc::statfs>::zeroed();
    // SAFETY: found is valid for writing, and all zeros are a valid statfs.
    let found = unsafe {
        check(libc::fstatfs(file.as_raw_fd(), found.as_mut_ptr()))?;
        found.assume_init()
    };
    Ok(found.f_type == libc::TMPFS_MAGIC)
}

/// Keeps these bytes of the file from other processes that ask as well, until the file is closed. False: one has them.
pub fn claim_range(file: BorrowedFd<'_>, offset: u64, bytes: u64) -> io::Result<bool> {
    let number = |value: u64| libc::off_t::try_from(value).map_err(|_| io::ErrorKind::InvalidInput);
    // SAFETY: all zeros are a valid flock.
    let mut lock: libc::flock = unsafe { MaybeUninit::zeroed().assume_init() };
    lock.l_type = libc::F_WRLCK as libc::c_short;
    lock.l_whence = libc::SEEK_SET as libc::c_short;
    lock.l_start = number(offset)?;
    lock.l_len = number(bytes)?;
    // SAFETY: lock is a struct flock.
    match check(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw const lock) }) {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EACCES)) => Ok(false),
        Err(error) => Err(error),
    }
}
