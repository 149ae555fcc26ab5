//! Calls for threads that must not wait: they look for the answer for a moment, and are told of it otherwise.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use fsva_channel::grant_word::Access;
use fsva_channel::message::Message;
use fsva_channel::protocol::{ACCESS_READ, ACCESS_WRITE, ATTRIBUTES_BYTES, Op};

use crate::attributes::Attributes;
use crate::client::Client;
use crate::error::ClientError;
use crate::file::{File, ReadResult, Stability, WriteResult, checked, lend, read_attributes};
use crate::lent_buffer::LentBuffer;
use crate::link::Glance;

/// Told once, on this thread or another, which must not be held up. Besides what the waiting calls say there are
/// `Busy`, and EBADF and `RegionLost` for a file that has to be opened again: the waiting call does that.
pub type Done<T> = Box<dyn FnOnce(Result<T, ClientError>) + Send>;

/// How long this thread looks for the answer, unless `is_over` says before that it has it.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    pub time: Duration,
    pub is_over: &'a dyn Fn() -> bool,
}

impl Look<'_> {
    fn glance(&self) -> Glance<'_> {
        Glance {
            time: self.time,
            is_over: self.is_over,
        }
    }
}

impl Client {
    /// As `ping`. An error: it will not be told.
    pub fn ping_later(&self, done: Done<()>, look: Look<'_>) -> Result<(), ClientError> {
        let null = Message {
            op: Op::Null as u16,
            ..Message::default()
        };
        let finish = |answer| checked(answer, "the null call").map(drop);
        let callback = Box::new(move |outcome: Result<_, _>| done(outcome.and_then(finish)));
        let shared = self.shared();
        shared
            .link()
            .call_back(null, None, callback, shared.deadline, &look.glance())
    }
}

impl File {
    /// As `read`. An error: it will not be told.
    pub fn read_later(
        self: &Arc<Self>,
        buffer: &LentBuffer,
        range: Range<usize>,
        offset: u64,
        done: Done<ReadResult>,
        look: Look<'_>,
    ) -> Result<(), ClientError> {
        self.may(ACCESS_READ)?;
        let (link, index) = self.current_now()?;
        let asked = range.len();
        let (message, loaned) = self.prepare(&link, index, Op::Read, 0, buffer, range, offset)?;
        let file = self.clone();
        let callback = Box::new(move |outcome: Result<_, _>| {
            done(outcome.and_then(|answer| file.read_result(answer, asked)))
        });
        link.call_back(message, loaned, callback, self.shared.deadline, &look.glance())
    }

    /// As `write_with`. An error: it will not be told.
    pub fn write_later(
        self: &Arc<Self>,
        buffer: &LentBuffer,
        range: Range<usize>,
        offset: u64,
        stability: Stability,
        done: Done<WriteResult>,
        look: Look<'_>,
    ) -> Result<(), ClientError> {
        self.may(ACCESS_WRITE)?;
        let (link, index) = self.current_now()?;
        let asked = range.len();
        let flags = stability as u16;
        let (message, loaned) = self.prepare(&link, index, Op::Write, flags, buffer, range, offset)?;
        let file = self.clone();
        let callback = Box::new(move |outcome: Result<_, _>| {
            done(outcome.and_then(|answer| file.write_result(answer, asked)))
        });
        link.call_back(message, loaned, callback, self.shared.deadline, &look.glance())
    }

    /// As `getattr`. An error: it will not be told.
    pub fn getattr_later(
        self: &Arc<Self>,
        done: Done<Attributes>,
        look: Look<'_>,
    ) -> Result<(), ClientError> {
        let (link, index) = self.current_now()?;
        let mut message = Message {
            op: Op::Getattr as u16,
            handle_index: index,
            ..Message::default()
        };
        let pages = link.lending.allocate(ATTRIBUTES_BYTES as u32)?;
        let loaned = lend(&link, &mut message, &pages, 0..ATTRIBUTES_BYTES, Access::Write)?;
        let file = self.clone();
        let finish = move |answer: Message| {
            let answer = checked(answer, "asking for attributes")?;
            file.heard(read_attributes(&pages, answer.length)?)
        };
        let callback = Box::new(move |outcome: Result<_, _>| done(outcome.and_then(finish)));
        link.call_back(message, loaned, callback, self.shared.deadline, &look.glance())
    }
}
