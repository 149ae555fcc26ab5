//! WRITE, as of RFC 1813, from granted memory.

use fsva_channel::broken::Broken;
use fsva_channel::grant_word;
use fsva_channel::happened_mark::HappenedMark;
use fsva_channel::message::Message;
use fsva_channel::protocol::{ACCESS_WRITE, Op};
use fsva_channel::region_unsafe::Memory;
use fsva_core::answer::Answer;
use fsva_core::call::{Call, Output, UntrustedHandle};
use fsva_core::engine::Operation;
use fsva_core::errno::Result;
use fsva_core::export_policy::Access;
use fsva_core::operations::commit::Commit;
use fsva_core::operations::write::{Stable, Write};

use super::{Earlier, TRANSFER_MAX, file_of, invalid, pending};
use crate::claims::{Claims, Unclaimed};
use crate::desk::Desk;
use crate::mailbox::FileKey;
use crate::pieces_unsafe::Pieces;
use crate::same_bytes::is_already_there;

/// The core's WRITE, once for each piece of memory.
struct WritePieces {
    file: UntrustedHandle,
    offset: u64,
    from: Pieces,
    stable: Stable,
    earlier: Earlier,
    happened: Option<HappenedMark<Memory>>,
}

impl Operation for WritePieces {
    const ACCESS: Access = Access::Mutate;

    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.file)
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        let has_happened = match self.earlier {
            Earlier::Nothing => false,
            // Nothing but the file itself can tell.
            Earlier::Begun => is_already_there(call, &self.file, self.offset, &self.from),
            // What is there now may be somebody else's, who wrote later.
            Earlier::Happened => true,
        };
        if has_happened {
            self.mark();
            return self.confirm(call, output);
        }
        let mut done = 0;
        let mut verifier = None;
        for data in self.from.bytes() {
            let wanted = data.len();
            let write = Write {
                file: self.file,
                offset: self.offset.saturating_add(done),
                data,
                stable: self.stable,
            };
            match write.run(call, output) {
                Err(errno) if done == 0 => return Err(errno),
                // The client sends the rest again and hears the error then.
                Err(_) => break,
                Ok(()) => {}
            }
            // The oldest: if data were lost since, the next one differs, and the client sends all of it again.
            verifier.get_or_insert(output.answer.verifier);
            done += u64::from(output.answer.count);
            if (output.answer.count as usize) < wanted {
                break;
            }
        }
        if done == self.from.total() as u64 {
            self.mark();
        }
        output.answer.count = done as u32;
        output.answer.flags = self.stable as u32;
        output.answer.verifier = verifier.unwrap_or_default();
        Ok(())
    }
}

impl WritePieces {
    /// All of it is there: whatever happens to this process, it is not written again.
    fn mark(&self) {
        if let Some(mark) = &self.happened {
            mark.set();
        }
    }

    /// Answers as if it had been written just now. A second write would change nothing but the times.
    fn confirm(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        let opened = call.open(&self.file, Access::Mutate)?;
        opened.permit_data(&opened.stat()?, &[libc::W_OK])?;
        opened.object.mark_unstable();
        if self.stable == Stable::Unstable {
            output.answer.verifier = call.engine.verifier.get();
        } else {
            Commit { file: self.file }.run(call, output)?;
        }
        output.answer.count = self.from.total() as u32;
        output.answer.flags = self.stable as u32;
        Ok(())
    }
}

pub fn begin(desk: &mut Desk, request: &Message, earlier: Earlier) -> std::result::Result<(), Unclaimed> {
    let stable = match request.flags {
        0 => Stable::Unstable,
        1 => Stable::DataSync,
        2 => Stable::FileSync,
        _ => return Err(invalid()),
    };
    if request.length > TRANSFER_MAX {
        return Err(invalid());
    }
    let (file, caller) = file_of(desk, request, ACCESS_WRITE)?;
    let claims = Claims::of(request, &desk.channel.borrower)?;
    let memory = &desk.channel.region.memory;
    let Some(from) = claims.pieces(memory, request.length, grant_word::Access::Read) else {
        claims.release(&desk.channel.borrower);
        return Err(invalid());
    };
    let write = WritePieces {
        file,
        offset: request.offset,
        from,
        stable,
        earlier,
        happened: desk
            .channel
            .responses
            .as_ref()
            .map(|responses| responses.mark(request.request_id)),
    };
    desk.start(caller, write, pending(Op::Write, request, claims))
}

pub fn finish(desk: &mut Desk, result: &Answer, answer: &mut Message) -> std::result::Result<(), Broken> {
    // At once, and not when somebody has noticed: whoever has the answer finds no page of before.
    if result.object.present == 1 {
        desk.file_changed(FileKey::of(&result.object))?;
    }
    desk.shared.counters.bytes_written.add(u64::from(result.count));
    answer.length = result.count;
    answer.flags = result.flags as u16;
    answer.offset = u64::from_le_bytes(result.verifier);
    Ok(())
}
