//! The socket calls that the standard library does not have in this form.

use std::io;
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, TcpListener};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

fn check(returned: i32) -> io::Result<i32> {
    if returned < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(returned)
    }
}

fn set_option(fd: RawFd, level: i32, name: i32, value: i32) -> io::Result<()> {
    let size = size_of::<i32>() as libc::socklen_t;
    // SAFETY: the option's value is one int.
    check(unsafe { libc::setsockopt(fd, level, name, (&raw const value).cast(), size) }).map(drop)
}

/// A non-blocking listening socket. The IPv6 wildcard address listens on IPv4 as well.
pub fn listen(address: SocketAddr, backlog: i32) -> io::Result<TcpListener> {
    let family = if address.is_ipv4() {
        libc::AF_INET
    } else {
        libc::AF_INET6
    };
    // SAFETY: no memory involved; the descriptor is new and ours.
    let fd = unsafe {
        let flags = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        OwnedFd::from_raw_fd(check(libc::socket(family, flags, 0))?)
    };
    let number = fd.as_raw_fd();
    // A restarted server gets its port back although connections of the old one linger.
    set_option(number, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
    let bound = match address {
        SocketAddr::V4(address) => {
            let raw = libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: address.port().to_be(),
                sin_addr: libc::in_addr {
                    s_addr: u32::from_ne_bytes(address.ip().octets()),
                },
                sin_zero: [0; 8],
            };
            // SAFETY: raw is a sockaddr_in of the size given.
            unsafe {
                libc::bind(
                    number,
                    (&raw const raw).cast(),
                    size_of_val(&raw) as libc::socklen_t,
                )
            }
        }
        SocketAddr::V6(address) => {
            set_option(number, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, 0)?;
            let raw = libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: address.port().to_be(),
                sin6_flowinfo: 0,
                sin6_addr: libc::in6_addr {
                    s6_addr: address.ip().octets(),
                },
                sin6_scope_id: address.scope_id(),
            };
            // SAFETY: raw is a sockaddr_in6 of the size given.
            unsafe {
                libc::bind(
                    number,
                    (&raw const raw).cast(),
                    size_of_val(&raw) as libc::socklen_t,
                )
            }
        }
    };
    check(bound)?;
    // SAFETY: no memory involved.
    check(unsafe { libc::listen(number, backlog) })?;
    Ok(TcpListener::from(fd))
}

/// Accepts one connection: non-blocking, close-on-exec, TCP_NODELAY.
pub fn accept(listener: &TcpListener) -> io::Result<(OwnedFd, SocketAddr)> {
    let mut storage = MaybeUninit::<libc::sockaddr_storage>::zeroed();
    let mut length = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
    // SAFETY: storage has the length given; the descriptor is new and ours.
    let fd = unsafe {
        let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        let returned = libc::accept4(
            listener.as_raw_fd(),
            storage.as_mut_ptr().cast(),
            &mut length,
            flags,
        );
        OwnedFd::from_raw_fd(check(returned)?)
    };
    // A connection that is gone already shows that soon enough.
    let _ = set_option(fd.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_NODELAY, 1);
    // SAFETY: all-zero bytes are a valid sockaddr_storage, and the kernel has filled it in.
    let storage = unsafe { storage.assume_init() };
    Ok((fd, peer(&storage)?))
}

/// Sends without pacing from now on, whatever the machine's congestion control is. Every kernel has this one, and everybody
/// may choose it unless the administrator says otherwise.
pub fn do_not_pace(socket: BorrowedFd<'_>) -> io::Result<()> {
    let name = b"reno";
    // SAFETY: the option's value is a name of the length given.
    check(unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_CONGESTION,
            name.as_ptr().cast(),
            name.len() as libc::socklen_t,
        )
    })
    .map(drop)
}

fn peer(storage: &libc::sockaddr_storage) -> io::Result<SocketAddr> {
    match i32::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: of this family, it is a sockaddr_in, which is smaller and no stricter aligned.
            let raw = unsafe { &*std::ptr::from_ref(storage).cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(raw.sin_addr.s_addr.to_ne_bytes());
            Ok((ip, u16::from_be(raw.sin_port)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: of this family, it is a sockaddr_in6, which is smaller and no stricter aligned.
            let raw = unsafe { &*std::ptr::from_ref(storage).cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(raw.sin6_addr.s6_addr);
            let scope = raw.sin6_scope_id;
            Ok(SocketAddrV6::new(ip, u16::from_be(raw.sin6_port), 0, scope).into())
        }
        family => Err(io::Error::other(format!(
            "a connection of address family {family}"
        ))),
    }
}

/// An eventfd.
pub fn event() -> io::Result<OwnedFd> {
    // SAFETY: no memory involved; the descriptor is new and ours.
    unsafe {
        Ok(OwnedFd::from_raw_fd(check(libc::eventfd(
            0,
            libc::EFD_CLOEXEC | libc::EFD_NONBLOCK,
        ))?))
    }
}

/// Makes an eventfd readable.
pub fn signal(event: &OwnedFd) {
    let one = 1u64;
    // SAFETY: one is 8 bytes. It can only fail if the counter is full, which is as readable.
    unsafe { libc::write(event.as_raw_fd(), (&raw const one).cast(), size_of_val(&one)) };
}

/// Makes it unreadable until it is signalled again.
pub fn reset(event: &OwnedFd) {
    let mut count = 0u64;
    // SAFETY: count has 8 bytes. It can only fail if nobody has signalled.
    unsafe { libc::read(event.as_raw_fd(), (&raw mut count).cast(), size_of_val(&count)) };
}

/// Waits for either; true if `stop` is readable.
pub fn wait_readable(fd: RawFd, stop: RawFd) -> bool {
    let poll = |fd| libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    };
    let mut fds = [poll(fd), poll(stop)];
    // SAFETY: fds holds two pollfds.
    unsafe { libc::poll(fds.as_mut_ptr(), 2, -1) };
    fds[1].revents != 0
}
