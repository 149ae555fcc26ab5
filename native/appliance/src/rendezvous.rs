//! Where clients come to begin a session: a Unix socket for those on this machine, TCP for other machines.
//!
//! One thread accepts and reads what each says first. Who says nothing, half a frame, or nonsense is dropped, and whoever
//! knocks too often displaces itself; nobody waits for anybody. What to make of a `Hello` is decided elsewhere.

use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::rendezvous_hello::Hello;
use crate::rendezvous_pending::{Pending, Waiting};
use crate::rendezvous_refusals::{Refusal, Refusals};
use crate::rendezvous_unsafe::{keep_alive, own_user, peer_of, readable};

/// Who has not said its frame by then is dropped.
pub const HELLO_MAX: Duration = Duration::from_secs(5);
/// Connections that nothing has been decided about yet: more are not read from.
pub const UNDECIDED_MAX: usize = 16;
/// After an error that going on at once would only repeat (no descriptors left).
const RETRY_DELAY: Duration = Duration::from_millis(100);

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Endpoint {
    Unix(PathBuf),
    /// Port 0 picks one.
    Tcp(SocketAddr),
}

impl fmt::Display for Endpoint {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Unix(path) => path.display().fmt(to),
            Endpoint::Tcp(address) => address.fmt(to),
        }
    }
}

/// Who is at the other end, by the kernel's word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Peer {
    Local { uid: u32, pid: i32 },
    Remote(SocketAddr),
}

impl Peer {
    /// Those with the same key share what there is room for.
    pub(crate) fn key(&self) -> Option<IpAddr> {
        match self {
            Peer::Local { .. } => None,
            Peer::Remote(address) => Some(address.ip().to_canonical()),
        }
    }
}

pub enum Arrival {
    Hello(Hello),
    Refused(Refusal),
}

#[derive(Debug)]
pub struct ListenError {
    pub endpoint: Endpoint,
    pub cause: io::Error,
}

impl fmt::Display for ListenError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "cannot listen on {}: {}", self.endpoint, self.cause)
    }
}

impl std::error::Error for ListenError {}

enum Listener {
    Unix(UnixListener),
    Tcp(TcpListener),
}

/// Removed when it is dropped, unless it is another server's by then.
struct SocketFile {
    path: PathBuf,
    inode: u64,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if std::fs::symlink_metadata(&self.path).is_ok_and(|found| found.ino() == self.inode) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Dropping it stops accepting and drops who has not been decided about.
pub struct Rendezvous {
    endpoint: Endpoint,
    stop: UnixStream,
    thread: Option<JoinHandle<()>>,
    /// Removed once nobody listens there any more.
    _file: Option<SocketFile>,
}

impl Rendezvous {
    /// `deliver` is called on the rendezvous' thread and must not block.
    pub fn listen(
        endpoint: &Endpoint,
        deliver: impl Fn(Arrival) + Send + 'static,
    ) -> Result<Rendezvous, ListenError> {
        Rendezvous::try_listen(endpoint, deliver).map_err(|cause| ListenError {
            endpoint: endpoint.clone(),
            cause,
        })
    }

    fn try_listen(endpoint: &Endpoint, deliver: impl Fn(Arrival) + Send + 'static) -> io::Result<Rendezvous> {
        let (listener, file, endpoint) = match endpoint {
            Endpoint::Unix(path) => {
                let (listener, file) = listen_locally(path)?;
                (listener, Some(file), endpoint.clone())
            }
            Endpoint::Tcp(address) => {
                let listener = TcpListener::bind(address)?;
                listener.set_nonblocking(true)?;
                let address = listener.local_addr()?;
                (Listener::Tcp(listener), None, Endpoint::Tcp(address))
            }
        };
        let (stop, bell) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        let door = Door {
            listener,
            bell,
            waiting: Waiting::default(),
            undecided: Arc::default(),
            refusals: Refusals::default(),
            deliver,
        };
        let thread = std::thread::Builder::new()
            .name("fsva-rendezvous".into())
            .spawn(move || door.run())?;
        Ok(Rendezvous {
            endpoint,
            stop,
            thread: Some(thread),
            _file: file,
        })
    }

