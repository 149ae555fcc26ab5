//! READ, as of RFC 1813, into granted memory: the kernel copies from its page cache, or the disk, straight to there.

use fsva_channel::grant_word;
use fsva_channel::message::Message;
use fsva_channel::protocol::{ACCESS_READ, END_OF_FILE, Op};
use fsva_core::answer::Answer;
use fsva_core::call::{Call, DEFER, Output, UntrustedHandle};
use fsva_core::engine::Operation;
use fsva_core::errno::Result;
use fsva_core::operations::read::Read;

use super::{TRANSFER_MAX, file_of, invalid, pending};
use crate::claims::{Claims, Unclaimed};
use crate::desk::Desk;
use crate::pieces_unsafe::Pieces;

/// More than that is copied by another thread, while this one goes on with other requests.
const INLINE_MAX: usize = 1 << 20;

/// The core's READ, once for each piece of memory. The answer's attributes are from before the first.
pub struct ReadPieces {
    pub file: UntrustedHandle,
    pub offset: u64,
    pub into: Pieces,
}

impl Operation for ReadPieces {
    const INLINE: bool = true;

    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.file)
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        if call.inline && self.into.total() > INLINE_MAX {
            return Err(DEFER);
        }
        let mut done = 0;
        let mut attributes = None;
        for buffer in self.into.buffers() {
            let wanted = buffer.len();
            let read = Read {
                file: self.file,
                offset: self.offset.saturating_add(done),
                buffer,
                // Of all pieces together.
                inline_max: INLINE_MAX,
            };
            match read.run(call, output) {
                Err(errno) if done == 0 || errno == DEFER => return Err(errno),
                // What was read is answered; who reads on hears of the error.
                Err(_) => {
                    output.answer.flags = 0;
                    break;
                }
                Ok(()) => {}
            }
            attributes.get_or_insert(output.answer.object);
            done += u64::from(output.answer.count);
            if (output.answer.count as usize) < wanted {
                break;
            }
        }
        output.answer.object = attributes.unwrap_or_default();
        output.answer.count = done as u32;
        Ok(())
    }
}

pub fn begin(desk: &mut Desk, request: &Message) -> std::result::Result<(), Unclaimed> {
    if request.length > TRANSFER_MAX {
        return Err(invalid());
    }
    let (file, caller) = file_of(desk, request, ACCESS_READ)?;
    let claims = Claims::of(request, &desk.channel.borrower)?;
    let memory = &desk.channel.region.memory;
    let Some(into) = claims.pieces(memory, request.length, grant_word::Access::Write) else {
        claims.release(&desk.channel.borrower);
        return Err(invalid());
    };
    let read = ReadPieces {
        file,
        offset: request.offset,
        into,
    };
    desk.start(caller, read, pending(Op::Read, request, claims))
}

pub fn finish(desk: &mut Desk, result: &Answer, answer: &mut Message) {
    desk.shared.counters.bytes_read.add(u64::from(result.count));
    answer.length = result.count;
    if result.flags & 1 != 0 {
        answer.flags = END_OF_FILE;
    }
}
