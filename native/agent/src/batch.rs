//! Requests that are sent together: one publication, and at most one wake-up, for all of them.

use std::ops::Range;
use std::sync::Arc;

use fsva_channel::message::Message;
use fsva_channel::protocol::{ACCESS_READ, ACCESS_WRITE, Op};

use crate::client::Shared;
use crate::error::ClientError;
use crate::file::{File, Stability, checked};
use crate::lent_buffer::LentBuffer;
use crate::link::Link;
use crate::window::{Loaned, Outcome};

/// What became of one request.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Transferred {
    /// Read or written; 0 of a ping.
    pub bytes: usize,
    pub end_of_file: bool,
}

enum Item<'a> {
    Ping,
    Read {
        file: &'a File,
        buffer: &'a LentBuffer,
        range: Range<usize>,
        offset: u64,
    },
    Write {
        file: &'a File,
        buffer: &'a LentBuffer,
        range: Range<usize>,
        offset: u64,
    },
}

pub struct Batch<'a> {
    shared: &'a Shared,
    items: Vec<Item<'a>>,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(shared: &'a Shared) -> Batch<'a> {
        Batch {
            shared,
            items: Vec::new(),
        }
    }

    pub fn ping(&mut self) {
        self.items.push(Item::Ping);
    }

    /// As `File::read`.
    pub fn read(&mut self, file: &'a File, buffer: &'a LentBuffer, range: Range<usize>, offset: u64) {
        self.items.push(Item::Read {
            file,
            buffer,
            range,
            offset,
        });
    }

    /// As `File::write`.
    pub fn write(&mut self, file: &'a File, buffer: &'a LentBuffer, range: Range<usize>, offset: u64) {
        self.items.push(Item::Write {
            file,
            buffer,
            range,
            offset,
        });
    }

    /// Sends all and waits for all; the results in the order of the requests. They may be executed in any order.
    pub fn run(self) -> Vec<Result<Transferred, ClientError>> {
        let link = self.shared.link();
        let at_once = (link.region.map.geometry.responses as usize / 2).max(1);
        let mut results = Vec::with_capacity(self.items.len());
        for items in self.items.chunks(at_once) {
            let prepared: Vec<_> = items.iter().map(|item| prepare(item, &link)).collect();
            let mut requests = Vec::with_capacity(items.len());
            let mut refused = Vec::with_capacity(items.len());
            for one in prepared {
                refused.push(match one {
                    Ok(request) => {
                        requests.push(request);
                        None
                    }
                    Err(error) => Some(error),
                });
            }
            let mut outcomes = link.call_all(requests, self.shared.deadline).into_iter();
            for (item, refused) in items.iter().zip(refused) {
                results.push(match refused {
                    Some(error) => Err(error),
                    None => outcomes
                        .next()
                        .unwrap_or(Err(ClientError::Nonsense("an answer less than asked for")))
                        .and_then(|answer| finish(item, Ok(answer))),
                });
            }
        }
        results
    }
}

fn prepare(item: &Item<'_>, link: &Arc<Link>) -> Result<(Message, Loaned), ClientError> {
    let (op, access, (file, buffer, range, offset)) = match item {
        Item::Ping => {
            let null = Message {
                op: Op::Null as u16,
                ..Message::default()
            };
            return Ok((null, None));
        }
        Item::Read {
            file,
            buffer,
            range,
            offset,
        } => (Op::Read, ACCESS_READ, (file, buffer, range, offset)),
        Item::Write {
            file,
            buffer,
            range,
            offset,
        } => (Op::Write, ACCESS_WRITE, (file, buffer, range, offset)),
    };
    file.may(access)?;
    let (at, index) = file.current()?;
    if !Arc::ptr_eq(&at, link) {
        return Err(ClientError::RegionLost);
    }
    let stability = Stability::Unstable as u16;
    file.prepare(link, index, op, stability, buffer, range.clone(), *offset)
}

fn finish(item: &Item<'_>, outcome: Outcome) -> Result<Transferred, ClientError> {
    let answer = outcome?;
    match item {
        Item::Ping => checked(answer, "the null call").map(|_| Transferred::default()),
        Item::Read { file, range, .. } => file.read_result(answer, range.len()).map(|read| Transferred {
            bytes: read.bytes,
            end_of_file: read.end_of_file,
        }),
        Item::Write { file, range, .. } => {
            file.write_result(answer, range.len()).map(|written| Transferred {
                bytes: written.bytes,
                end_of_file: false,
            })
        }
    }
}
