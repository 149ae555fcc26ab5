//! One program's connection: its memory, its open files, and its requests, one after the other on a thread of its own.
//! Whatever it does, it keeps nobody waiting but itself.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fsva_channel::memfd_unsafe;
use fsva_channel::protocol::ATTRIBUTES_BYTES;
use fsva_channel::region_unsafe::Memory;

use crate::local::descriptor_unsafe::describe;
use crate::local::files::{Files, OpenFile};
use crate::local::frames::{
    Answer, END_OF_FILE, HELLO_MAGIC, Hello, LocalOp, REQUEST_BYTES, Request, VERSION,
};
use crate::local::listener::Limits;
use crate::local::mounts::Mounts;
use crate::local::packets_unsafe::PacketSocket;
use crate::local::peer_unsafe::Peer;
use crate::local::window::Window;

/// Counted over all connections since the start.
#[derive(Debug, Default)]
pub struct Counters {
    pub connections: AtomicU64,
    pub refused: AtomicU64,
    pub requests: AtomicU64,
    pub bytes_read: AtomicU64,
    pub bytes_written: AtomicU64,
}

/// What all connections have in common.
pub struct Service {
    pub files: Arc<dyn Files>,
    pub mounts: Mounts,
    pub limits: Limits,
    pub counters: Counters,
}

struct Open {
    file: Box<dyn OpenFile>,
    readable: bool,
    writable: bool,
}

struct Connection<'a> {
    service: &'a Service,
    peer: Peer,
    memory: Memory,
    open: HashMap<u32, Open>,
    last_file: u32,
}

/// Tells a program that it is not served, and why.
pub fn refuse(socket: &PacketSocket, status: i32) {
    // Whoever does not listen does not learn it.
    let _ = socket.send(&hello(status, &Limits::default()).encode(), None);
}

fn hello(status: i32, limits: &Limits) -> Hello {
    Hello {
        magic: HELLO_MAGIC,
        version: VERSION,
        status: status.cast_unsigned(),
        memory_bytes: limits.memory_bytes,
        transfer_bytes: limits.transfer_bytes,
        files: limits.files,
        reserved: 0,
    }
}

/// Serves until the program ends, breaks the rules, or the socket is shut down.
pub fn serve(socket: &PacketSocket, service: &Service, peer: Peer) -> io::Result<()> {
    let bytes = service.limits.memory_bytes;
    // Sealed: the program can't make our mapping fault by truncating it.
    let file = memfd_unsafe::create(bytes.into())?;
    let memory = Memory::map(file.as_fd(), 0, bytes as usize)?;
    socket.send(&hello(0, &service.limits).encode(), Some(file.as_fd()))?;
    drop(file);
    let mut connection = Connection {
        service,
        peer,
        memory,
        open: HashMap::new(),
        last_file: 0,
    };
    let mut bytes = [0; REQUEST_BYTES];
    while let Some(packet) = socket.receive(&mut bytes)? {
        if packet.excess || packet.bytes != REQUEST_BYTES {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let request = Request::decode(&bytes);
        let op = LocalOp::from_number(request.op).ok_or(io::ErrorKind::InvalidData)?;
        if packet.descriptor.is_some() && op != LocalOp::Open {
            return Err(io::ErrorKind::InvalidData.into());
        }
        service.counters.requests.fetch_add(1, Ordering::Relaxed);
        let mut answer = Answer::to(&request);
        if let Err(error) = connection.execute(op, &request, packet.descriptor, &mut answer) {
            answer = Answer {
                status: error.raw_os_error().unwrap_or(libc::EIO).cast_unsigned(),
                ..Answer::to(&request)
            };
        }
        socket.send(&answer.encode(), None)?;
    }
    Ok(())
}

fn errno(number: i32) -> io::Error {
    io::Error::from_raw_os_error(number)
}

impl Connection<'_> {
    fn execute(
        &mut self,
        op: LocalOp,
        request: &Request,
        descriptor: Option<OwnedFd>,
        answer: &mut Answer,
    ) -> io::Result<()> {
        match op {
            LocalOp::Open => {
                let descriptor = descriptor.ok_or_else(|| errno(libc::EBADF))?;
                (answer.file, answer.attributes) = self.open(&descriptor)?;
            }
            LocalOp::Close => drop(
                self.open
                    .remove(&request.file)
                    .ok_or_else(|| errno(libc::EBADF))?,
            ),
            LocalOp::Getattr => answer.attributes = self.file(request)?.file.getattr()?,
            LocalOp::Read => {
                let window = self.window(request)?;
                let open = self.file(request)?;
                if !open.readable {
                    return Err(errno(libc::EBADF));
                }
                let read = open.file.read(request.offset, window)?;
                answer.length = bounded(read.bytes, request)?;
                answer.flags = if read.end_of_file { END_OF_FILE } else { 0 };
                let counter = &self.service.counters.bytes_read;
                counter.fetch_add(answer.length.into(), Ordering::Relaxed);
            }
            LocalOp::Write => {
                let window = self.window(request)?;
                let open = self.file(request)?;
                if !open.writable {
                    return Err(errno(libc::EBADF));
                }
                answer.length = bounded(open.file.write(request.offset, window)?, request)?;
                let counter = &self.service.counters.bytes_written;
                counter.fetch_add(answer.length.into(), Ordering::Relaxed);
            }
            LocalOp::Fsync => self.file(request)?.file.fsync()?,
        }
        Ok(())
    }

    fn open(&mut self, descriptor: &OwnedFd) -> io::Result<(u32, [u8; ATTRIBUTES_BYTES])> {
        if self.open.len() >= self.service.limits.files as usize {
            return Err(errno(libc::EMFILE));
        }
        let what = describe(descriptor.as_fd())?;
        // Before anything else is done with it: behind a descriptor of another file system may be anyone.
        if !self.service.mounts.have(what.device)? {
            return Err(errno(libc::EXDEV));
        }
        if what.kind == libc::S_IFDIR {
            return Err(errno(libc::EISDIR));
        }
        if what.kind != libc::S_IFREG || what.append || !(what.readable || what.writable) {
            return Err(errno(libc::EOPNOTSUPP));
        }
        let file = self.service.files.open(descriptor.as_fd(), &self.peer)?;
        let attributes = file.getattr()?;
        // Not used again soon, so that a program that mixes up its files learns of it.
        while self.last_file == 0 || self.open.contains_key(&self.last_file) {
            self.last_file = self.last_file.wrapping_add(1);
        }
        let open = Open {
            file,
            readable: what.readable,
            writable: what.writable,
        };
        self.open.insert(self.last_file, open);
        Ok((self.last_file, attributes))
    }

    fn file(&self, request: &Request) -> io::Result<&Open> {
        self.open.get(&request.file).ok_or_else(|| errno(libc::EBADF))
    }

    fn window(&self, request: &Request) -> io::Result<Window<'_>> {
        // An offset behind this one is none for any file system; off_t is signed.
        let end = request.offset.checked_add(request.length.into());
        if request.length > self.service.limits.transfer_bytes || end.is_none_or(|end| end > i64::MAX as u64)
        {
            return Err(errno(libc::EINVAL));
        }
        Window::new(&self.memory, request.place, request.length).ok_or_else(|| errno(libc::EINVAL))
    }
}

/// What a file says that it did, which is not more than it was asked for.
fn bounded(bytes: usize, request: &Request) -> io::Result<u32> {
    let bytes = u32::try_from(bytes).map_err(|_| errno(libc::EIO))?;
    if bytes > request.length {
        return Err(errno(libc::EIO));
    }
    Ok(bytes)
}
