//! Descriptors over a Unix socket: how the region's memory file and the eventfds reach a peer on the same host.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
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

/// Sends the descriptors with one byte.
pub fn send_descriptors(socket: &UnixStream, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    assert!((1..=DESCRIPTORS_MAX).contains(&descriptors.len()));
    let numbers: Vec<i32> = descriptors
        .iter()
        .map(|descriptor| descriptor.as_raw_fd())
        .collect();
    let bytes = size_of_val(numbers.as_slice()) as u32;
    let (mut byte, mut control) = ([0u8], Control::default());
    let mut part = libc::iovec {
        iov_base: byte.as_mut_ptr().cast(),
        iov_len: 1,
    };
    let mut message = header(&mut part, &mut control);
    // SAFETY: the control buffer has room for DESCRIPTORS_MAX numbers behind the header, and part and control outlive
    // the call.
    let sent = unsafe {
        message.msg_controllen = libc::CMSG_SPACE(bytes) as usize;
        let first = libc::CMSG_FIRSTHDR(&raw const message);
        (*first).cmsg_level = libc::SOL_SOCKET;
        (*first).cmsg_type = libc::SCM_RIGHTS;
        (*first).cmsg_len = libc::CMSG_LEN(bytes) as usize;
        ptr::copy_nonoverlapping(numbers.as_ptr().cast(), libc::CMSG_DATA(first), bytes as usize);
        libc::sendmsg(socket.as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL)
    };
    if sent < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Takes exactly `COUNT` descriptors; others are closed, and it is an error.
pub fn receive_descriptors<const COUNT: usize>(socket: &UnixStream) -> io::Result<[OwnedFd; COUNT]> {
    let (mut byte, mut control) = ([0u8], Control::default());
    let mut part = libc::iovec {
        iov_base: byte.as_mut_ptr().cast(),
        iov_len: 1,
    };
    let mut message = header(&mut part, &mut control);
    // SAFETY: part and control outlive the call.
    let received = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, libc::MSG_CMSG_CLOEXEC) };
    if received < 0 {
        return Err(io::Error::last_os_error());
    }
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
    let wrong = || io::Error::new(io::ErrorKind::InvalidData, "not the descriptors expected");
    if message.msg_flags & libc::MSG_CTRUNC != 0 {
        return Err(wrong());
    }
    descriptors.try_into().map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::fd::AsFd;

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
