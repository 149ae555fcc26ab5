//! Descriptors over a Unix socket: how the region's memory file and the eventfds reach a peer on the same host.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::ptr;

/// More are neither sent nor taken.
pub const DESCRIPTORS_MAX: usize = 4;
/// Room for their control message, aligned as the kernel wants it.
type Control = [u64; 8];

fn header<'a>(part: &'a mut libc::iovec, control: &'a mut Control) -> libc::msghdr {
    // SAFETY: all zeros are a valid msghdr.
    let mut message: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
    message.msg_iov = part;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = size_of::<Control>();
    message
}

/// Sends the bytes, or the first of them, and the descriptors with the first. Without descriptors any stream will do.
pub fn send_with_descriptors(
    stream: BorrowedFd<'_>,
    bytes: &[u8],
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<usize> {
    assert!(!bytes.is_empty() && descriptors.len() <= DESCRIPTORS_MAX);
    let numbers: Vec<i32> = descriptors
        .iter()
        .map(|descriptor| descriptor.as_raw_fd())
        .collect();
    let control_bytes = size_of_val(numbers.as_slice()) as u32;
    let mut control = Control::default();
    let mut part = libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    };
    let mut message = header(&mut part, &mut control);
    // SAFETY: the control buffer has room for DESCRIPTORS_MAX numbers behind the header; part, control and the bytes, which
    // are only read, outlive the call.
    let sent = unsafe {
        if numbers.is_empty() {
            message.msg_control = ptr::null_mut();
            message.msg_controllen = 0;
        } else {
            message.msg_controllen = libc::CMSG_SPACE(control_bytes) as usize;
            let first = libc::CMSG_FIRSTHDR(&raw const message);
            (*first).cmsg_level = libc::SOL_SOCKET;
            (*first).cmsg_type = libc::SCM_RIGHTS;
            (*first).cmsg_len = libc::CMSG_LEN(control_bytes) as usize;
            ptr::copy_nonoverlapping(
                numbers.as_ptr().cast(),
                libc::CMSG_DATA(first),
                control_bytes as usize,
            );
        }
        libc::sendmsg(stream.as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL)
    };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// Sends the descriptors with one byte.
pub fn send_descriptors(socket: &UnixStream, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    assert!(!descriptors.is_empty());
    send_with_descriptors(socket.as_fd(), &[0], descriptors).map(drop)
}

/// Takes what there is, up to the room in `into`; 0 at the end. Descriptors that came with it, closed on exec, are added
/// to `descriptors`. More of them than anybody sends here is an error.
pub fn receive_with_descriptors(
    stream: BorrowedFd<'_>,
    into: &mut [u8],
    descriptors: &mut Vec<OwnedFd>,
) -> io::Result<usize> {
    let mut control = Control::default();
    let mut part = libc::iovec {
        iov_base: into.as_mut_ptr().cast(),
        iov_len: into.len(),
    };
    let mut message = header(&mut part, &mut control);
    // SAFETY: part, control and the buffer outlive the call.
    let received = unsafe { libc::recvmsg(stream.as_raw_fd(), &raw mut message, libc::MSG_CMSG_CLOEXEC) };
    let received = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
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
    if message.msg_flags & libc::MSG_CTRUNC != 0 || descriptors.len() > DESCRIPTORS_MAX {
        return Err(unexpected());
    }
    Ok(received)
}

/// Takes exactly `COUNT` descriptors; others are closed, and it is an error.
pub fn receive_descriptors<const COUNT: usize>(socket: &UnixStream) -> io::Result<[OwnedFd; COUNT]> {
    let mut descriptors = Vec::new();
    receive_with_descriptors(socket.as_fd(), &mut [0], &mut descriptors)?;
    descriptors.try_into().map_err(|_| unexpected())
}

fn unexpected() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not the descriptors expected")
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn descriptors_arrive() {
        let (left, right) = UnixStream::pair().unwrap();
        let (mut one, other) = UnixStream::pair().unwrap();
        send_descriptors(&left, &[other.as_fd()]).unwrap();
        let [received] = receive_descriptors::<1>(&right).unwrap();
        one.write_all(b"x").unwrap();
        let mut byte = [0];
        UnixStream::from(received).read_exact(&mut byte).unwrap();
        assert_eq!(&byte, b"x");
    }

    #[test]
    fn another_number_of_descriptors_is_an_error() {
        let (mut left, right) = UnixStream::pair().unwrap();
        send_descriptors(&left, &[right.as_fd(), right.as_fd()]).unwrap();
        assert!(receive_descriptors::<3>(&right).is_err());
        left.write_all(b"x").unwrap();
        assert!(receive_descriptors::<1>(&right).is_err());
        drop(left);
        assert!(receive_descriptors::<1>(&right).is_err());
    }
}
