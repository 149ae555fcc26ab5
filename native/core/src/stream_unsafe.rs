//! Reading and writing of connected sockets, and waiting for many of them at once.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

use crate::foreign_buffer_unsafe::ForeignBytes;

/// Pieces written by one system call; the kernel takes up to 1024.
pub const PIECES_MAX: usize = 64;
/// Sockets reported at once.
const READY_MAX: usize = 256;

fn check(returned: isize) -> io::Result<usize> {
    usize::try_from(returned).map_err(|_negative| io::Error::last_os_error())
}

/// Reads what is there, up to the size of the buffer, without waiting. 0: the peer has sent its last byte.
pub fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the buffer has the length given.
    let received = unsafe {
        libc::recv(
            socket.as_raw_fd(),
            buffer.as_mut_ptr().cast(),
            buffer.len(),
            libc::MSG_DONTWAIT,
        )
    };
    check(received)
}

/// Gives the kernel as much of the pieces, in their order, as it takes without waiting; at most PIECES_MAX of them.
pub fn send(socket: BorrowedFd<'_>, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
    let pieces = &pieces[..pieces.len().min(PIECES_MAX)];
    // SAFETY: IoSlice is an iovec by its documentation, and what they point to stays for as long as they do.
    unsafe { send_vectors(socket, pieces.as_ptr().cast(), pieces.len()) }
}

/// As `send`, of at most `bytes_max` bytes after the first `skip`.
pub fn send_foreign(
    socket: BorrowedFd<'_>,
    pieces: &[ForeignBytes],
    mut skip: usize,
    bytes_max: usize,
) -> io::Result<usize> {
    let mut left = bytes_max;
    let mut vectors = Vec::new();
    for piece in pieces {
        let from = skip.min(piece.len());
        let length = (piece.len() - from).min(left);
        skip -= from;
        left -= length;
        if length > 0 {
            vectors.push(libc::iovec {
                iov_base: piece.pointer_at(from).cast_mut().cast(),
                iov_len: length,
            });
        }
        if left == 0 || vectors.len() == PIECES_MAX {
            break;
        }
    }
    // SAFETY: the vectors are within pieces, whose maker keeps their memory.
    unsafe { send_vectors(socket, vectors.as_ptr(), vectors.len()) }
}

/// # Safety
/// `vectors` points to `count` of them, and each to memory that can be read.
unsafe fn send_vectors(
    socket: BorrowedFd<'_>,
    vectors: *const libc::iovec,
    count: usize,
) -> io::Result<usize> {
    // SAFETY: all-zero bytes are a valid msghdr without name, pieces and control data.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = vectors.cast_mut();
    message.msg_iovlen = count as _;
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: the caller's promise; the kernel only reads what they point to.
    check(unsafe { libc::sendmsg(socket.as_raw_fd(), &message, flags) })
}

/// Says that nothing more is sent.
pub fn finish(socket: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: no memory involved.
    check(unsafe { libc::shutdown(socket.as_raw_fd(), libc::SHUT_WR) } as isize).map(drop)
}

pub fn local_address(socket: BorrowedFd<'_>) -> io::Result<std::net::SocketAddr> {
    // The standard library asks through a type that owns its descriptor.
    std::net::TcpStream::from(socket.try_clone_to_owned()?).local_addr()
}

/// What a socket is waited for, or is ready for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Readiness {
    pub readable: bool,
    pub writable: bool,
    /// Broken, or ended in both directions. Always waited for.
    pub failed: bool,
}

/// Many sockets, waited for at once (epoll, level triggered). Each is known by a number of the user's.
pub struct Selector {
    epoll: OwnedFd,
    ready: Box<[libc::epoll_event; READY_MAX]>,
}

impl Selector {
    pub fn new() -> io::Result<Selector> {
        // SAFETY: no memory involved; the descriptor is new and ours.
        let epoll =
            unsafe { OwnedFd::from_raw_fd(check(libc::epoll_create1(libc::EPOLL_CLOEXEC) as isize)? as i32) };
        let none = libc::epoll_event { events: 0, u64: 0 };
        Ok(Selector {
            epoll,
            ready: Box::new([none; READY_MAX]),
        })
    }

    /// Readable itself while a socket is ready.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        use std::os::fd::AsFd;
        self.epoll.as_fd()
    }

    pub fn add(&self, socket: BorrowedFd<'_>, number: u32, wanted: Readiness) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, socket, number, wanted)
    }

    pub fn change(&self, socket: BorrowedFd<'_>, number: u32, wanted: Readiness) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_MOD, socket, number, wanted)
    }

    fn control(&self, what: i32, socket: BorrowedFd<'_>, number: u32, wanted: Readiness) -> io::Result<()> {
        let mut events = 0;
        if wanted.readable {
            events |= libc::EPOLLIN;
        }
        if wanted.writable {
            events |= libc::EPOLLOUT;
        }
        let mut event = libc::epoll_event {
            events: events as u32,
            u64: number.into(),
        };
        // SAFETY: event is an epoll_event.
        let returned =
            unsafe { libc::epoll_ctl(self.epoll.as_raw_fd(), what, socket.as_raw_fd(), &mut event) };
        check(returned as isize).map(drop)
    }

    /// Calls `found` for each socket that is ready, and answers how many there were. Looks again and again for `spin`
    /// if there are none, without sleeping, unless something else `is_wanted`. Errors and hang-ups count as readable and
    /// writable: trying tells.
    pub fn look(
        &mut self,
        spin: Duration,
        is_wanted: impl Fn() -> bool,
        mut found: impl FnMut(u32, Readiness),
    ) -> io::Result<usize> {
        let mut deadline = None;
        let mut is_last = spin.is_zero();
        let count = loop {
            // SAFETY: ready has room for READY_MAX events.
            let returned = unsafe {
                libc::epoll_wait(
                    self.epoll.as_raw_fd(),
                    self.ready.as_mut_ptr(),
                    READY_MAX as i32,
                    0,
                )
            };
            let count = check(returned as isize)?;
            if count > 0 || is_last {
                break count;
            }
            let now = Instant::now();
            // What is wanted may be one of the sockets: they are looked at once more.
            is_last = now >= *deadline.get_or_insert(now + spin) || is_wanted();
        };
        for event in &self.ready[..count] {
            let failed = event.events & (libc::EPOLLERR | libc::EPOLLHUP) as u32 != 0;
            let readiness = Readiness {
                readable: failed || event.events & libc::EPOLLIN as u32 != 0,
                writable: failed || event.events & libc::EPOLLOUT as u32 != 0,
                failed,
            };
            found(event.u64 as u32, readiness);
        }
        Ok(count)
    }
}
