//! Unix sockets of packets: each send is one frame, and a descriptor belongs to the frame that it came with.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

/// Room for a control message of one descriptor, aligned as the kernel wants it.
type Control = [u64; 3];

fn check(returned: i32) -> io::Result<i32> {
    if returned < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(returned)
    }
}

/// One end of a connection.
#[derive(Debug)]
pub struct PacketSocket(OwnedFd);

/// What came in one packet.
#[derive(Debug)]
pub struct Packet {
    /// Bytes of it, as many as there was room for.
    pub bytes: usize,
    pub descriptor: Option<OwnedFd>,
    /// It had more bytes, or more descriptors (which were closed), than anyone may send.
    pub excess: bool,
}

fn socket() -> io::Result<OwnedFd> {
    // SAFETY: no memory involved; the descriptor is new and ours.
    unsafe {
        let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
        let number = check(libc::socket(libc::AF_UNIX, kind, 0))?;
        Ok(OwnedFd::from_raw_fd(number))
    }
}

fn address(path: &Path) -> io::Result<(libc::sockaddr_un, libc::socklen_t)> {
    // SAFETY: all zeros are a valid address.
    let mut address: libc::sockaddr_un = unsafe { MaybeUninit::zeroed().assume_init() };
    address.sun_family = libc::AF_UNIX as libc::sa_family_t;
    let bytes = path.as_os_str().as_bytes();
    // A zero has to follow; one in front would be an abstract name, which nobody's permissions guard.
    if bytes.is_empty() || bytes.contains(&0) {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    if bytes.len() >= address.sun_path.len() {
        return Err(io::Error::from_raw_os_error(libc::ENAMETOOLONG));
    }
    for (place, byte) in address.sun_path.iter_mut().zip(bytes) {
        *place = *byte as libc::c_char;
    }
    Ok((address, size_of::<libc::sockaddr_un>() as libc::socklen_t))
}

/// Binds a socket to the path, which nothing may have yet. Nobody can connect before `listen`.
pub fn bind(path: &Path) -> io::Result<OwnedFd> {
    let (address, length) = address(path)?;
    let socket = socket()?;
    // SAFETY: the address is a local of the length given.
    check(unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) })?;
    Ok(socket)
}

pub fn listen(socket: BorrowedFd<'_>, backlog: i32) -> io::Result<()> {
    // SAFETY: no memory involved.
    check(unsafe { libc::listen(socket.as_raw_fd(), backlog) }).map(drop)
}

/// The next program that connects; EINVAL after `shut_down`.
pub fn accept(socket: BorrowedFd<'_>) -> io::Result<PacketSocket> {
    // SAFETY: no address is asked for; the descriptor is new and ours.
    unsafe {
        let none = std::ptr::null_mut();
        let number = libc::accept4(socket.as_raw_fd(), none, std::ptr::null_mut(), libc::SOCK_CLOEXEC);
        Ok(PacketSocket(OwnedFd::from_raw_fd(check(number)?)))
    }
}

/// Whoever waits on it returns: in accept with EINVAL, in a receive with the end.
pub fn shut_down(socket: BorrowedFd<'_>) {
    // SAFETY: no memory involved. It fails only if the peer is gone already.
    unsafe { libc::shutdown(socket.as_raw_fd(), libc::SHUT_RDWR) };
}

fn header<'a>(part: &'a mut libc::iovec, control: &'a mut Control) -> libc::msghdr {
    // SAFETY: all zeros are a valid msghdr.
    let mut message: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
    message.msg_iov = part;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = size_of::<Control>();
    message
}

const DESCRIPTOR_BYTES: u32 = size_of::<i32>() as u32;

impl PacketSocket {
    /// EAGAIN if nobody accepts it for so long.
    pub fn connect(path: &Path, patience: Duration) -> io::Result<PacketSocket> {
        let (address, length) = address(path)?;
        let socket = PacketSocket(socket()?);
        socket.set_patience(patience)?;
        // SAFETY: the address is a local of the length given.
        check(unsafe { libc::connect(socket.0.as_raw_fd(), (&raw const address).cast(), length) })?;
        Ok(socket)
    }

    /// How long a send or a receive waits before it is EAGAIN; zero: for ever.
    pub fn set_patience(&self, patience: Duration) -> io::Result<()> {
        let time = libc::timeval {
            tv_sec: patience.as_secs() as libc::time_t,
            tv_usec: libc::suseconds_t::from(patience.subsec_micros()),
        };
        for option in [libc::SO_RCVTIMEO, libc::SO_SNDTIMEO] {
            let length = size_of::<libc::timeval>() as libc::socklen_t;
            let socket = self.0.as_raw_fd();
            // SAFETY: time is a local of the length given.
            check(unsafe {
                libc::setsockopt(socket, libc::SOL_SOCKET, option, (&raw const time).cast(), length)
            })?;
        }
        Ok(())
    }

