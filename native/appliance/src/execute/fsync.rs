//! FSYNC: COMMIT of RFC 1813. As there, the whole file is made stable, whatever range was asked for.

use fsva_channel::message::Message;
use fsva_channel::protocol::{ACCESS_WRITE, Op};
use fsva_core::answer::Answer;
use fsva_core::operations::commit::Commit;

use super::{file_of, pending};
use crate::claims::{Claims, Unclaimed};
use crate::desk::Desk;

pub fn begin(desk: &mut Desk, request: &Message) -> Result<(), Unclaimed> {
    let (file, caller) = file_of(desk, request, ACCESS_WRITE)?;
    desk.start(
        caller,
        Commit { file },
        pending(Op::Fsync, request, Claims::default()),
    )
}

pub fn finish(result: &Answer, answer: &mut Message) {
    answer.offset = u64::from_le_bytes(result.verifier);
}
