//! Connections that have not said their frame yet.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use fsva_channel::frame::{Frame, FrameReader};

use crate::rendezvous::{HELLO_MAX, Peer};

/// Of all peers, and of one address: an honest one speaks at once, and has one connection.
const PENDING_MAX: usize = 64;
const PENDING_PER_PEER_MAX: usize = 4;

pub(crate) struct Pending {
    pub stream: OwnedFd,
    pub peer: Peer,
    reader: FrameReader,
    deadline: Instant,
}

impl Pending {
    pub fn new(stream: OwnedFd, peer: Peer) -> Pending {
        Pending {
            stream,
            peer,
            reader: FrameReader::default(),
            deadline: Instant::now() + HELLO_MAX,
        }
    }

    /// None: not all of it is there.
    pub fn read(&mut self) -> io::Result<Option<Frame>> {
        self.reader.read(self.stream.as_fd())
    }
}

/// In the order in which they came.
#[derive(Default)]
pub(crate) struct Waiting {
    connections: Vec<Pending>,
}

impl Waiting {
    /// The one that has to go for it: the oldest of the same peer if that has too many, else the oldest of all. Who speaks
    /// at once is gone from here before.
    pub fn add(&mut self, connection: Pending) -> Option<Pending> {
        let key = connection.peer.key();
        let of_same = |pending: &&Pending| pending.peer.key() == key;
        let displaced = if self.connections.iter().filter(of_same).count() >= PENDING_PER_PEER_MAX {
            self.connections
                .iter()
                .position(|pending| pending.peer.key() == key)
        } else {
            (self.connections.len() >= PENDING_MAX).then_some(0)
        };
        let displaced = displaced.map(|at| self.connections.remove(at));
        self.connections.push(connection);
        displaced
    }

    /// Of one that has said something more, but not all.
    pub fn put_back(&mut self, connection: Pending) {
        let at = self
            .connections
            .partition_point(|other| other.deadline <= connection.deadline);
        self.connections.insert(at, connection);
    }

    pub fn streams(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.connections
            .iter()
            .map(|connection| connection.stream.as_fd())
    }

    /// Those that `spoke` says, which is in the order of `streams`.
    pub fn take_spoken(&mut self, spoke: &[bool]) -> Vec<Pending> {
        let mut at = 0;
        let is_taken = |_: &mut Pending| {
            at += 1;
            spoke.get(at - 1).copied().unwrap_or(false)
        };
        self.connections.extract_if(.., is_taken).collect()
    }

    pub fn take_late(&mut self, now: Instant) -> Vec<Pending> {
        self.connections
            .extract_if(.., |connection| connection.deadline <= now)
            .collect()
    }

    /// None: nobody waits.
    pub fn next_deadline(&self) -> Option<Duration> {
        let first = self.connections.first()?;
        Some(first.deadline.saturating_duration_since(Instant::now()))
    }
}
