//! A program's connection to the agent of its machine.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

use fsva_agent::local::frames::{
    ANSWER_BYTES, Answer, HELLO_BYTES, HELLO_MAGIC, Hello, LocalOp, Request, VERSION,
};
use fsva_agent::local::packets_unsafe::PacketSocket;
use fsva_channel::memfd_unsafe::{Backing, backing};
use fsva_channel::region_unsafe::Memory;

fn errno(number: i32) -> io::Error {
    io::Error::from_raw_os_error(number)
}

/// An agent that says nothing for so long is none.
const AGENT_PATIENCE: Duration = Duration::from_secs(5);

/// Usable from several threads. Requests go one after the other; what is done with their data in the memory does not wait
/// for that. Not to be used by both sides of a fork.
#[derive(Debug)]
pub struct Connection {
    /// Locked from a request to its answer. The number of the last request.
    calls: Mutex<u64>,
    socket: PacketSocket,
    lost: AtomicBool,
    memory: Memory,
    transfer_bytes: u32,
    /// A bit per place in the memory; 1: free.
    places: Mutex<u64>,
    place_free: Condvar,
}

/// A part of the connection's memory, as large as the largest transfer, that nobody else uses meanwhile.
#[derive(Debug)]
pub struct Place<'connection> {
    connection: &'connection Connection,
    number: u32,
}

impl Connection {
    /// Errors: those of connect(2), with ENOTCONN if there is no agent, or one that does not answer; EUSERS if too many programs
    /// are connected, EPROTO if that is no agent of this version.
    pub fn connect(socket: &Path) -> io::Result<Connection> {
        let nobody = |error: io::Error| match error.raw_os_error() {
            Some(libc::ENOENT | libc::ECONNREFUSED | libc::EAGAIN | libc::ECONNRESET) => {
                errno(libc::ENOTCONN)
            }
            _ => error,
        };
        let socket = PacketSocket::connect(socket, AGENT_PATIENCE).map_err(nobody)?;
        let mut bytes = [0; HELLO_BYTES];
        let packet = socket.receive(&mut bytes).map_err(nobody)?;
        let packet = packet.ok_or_else(|| errno(libc::ENOTCONN))?;
        // From here on it is the server that may take its time, and what it was told to write must not happen later than
        // anybody waits for.
        socket.set_patience(Duration::ZERO)?;
        let hello = Hello::decode(&bytes);
        if packet.bytes != HELLO_BYTES || hello.magic != HELLO_MAGIC || hello.version != VERSION {
            return Err(errno(libc::EPROTO));
        }
        if hello.status != 0 {
            return Err(errno(hello.status.cast_signed()));
        }
        let file = packet.descriptor.ok_or_else(|| errno(libc::EPROTO))?;
        let sealed = backing(file.as_fd())? == Backing::Sealed(hello.memory_bytes.into());
        if !sealed || hello.transfer_bytes == 0 || hello.transfer_bytes > hello.memory_bytes {
            return Err(errno(libc::EPROTO));
        }
        let places = (hello.memory_bytes / hello.transfer_bytes).min(64);
        Ok(Connection {
            calls: Mutex::new(0),
            socket,
            lost: AtomicBool::new(false),
            memory: Memory::map(file.as_fd(), 0, hello.memory_bytes as usize)?,
            transfer_bytes: hello.transfer_bytes,
            places: Mutex::new(u64::MAX >> (64 - places)),
            place_free: Condvar::new(),
        })
    }

    /// What requests read into and write from. The agent writes there when it is asked to, and only then.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// More is not read or written at once, and a place has that many bytes.
    pub fn transfer_bytes(&self) -> u32 {
        self.transfer_bytes
    }

    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// Ends it now: the agent closes the files, and requests fail.
    pub fn end(&self) {
        self.lost.store(true, Ordering::Release);
        self.socket.shut_down();
    }

    /// Waits until there is one.
    pub fn place(&self) -> Place<'_> {
        let free = self.places.lock().expect("no holder panics");
        let mut free = self
            .place_free
            .wait_while(free, |free| *free == 0)
            .expect("no holder panics");
        let number = free.trailing_zeros();
        *free &= !(1 << number);
        Place {
            connection: self,
            number,
        }
    }

    /// The agent's answer. ENOTCONN: it is gone, and will not be back on this connection; whether the request was executed
    /// is not known.
    pub fn call(
        &self,
        op: LocalOp,
        what: &Request,
        descriptor: Option<BorrowedFd<'_>>,
    ) -> io::Result<Answer> {
        let last = self.calls.lock().expect("no holder panics");
        if self.is_lost() {
            return Err(errno(libc::ENOTCONN));
        }
        let answer = self.exchange(last, op, what, descriptor).inspect_err(|_| {
            // Answers would not fit to requests any more.
            self.end();
        });
        let answer = answer.map_err(|_| errno(libc::ENOTCONN))?;
        match answer.status {
            0 => Ok(answer),
            status => Err(errno(status.cast_signed())),
        }
    }

    fn exchange(
        &self,
        mut last: MutexGuard<'_, u64>,
        op: LocalOp,
        what: &Request,
        descriptor: Option<BorrowedFd<'_>>,
    ) -> io::Result<Answer> {
        *last += 1;
        let request = Request {
            op: op as u16,
            id: *last,
            ..*what
        };
        self.socket.send(&request.encode(), descriptor)?;
        let mut bytes = [0; ANSWER_BYTES];
        let packet = self.socket.receive(&mut bytes)?;
        let answer = Answer::decode(&bytes);
        let fits = packet.is_some_and(|packet| packet.bytes == ANSWER_BYTES && !packet.excess)
            && (answer.op, answer.id) == (request.op, request.id)
            && answer.length <= request.length;
        if fits {
            Ok(answer)
        } else {
            Err(errno(libc::EPROTO))
        }
    }
}

impl Place<'_> {
    /// In the memory, in bytes.
    pub fn at(&self) -> u32 {
        self.number * self.connection.transfer_bytes
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.connection.places.lock().expect("no holder panics") |= 1 << self.number;
        self.connection.place_free.notify_one();
    }
}
