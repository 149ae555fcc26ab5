//! A listening TCP socket with a thread that accepts.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::socket_unsafe as socket;
use crate::stream_unsafe as stream;

/// Connections that the kernel keeps until they are accepted.
const BACKLOG: i32 = 1024;
/// Connections handed over at once.
const BATCH_MAX: usize = 64;
/// After an error that going on at once would only repeat (no descriptors left).
const RETRY_DELAY: Duration = Duration::from_millis(100);

pub struct Connection {
    /// Non-blocking, close-on-exec, TCP_NODELAY.
    pub fd: OwnedFd,
    pub peer: SocketAddr,
}

/// Dropping it stops accepting and closes the listening socket.
pub struct Acceptor {
    local_address: SocketAddr,
    /// Written to when the thread is to end.
    stop: OwnedFd,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
pub struct ListenError {
    pub address: SocketAddr,
    pub cause: io::Error,
}

impl ListenError {
    /// The errno's name.
    pub fn code(&self) -> &'static str {
        match self.cause.raw_os_error() {
            Some(libc::EADDRINUSE) => "EADDRINUSE",
            Some(libc::EACCES) => "EACCES",
            Some(libc::EADDRNOTAVAIL) => "EADDRNOTAVAIL",
            _ => "EIO",
        }
    }
}

impl std::fmt::Display for ListenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let reason = match self.code() {
            "EADDRINUSE" => "another program listens there already",
            "EACCES" => "ports below 1024 take root or CAP_NET_BIND_SERVICE",
            "EADDRNOTAVAIL" => "this machine does not have that address",
            _ => return write!(f, "cannot listen on {}: {}", self.address, self.cause),
        };
        write!(f, "cannot listen on {}: {reason} ({})", self.address, self.code())
    }
}

impl std::error::Error for ListenError {}

impl Acceptor {
    /// `deliver` is called on the acceptor's thread with one or more connections.
    pub fn listen(
        address: IpAddr,
        port: u16,
        deliver: impl Fn(Vec<Connection>) + Send + 'static,
    ) -> Result<Acceptor, ListenError> {
        let address = SocketAddr::new(address, port);
        Acceptor::try_listen(address, deliver).map_err(|cause| ListenError { address, cause })
    }

    fn try_listen(
        address: SocketAddr,
        deliver: impl Fn(Vec<Connection>) + Send + 'static,
    ) -> io::Result<Acceptor> {
        let listener = socket::listen(address, BACKLOG)?;
        let local_address = listener.local_addr()?;
        let stop = socket::event()?;
        let stopped = stop.try_clone()?;
        let thread = std::thread::Builder::new()
            .name("fsva-accept".into())
            .spawn(move || accept_until(&listener, &stopped, deliver))?;
        Ok(Acceptor {
            local_address,
            stop,
            thread: Some(thread),
        })
    }

    pub fn local_address(&self) -> SocketAddr {
        self.local_address
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        socket::signal(&self.stop);
        if let Some(thread) = self.thread.take() {
            // It only panics if `deliver` does.
            let _ = thread.join();
        }
    }
}

fn accept_until(listener: &TcpListener, stop: &OwnedFd, deliver: impl Fn(Vec<Connection>)) {
    while !socket::wait_readable(listener.as_raw_fd(), stop.as_raw_fd()) {
        let mut batch = Vec::new();
        while batch.len() < BATCH_MAX {
            match socket::accept(listener) {
                Ok((fd, peer)) => {
                    if is_on_this_machine(&fd, peer) {
                        // Pacing (BBR) spares networks; without one it only takes time. It is no loss if it stays.
                        let _ = socket::do_not_pace(fd.as_fd());
                    }
                    batch.push(Connection { fd, peer });
                }
                Err(error) => {
                    if lasts(&error) {
                        std::thread::sleep(RETRY_DELAY);
                    }
                    break;
                }
            }
        }
        if !batch.is_empty() {
            deliver(batch);
        }
    }
}

/// Whether there is no network in between: the peer has an address of this machine.
fn is_on_this_machine(fd: &OwnedFd, peer: SocketAddr) -> bool {
    let address = peer.ip().to_canonical();
    let is_own = || stream::local_address(fd.as_fd()).is_ok_and(|local| local.ip().to_canonical() == address);
    address.is_loopback() || is_own()
}

/// Whether the next accept would fail as well: the connection stays in the queue and poll returns at once.
fn lasts(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, Ipv6Addr, TcpStream};
    use std::sync::mpsc;

    fn accepts_on(address: IpAddr) {
        let (sender, receiver) = mpsc::channel();
        let acceptor = Acceptor::listen(address, 0, move |batch| sender.send(batch).unwrap()).unwrap();
        let mut client = TcpStream::connect(acceptor.local_address()).unwrap();
        let connection = receiver.recv().unwrap().pop().unwrap();
        assert_eq!(connection.peer, client.local_addr().unwrap());
        let mut server = TcpStream::from(connection.fd);
        assert!(server.nodelay().unwrap());
        assert_eq!(
            server.read(&mut [0]).unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
        server.write_all(b"x").unwrap();
        client.read_exact(&mut [0]).unwrap();
    }

    #[test]
    fn accepts_ipv4_and_ipv6() {
        accepts_on(Ipv4Addr::LOCALHOST.into());
        // A machine without IPv6 cannot show it.
        if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
            accepts_on(Ipv6Addr::LOCALHOST.into());
        }
    }

    #[test]
    fn only_peers_with_an_address_of_this_machine_have_no_network_in_between() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let fd = OwnedFd::from(client.try_clone().unwrap());
        for (peer, is_here) in [
            ("127.0.0.1:1", true),
            ("127.8.9.10:1", true),
            ("[::1]:1", true),
            ("[::ffff:127.0.0.1]:1", true),
            ("192.0.2.1:1", false),
            ("[::ffff:192.0.2.1]:1", false),
            ("[2001:db8::1]:1", false),
        ] {
            assert_eq!(is_on_this_machine(&fd, peer.parse().unwrap()), is_here, "{peer}");
        }
        let (accepted, _) = listener.accept().unwrap();
        assert!(socket::do_not_pace(accepted.as_fd()).is_ok());
    }

    #[test]
    fn a_taken_port_is_named_in_the_error_and_free_after_close() {
        let address = Ipv4Addr::LOCALHOST.into();
        let first = Acceptor::listen(address, 0, drop).unwrap();
        let port = first.local_address().port();
        let error = Acceptor::listen(address, port, drop).err().unwrap();
        assert!(error.to_string().contains("EADDRINUSE"), "{error}");
        drop(first);
        Acceptor::listen(address, port, drop).unwrap();
    }
}
