//! Whether a write has happened already, as far as the file can tell.

use fsva_core::call::{Call, Output, UntrustedHandle};
use fsva_core::engine::Operation;
use fsva_core::operations::read::Read;

use crate::pieces_unsafe::{Pieces, over_private};

const STEP_BYTES: usize = 64 << 10;

/// Whether the file has these bytes at this offset. False also if that can't be found out.
pub fn is_already_there(call: &Call<'_>, file: &UntrustedHandle, offset: u64, wanted: &Pieces) -> bool {
    let mut found = vec![0; STEP_BYTES];
    let mut asked = vec![0; STEP_BYTES];
    let mut offset = offset;
    for (at, bytes) in wanted.places() {
        let mut done = 0;
        while done < *bytes {
            let count = STEP_BYTES.min(bytes - done);
            if !reads(call, file, offset, &mut found[..count]) {
                return false;
            }
            wanted.memory().copy_out(at + done, &mut asked[..count]);
            if found[..count] != asked[..count] {
                return false;
            }
            done += count;
            offset = offset.saturating_add(count as u64);
        }
    }
    true
}

/// Fills all of it, or says false.
fn reads(call: &Call<'_>, file: &UntrustedHandle, offset: u64, into: &mut [u8]) -> bool {
    let mut reply = fsva_core::engine::Reply::default();
    let mut output = Output {
        answer: &mut reply.answer,
        bytes: &mut reply.bytes,
    };
    let wanted = into.len();
    let read = over_private(into, |buffer| {
        let read = Read {
            file: *file,
            offset,
            buffer,
            inline_max: wanted,
        };
        read.run(call, &mut output)
    });
    read.is_ok() && reply.answer.count as usize == wanted
}
