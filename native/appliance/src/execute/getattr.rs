//! GETATTR, as of RFC 1813, into granted memory.

use fsva_channel::grant_word::Access;
use fsva_channel::message::Message;
use fsva_channel::protocol::{ATTRIBUTES_BYTES, Op};
use fsva_core::answer::Answer;
use fsva_core::operations::getattr::Getattr;

use super::{attribute_bytes, file_of, invalid, pending};
use crate::claims::{Claims, Unclaimed};
use crate::desk::Desk;
use crate::under_way::Pending;

pub fn begin(desk: &mut Desk, request: &Message) -> Result<(), Unclaimed> {
    let (object, caller) = file_of(desk, request, 0)?;
    let claims = Claims::of(request, &desk.channel.borrower)?;
    if claims.first(ATTRIBUTES_BYTES, Access::Write).is_none() {
        claims.release(&desk.channel.borrower);
        return Err(invalid());
    }
    desk.start(caller, Getattr { object }, pending(Op::Getattr, request, claims))
}

pub fn finish(desk: &mut Desk, pending: &Pending, result: &Answer, answer: &mut Message) {
    if let Some(at) = pending.claims.first(ATTRIBUTES_BYTES, Access::Write) {
        let bytes = attribute_bytes(&result.object);
        desk.channel.region.memory.copy_in(at, &bytes);
        answer.length = bytes.len() as u32;
    }
}
