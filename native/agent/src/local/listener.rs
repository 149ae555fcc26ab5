//! The agent's socket: who may connect, and how many.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::local::connection::{self, Counters, Service};
use crate::local::files::Files;
use crate::local::mounts::Mounts;
use crate::local::packets_unsafe::{self, PacketSocket};
use crate::local::peer_unsafe::{Peer, peer_of};

/// For an agent that has the path already, and may have stopped.
const LISTENER_PATIENCE: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Of one user, so that nobody else is kept out by him.
    pub connections_per_user: usize,
    /// Open files of one connection.
    pub files: u32,
    /// The memory that data of one connection goes through; a multiple of the page size.
    pub memory_bytes: u32,
    /// At most that much is read or written by one request.
    pub transfer_bytes: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 64,
            connections_per_user: 16,
            files: 64,
            memory_bytes: 4 << 20,
            transfer_bytes: 1 << 20,
        }
    }
}

pub struct LocalOptions {
    /// Where the socket is to be; its directory is made if there is none.
    pub socket: PathBuf,
    /// Files at or below these mount points are served, others refused with EXDEV.
    pub mount_points: Vec<PathBuf>,
    pub files: Arc<dyn Files>,
    pub limits: Limits,
}

/// What has been done since the start; `open` is now.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct LocalFigures {
    pub open: u64,
    pub connections: u64,
    /// Programs that found too many others connected.
    pub refused: u64,
    pub requests: u64,
    pub bytes_read: u64,
    pub bytes_written: u64,
}

/// The connections that are served now.
#[derive(Default)]
struct Present {
    last: u64,
    sockets: HashMap<u64, Arc<PacketSocket>>,
    of_user: HashMap<u32, usize>,
}

struct Shared {
    service: Service,
    present: Mutex<Present>,
    closing: AtomicBool,
}

/// Serves local programs until it is dropped. What a connection is doing then is finished on its own thread; the program
/// does not get the answer.
pub struct LocalAgent {
    shared: Arc<Shared>,
    listener: Arc<OwnedFd>,
    socket: PathBuf,
    acceptor: Option<JoinHandle<()>>,
}

impl LocalAgent {
    pub fn start(options: LocalOptions) -> io::Result<LocalAgent> {
        let listener = Arc::new(bind(&options.socket)?);
        let shared = Arc::new(Shared {
            service: Service {
                files: options.files,
                mounts: Mounts::new(options.mount_points),
                limits: options.limits,
                counters: Counters::default(),
            },
            present: Mutex::default(),
            closing: AtomicBool::new(false),
        });
        let (for_acceptor, accepting) = (shared.clone(), listener.clone());
        let acceptor = std::thread::Builder::new()
            .name("fsva-local".into())
            .spawn(move || accept_all(&accepting, &for_acceptor))?;
        Ok(LocalAgent {
            shared,
            listener,
            socket: options.socket,
            acceptor: Some(acceptor),
        })
    }

    pub fn figures(&self) -> LocalFigures {
        let counters = &self.shared.service.counters;
        let load = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        LocalFigures {
            open: self.shared.present.lock().unwrap().sockets.len() as u64,
            connections: load(&counters.connections),
            refused: load(&counters.refused),
            requests: load(&counters.requests),
            bytes_read: load(&counters.bytes_read),
            bytes_written: load(&counters.bytes_written),
        }
    }
}

impl Drop for LocalAgent {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::Release);
        packets_unsafe::shut_down((*self.listener).as_fd());
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
        // Nobody can have bound there anew: the path was ours.
        let _ = fs::remove_file(&self.socket);
        for socket in self.shared.present.lock().unwrap().sockets.values() {
            socket.shut_down();
        }
    }
}

/// Takes the path over from an agent that is gone, not from one that listens.
fn bind(path: &Path) -> io::Result<OwnedFd> {
    if let Some(directory) = path.parent().filter(|directory| !directory.exists()) {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(directory)?;
    }
    let is_socket = fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    if is_socket {
        match PacketSocket::connect(path, LISTENER_PATIENCE) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path)?,
            _ => return Err(io::Error::from_raw_os_error(libc::EADDRINUSE)),
        }
    }
    let socket = packets_unsafe::bind(path)?;
    // Everyone: the kernel says who it is, and a descriptor what he may do.
    fs::set_permissions(path, fs::Permissions::from_mode(0o666))?;
    packets_unsafe::listen(socket.as_fd(), 64)?;
    Ok(socket)
}

fn accept_all(listener: &OwnedFd, shared: &Arc<Shared>) {
    while !shared.closing.load(Ordering::Acquire) {
        match packets_unsafe::accept(listener.as_fd()) {
            Ok(socket) => admit(socket, shared),
            // Descriptors or memory are short: whoever waits is served later.
            Err(error) if error.raw_os_error() != Some(libc::EINVAL) => {
                std::thread::sleep(Duration::from_millis(100));
            }
            Err(_) => return,
        }
    }
}

fn admit(socket: PacketSocket, shared: &Arc<Shared>) {
    let Ok(peer) = peer_of(socket.as_fd()) else {
        return;
    };
    let socket = Arc::new(socket);
    let Some(place) = Place::take(shared, &peer, &socket) else {
        shared.service.counters.refused.fetch_add(1, Ordering::Relaxed);
        connection::refuse(&socket, libc::EUSERS);
        return;
    };
    shared
        .service
        .counters
        .connections
        .fetch_add(1, Ordering::Relaxed);
    let served = socket.clone();
    let started = std::thread::Builder::new()
        .name("fsva-local-peer".into())
        .spawn(move || {
            // How a program ends its connection is its own affair.
            let _ = connection::serve(&served, &place.shared.service, peer);
            drop(served);
            drop(place);
        });
    if started.is_err() {
        connection::refuse(&socket, libc::EAGAIN);
    }
}

/// One of the connections that are allowed; free again when it is dropped.
struct Place {
    shared: Arc<Shared>,
    number: u64,
    uid: u32,
}

impl Place {
    fn take(shared: &Arc<Shared>, peer: &Peer, socket: &Arc<PacketSocket>) -> Option<Place> {
        let limits = &shared.service.limits;
        let mut present = shared.present.lock().unwrap();
        let of_user = present.of_user.get(&peer.uid).copied().unwrap_or(0);
        if present.sockets.len() >= limits.connections || of_user >= limits.connections_per_user {
            return None;
        }
        present.of_user.insert(peer.uid, of_user + 1);
        present.last += 1;
        let number = present.last;
        present.sockets.insert(number, socket.clone());
        Some(Place {
            shared: shared.clone(),
            number,
            uid: peer.uid,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut present = self.shared.present.lock().unwrap();
        present.sockets.remove(&self.number);
        if let Some(count) = present.of_user.get_mut(&self.uid) {
            *count -= 1;
            if *count == 0 {
                present.of_user.remove(&self.uid);
            }
        }
    }
}
