use crate::call::{Call, DEFER, Opened, Output, UntrustedHandle};
use crate::engine::Operation;
use crate::errno::{Errno, Result};
use crate::export_policy::Access;
use crate::foreign_buffer_unsafe::ForeignBuffer;
use crate::object::DataAccess;
use crate::syscalls_unsafe as sys;

/// Copying more than this takes longer than a hundred small calls do, which would wait for it on the event loop.
pub const EVENT_LOOP_BYTES_MAX: usize = 256 << 10;

/// RFC 1813, section 3.3.6. `count` of the answer is the number of bytes, `flags` 1 at the end of the file.
pub struct Read {
    pub file: UntrustedHandle,
    pub offset: u64,
    pub buffer: ForeignBuffer,
    /// More bytes than this are copied by a thread of their own: EVENT_LOOP_BYTES_MAX where others wait for this one.
    pub inline_max: usize,
}

impl Operation for Read {
    const INLINE: bool = true;

    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.file)
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        let opened = call.open(&self.file, Access::Read)?;
        // From before the read: attributes newer than the data would make the client keep old data as current.
        let stat = opened.stat()?;
        output.answer.object = opened.attributes_of(&stat);
        require_regular(&opened)?;
        // Execute permission will do: the client reads a program in order to run it.
        opened.permit_data(&stat, &[libc::R_OK, libc::X_OK])?;
        // Nothing lies beyond what a signed offset can say.
        let wanted = (i64::MAX as u64)
            .saturating_sub(self.offset)
            .min(self.buffer.len() as u64) as usize;
        let (count, ended) = match wanted {
            0 => (0, false),
            _ if call.inline => (self.read_cached(&opened, wanted, stat.stx_size)?, false),
            _ => self.read(&opened, wanted)?,
        };
        output.answer.count = count as u32;
        // Also where it ends before the size of a moment ago: a client takes nothing at all, and no end, for an error.
        let at_end = ended || self.offset.saturating_add(count as u64) >= stat.stx_size;
        output.answer.flags = u32::from(at_end);
        Ok(())
    }
}

/// What READ, WRITE and COMMIT say of other objects.
pub(super) fn require_regular(opened: &Opened) -> Result<()> {
    match opened.object.format {
        libc::S_IFREG => Ok(()),
        libc::S_IFDIR => Err(Errno::ISDIR),
        _ => Err(Errno::INVAL),
    }
}

impl Read {
    /// From memory or not at all.
    fn read_cached(&self, opened: &Opened, wanted: usize, size: u64) -> Result<usize> {
        let file = opened.object.opened(DataAccess::Read).ok_or(DEFER)?;
        // No further than the end: beyond it, a page that was only written in part would have to be read from disk.
        let there = size.saturating_sub(self.offset).min(wanted as u64) as usize;
        if there == 0 {
            return Ok(0);
        }
        if there > self.inline_max {
            return Err(DEFER);
        }
        // tmpfs is memory and knows no RWF_NOWAIT.
        let flags = if opened.object.filesystem.type_name == "tmpfs" {
            0
        } else {
            libc::RWF_NOWAIT
        };
        match sys::pread(file, &self.buffer, 0..there, self.offset, flags) {
            Ok(count) if count == there => Ok(count),
            // The rest is not in memory, or has just been cut off: once more where it may block.
            Ok(_) => Err(DEFER),
            Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::INTR) => Err(DEFER),
            Err(errno) => Err(errno),
        }
    }

    /// How many bytes, and whether the file was seen to end there.
    fn read(&self, opened: &Opened, wanted: usize) -> Result<(usize, bool)> {
        let file = opened.object.open(DataAccess::Read, &opened.credentials)?;
        let mut done = 0;
        while done < wanted {
            match sys::pread(file, &self.buffer, done..wanted, self.offset + done as u64, 0) {
                Ok(0) => return Ok((done, true)),
                Ok(count) => done += count,
                Err(Errno::INTR) => {}
                Err(errno) if done == 0 => return Err(errno),
                Err(_) => break,
            }
        }
        Ok((done, false))
    }
}
