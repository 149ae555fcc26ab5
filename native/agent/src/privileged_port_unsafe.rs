//! TCP from a port below 1024, as servers of `secure` exports want it; from any port for whom the kernel does not let have one.

use std::io;
use std::mem;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

/// As mount(8) takes them: from the top down, above the well-known services.
const PORTS: std::ops::RangeInclusive<u16> = 665..=1023;

pub fn connect(address: SocketAddr, timeout: Duration) -> io::Result<TcpStream> {
    for port in PORTS.rev() {
        match connect_from(port, address, timeout) {
            Ok(stream) => return Ok(stream),
            Err(error) => match error.raw_os_error() {
                Some(libc::EACCES | libc::EPERM) => break,
                Some(libc::EADDRINUSE | libc::EADDRNOTAVAIL) => {}
                _ => return Err(error),
            },
        }
    }
    TcpStream::connect_timeout(&address, timeout)
}

fn check(returned: i32) -> io::Result<i32> {
    if returned < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(returned)
    }
}

fn connect_from(port: u16, address: SocketAddr, timeout: Duration) -> io::Result<TcpStream> {
    // SAFETY: all zeros are valid socket addresses.
    let (mut four, mut six): (libc::sockaddr_in, libc::sockaddr_in6) =
        unsafe { (mem::zeroed(), mem::zeroed()) };
    let (mut to_four, mut to_six) = (four, six);
    four.sin_family = libc::AF_INET as libc::sa_family_t;
    six.sin6_family = libc::AF_INET6 as libc::sa_family_t;
    four.sin_port = port.to_be();
    six.sin6_port = port.to_be();
    let (family, from, to, length): (_, *const libc::sockaddr, *const libc::sockaddr, _) = match address {
        SocketAddr::V4(address) => {
            to_four.sin_family = four.sin_family;
            to_four.sin_port = address.port().to_be();
            to_four.sin_addr.s_addr = u32::from_ne_bytes(address.ip().octets());
            let length = size_of::<libc::sockaddr_in>();
            (
                (libc::AF_INET),
                (&raw const four).cast(),
                (&raw const to_four).cast(),
                length,
            )
        }
        SocketAddr::V6(address) => {
            to_six.sin6_family = six.sin6_family;
            to_six.sin6_port = address.port().to_be();
            to_six.sin6_addr.s6_addr = address.ip().octets();
            to_six.sin6_scope_id = address.scope_id();
            let length = size_of::<libc::sockaddr_in6>();
            (
                (libc::AF_INET6),
                (&raw const six).cast(),
                (&raw const to_six).cast(),
                length,
            )
        }
    };
    // SAFETY: no memory involved; the descriptor is new and ours.
    let socket = unsafe {
        let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC;
        OwnedFd::from_raw_fd(check(libc::socket(family, kind, 0))?)
    };
    let wait = libc::timeval {
        tv_sec: timeout.as_secs() as libc::time_t,
        tv_usec: 0,
    };
    // SAFETY: a timeval, and addresses of their length, are readable there; they outlive the calls.
    unsafe {
        let value = (&raw const wait).cast();
        let bytes = size_of::<libc::timeval>() as libc::socklen_t;
        let number = socket.as_raw_fd();
        check(libc::setsockopt(
            number,
            libc::SOL_SOCKET,
            libc::SO_SNDTIMEO,
            value,
            bytes,
        ))?;
        check(libc::bind(number, from, length as libc::socklen_t))?;
        check(libc::connect(number, to, length as libc::socklen_t))?;
    }
    Ok(TcpStream::from(socket))
}