    /// One packet, with a descriptor or without; waits while the peer does not take any.
    pub fn send(&self, bytes: &[u8], descriptor: Option<BorrowedFd<'_>>) -> io::Result<()> {
        let mut control = Control::default();
        let mut part = libc::iovec {
            iov_base: bytes.as_ptr().cast_mut().cast(),
            iov_len: bytes.len(),
        };
        let mut message = header(&mut part, &mut control);
        match descriptor {
            None => message.msg_controllen = 0,
            // SAFETY: control has room for one number behind the header.
            Some(descriptor) => unsafe {
                message.msg_controllen = libc::CMSG_SPACE(DESCRIPTOR_BYTES) as usize;
                let first = libc::CMSG_FIRSTHDR(&raw const message);
                (*first).cmsg_level = libc::SOL_SOCKET;
                (*first).cmsg_type = libc::SCM_RIGHTS;
                (*first).cmsg_len = libc::CMSG_LEN(DESCRIPTOR_BYTES) as usize;
                let place: *mut i32 = libc::CMSG_DATA(first).cast();
                place.write_unaligned(descriptor.as_raw_fd());
            },
        }
        loop {
            // SAFETY: part and control outlive the call, and the kernel only reads what they lead to.
            let sent = unsafe { libc::sendmsg(self.0.as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL) };
            match check(sent as i32) {
                // A packet is sent whole or not at all.
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The next packet; none after the peer's last.
    pub fn receive(&self, into: &mut [u8]) -> io::Result<Option<Packet>> {
        let mut control = Control::default();
        let mut part = libc::iovec {
            iov_base: into.as_mut_ptr().cast(),
            iov_len: into.len(),
        };
        let mut message = header(&mut part, &mut control);
        let received = loop {
            // SAFETY: part and control outlive the call and are valid for writing.
            let received =
                unsafe { libc::recvmsg(self.0.as_raw_fd(), &raw mut message, libc::MSG_CMSG_CLOEXEC) };
            match check(received as i32) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    message.msg_controllen = size_of::<Control>();
                }
                other => break other?,
            }
        };
        let mut descriptors = Vec::new();
        // SAFETY: the kernel wrote msg_controllen bytes of control messages; each descriptor in them is new and ours.
        unsafe {
            let mut next = libc::CMSG_FIRSTHDR(&raw const message);
            while !next.is_null() {
                if (*next).cmsg_level == libc::SOL_SOCKET && (*next).cmsg_type == libc::SCM_RIGHTS {
                    let bytes = (*next).cmsg_len - libc::CMSG_LEN(0) as usize;
                    let numbers: *const i32 = libc::CMSG_DATA(next).cast();
                    for index in 0..bytes / size_of::<i32>() {
                        descriptors.push(OwnedFd::from_raw_fd(numbers.add(index).read_unaligned()));
                    }
                }
                next = libc::CMSG_NXTHDR(&raw const message, next);
            }
        }
        // An empty packet looks like the end, and no frame is empty.
        if received == 0 {
            return Ok(None);
        }
        let cut = message.msg_flags & (libc::MSG_TRUNC | libc::MSG_CTRUNC) != 0;
        Ok(Some(Packet {
            bytes: received as usize,
            excess: cut || descriptors.len() > 1,
            descriptor: descriptors.pop(),
        }))
    }

    pub fn shut_down(&self) {
        shut_down(self.0.as_fd());
    }
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    fn pair() -> (tempfile::TempDir, PacketSocket, PacketSocket) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let listener = bind(&path).unwrap();
        listen(listener.as_fd(), 1).unwrap();
        let program = PacketSocket::connect(&path, Duration::ZERO).unwrap();
        let agent = accept(listener.as_fd()).unwrap();
        (directory, program, agent)
    }

    #[test]
    fn packets_keep_their_bounds_and_descriptors_their_packet() {
        let (_directory, program, agent) = pair();
        let file = File::open("/dev/null").unwrap();
        program.send(b"one", None).unwrap();
        program.send(b"second", Some(file.as_fd())).unwrap();
        let mut bytes = [0; 16];
        let one = agent.receive(&mut bytes).unwrap().unwrap();
        assert_eq!(
            (one.bytes, one.descriptor.is_some(), one.excess),
            (3, false, false)
        );
        let second = agent.receive(&mut bytes).unwrap().unwrap();
        assert_eq!((second.bytes, second.descriptor.is_some()), (6, true));
        assert_eq!(&bytes[..6], b"second");
        drop(program);
        assert!(agent.receive(&mut bytes).unwrap().is_none());
    }

    #[test]
    fn what_is_too_much_is_told() {
        let (_directory, program, agent) = pair();
        program.send(b"longer than four", None).unwrap();
        assert!(agent.receive(&mut [0; 4]).unwrap().unwrap().excess);
    }

    #[test]
    fn whoever_waits_learns_of_the_end() {
        let directory = tempfile::tempdir().unwrap();
        let listener = bind(&directory.path().join("socket")).unwrap();
        listen(listener.as_fd(), 1).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| accept(listener.as_fd()));
            shut_down(listener.as_fd());
            assert_eq!(
                waiting.join().unwrap().unwrap_err().raw_os_error(),
                Some(libc::EINVAL)
            );
        });
    }

    #[test]
    fn paths_that_are_no_addresses_are_refused() {
        for (path, errno) in [
            ("", libc::EINVAL),
            ("a\0b", libc::EINVAL),
            (&*"x".repeat(108), libc::ENAMETOOLONG),
        ] {
            assert_eq!(bind(Path::new(path)).unwrap_err().raw_os_error(), Some(errno));
        }
    }
}