    /// Where it listens, with the port that was picked.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

impl Drop for Rendezvous {
    fn drop(&mut self) {
        // The thread cannot have ended before.
        let _ = self.stop.write_all(b"x");
        if let Some(thread) = self.thread.take() {
            // It only panics if `deliver` does.
            let _ = thread.join();
        }
    }
}

fn listen_locally(path: &Path) -> io::Result<(Listener, SocketFile)> {
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    // What a killed server left is in the way; one that answers is another server's, anything else somebody's file.
    if std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
        match UnixStream::connect(path) {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => std::fs::remove_file(path)?,
            _ => return Err(ErrorKind::AddrInUse.into()),
        }
    }
    let listener = UnixListener::bind(path)?;
    listener.set_nonblocking(true)?;
    let file = SocketFile {
        path: path.to_owned(),
        inode: std::fs::symlink_metadata(path)?.ino(),
    };
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o600))?;
    Ok((Listener::Unix(listener), file))
}

/// What the thread has.
struct Door<F> {
    listener: Listener,
    /// Readable when the thread is to end.
    bell: UnixStream,
    waiting: Waiting,
    undecided: Arc<AtomicUsize>,
    refusals: Refusals,
    deliver: F,
}

impl<F: Fn(Arrival)> Door<F> {
    fn run(mut self) {
        loop {
            let may_read = self.undecided.load(Ordering::Acquire) < UNDECIDED_MAX;
            let mut looked_at: Vec<BorrowedFd<'_>> = vec![self.bell.as_fd(), self.listener.as_fd()];
            if may_read {
                looked_at.extend(self.waiting.streams());
            }
            let deadline = self.waiting.next_deadline();
            // Whoever decides does not ring.
            let due = self.refusals.next_due(Instant::now());
            let timeout = if may_read {
                deadline.into_iter().chain(due).min()
            } else {
                Some(RETRY_DELAY)
            };
            let Ok(found) = readable(&looked_at, timeout) else {
                std::thread::sleep(RETRY_DELAY);
                continue;
            };
            if found[0] {
                return;
            }
            let (accepts, spoke) = (found[1], found[2..].to_vec());
            for connection in self.waiting.take_spoken(&spoke) {
                self.hear(connection);
            }
            for late in self.waiting.take_late(Instant::now()) {
                self.refuse(late.peer, "it said nothing, or not all of it, for 5 s");
            }
            if let Some(refusal) = self.refusals.take_due(Instant::now()) {
                (self.deliver)(Arrival::Refused(refusal));
            }
            if accepts {
                self.accept();
            }
        }
    }

    fn accept(&mut self) {
        match self.listener.accept() {
            Ok((stream, peer)) => {
                if let Peer::Local { uid, .. } = peer
                    && uid != 0
                    && uid != own_user()
                {
                    return self.refuse(peer, "it is neither root nor this server's user");
                }
                if let Some(displaced) = self.waiting.add(Pending::new(stream, peer)) {
                    self.refuse(
                        displaced.peer,
                        "it has too many connections that have said nothing yet",
                    );
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            // Gone before it was accepted, or no descriptors left.
            Err(_) => std::thread::sleep(RETRY_DELAY),
        }
    }

    fn hear(&mut self, mut connection: Pending) {
        match connection.read() {
            Ok(Some(frame)) => {
                let hello = Hello::new(connection.stream, connection.peer, frame, &self.undecided);
                (self.deliver)(Arrival::Hello(hello));
            }
            Ok(None) => self.waiting.put_back(connection),
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                self.refuse(connection.peer, "what it said is not of this protocol");
            }
            Err(_) => self.refuse(
                connection.peer,
                "it closed the connection before it had said anything",
            ),
        }
    }

    fn refuse(&mut self, peer: Peer, why: &'static str) {
        if let Some(refusal) = self.refusals.admit(peer, why, Instant::now()) {
            (self.deliver)(Arrival::Refused(refusal));
        }
    }
}

impl Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Listener::Unix(listener) => listener.as_fd(),
            Listener::Tcp(listener) => listener.as_fd(),
        }
    }

    /// Non-blocking, closed on exec.
    fn accept(&self) -> io::Result<(OwnedFd, Peer)> {
        match self {
            Listener::Unix(listener) => {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(true)?;
                let (uid, pid) = peer_of(&stream)?;
                Ok((stream.into(), Peer::Local { uid, pid }))
            }
            Listener::Tcp(listener) => {
                let (stream, peer) = listener.accept()?;
                stream.set_nonblocking(true)?;
                // A wake-up that waits for others to go with it wakes nobody.
                stream.set_nodelay(true)?;
                keep_alive(&stream)?;
                Ok((stream.into(), Peer::Remote(peer)))
            }
        }
    }
}

#[cfg(test)]
mod tests;
