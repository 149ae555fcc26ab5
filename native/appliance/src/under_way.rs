//! Requests that threads of an export work on.

use std::time::SystemTime;

use fsva_channel::message::Message;
use fsva_channel::protocol::Op;

use crate::claims::Claims;
use crate::mailbox::FileKey;
use crate::open_files::OpenFile;

/// One of them, and what it needs when its result comes.
pub struct Pending {
    pub op: Op,
    pub request: Message,
    /// The client's process that asked.
    pub process: u64,
    pub claims: Claims,
    pub stage: Stage,
}

pub enum Stage {
    Plain,
    /// What is open if the result is good.
    Opening(Box<OpenFile>),
    /// It is open already: a predecessor of this process opened it, and did not come to answer.
    Opened(u32),
    /// Pages that are being filled.
    Loading {
        load: u32,
        /// Before the file was looked at.
        asked: SystemTime,
        local: bool,
    },
    /// Nobody asked: is this file as it was when it was lent?
    Looking(FileKey),
}

/// Bounded: as many as a client may have unanswered, and as many of its process before.
pub struct UnderWay {
    tickets: Vec<Option<Pending>>,
    free: Vec<u32>,
    /// Request id and process, by id modulo the length, a power of two.
    ids: Vec<(u64, u64)>,
    /// Last answers and their processes, likewise: for a client that sends again to the same process of this server.
    answers: Vec<(Message, u64)>,
}

/// What is known of a request that comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Known {
    No,
    /// It came before, and its answer will come.
    UnderWay,
    /// Another one has its place, which an honest client does not use again before it has that one's answer.
    Overtaken,
}

impl UnderWay {
    pub fn new(responses: u64) -> UnderWay {
        let count = 2 * responses as u32;
        UnderWay {
            tickets: (0..count).map(|_| None).collect(),
            free: (0..count).rev().collect(),
            ids: vec![(0, 0); responses as usize],
            answers: vec![(Message::default(), 0); responses as usize],
        }
    }

    /// The ticket that the next `insert` will have.
    pub fn next(&self) -> Option<u32> {
        self.free.last().copied()
    }

    pub fn insert(&mut self, pending: Pending) {
        if let Some(ticket) = self.free.pop() {
            let id = pending.request.request_id;
            let place = self.place(id);
            // What nobody asked for has no id.
            if id != 0 {
                self.ids[place] = (id, pending.process);
            }
            self.tickets[ticket as usize] = Some(pending);
        }
    }

    pub fn take(&mut self, ticket: u32) -> Option<Pending> {
        let pending = self.tickets[ticket as usize].take()?;
        self.free.push(ticket);
        let place = self.place(pending.request.request_id);
        if self.ids[place] == (pending.request.request_id, pending.process) {
            self.ids[place] = (0, 0);
        }
        Some(pending)
    }

    pub fn answered(&mut self, answer: &Message, process: u64) {
        let place = self.place(answer.request_id);
        self.answers[place] = (*answer, process);
    }

    /// What this process has answered to it before.
    pub fn answer_to(&self, request_id: u64, process: u64) -> Option<Message> {
        let (answer, of) = self.answers[self.place(request_id)];
        ((answer.request_id, of) == (request_id, process)).then_some(answer)
    }

    pub fn len(&self) -> usize {
        self.tickets.len() - self.free.len()
    }

    pub fn find(&self, request_id: u64, process: u64) -> Known {
        match self.ids[self.place(request_id)] {
            (id, of) if (id, of) == (request_id, process) => Known::UnderWay,
            (id, of) if id != 0 && of == process => Known::Overtaken,
            _ => Known::No,
        }
    }

    fn place(&self, request_id: u64) -> usize {
        (request_id & (self.ids.len() as u64 - 1)) as usize
    }
}
