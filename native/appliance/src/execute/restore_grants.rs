//! RESTORE GRANTS: what the client still holds of this server's pages, after the files were looked at.

use fsva_channel::grant_word::Access;
use fsva_channel::message::Message;
use fsva_channel::protocol::{MORE, RESTORED_GRANT_BYTES};

use super::invalid;
use crate::claims::{Claims, Unclaimed};
use crate::desk::{Desk, answer_to};
use crate::lent_pages::Held;

/// Waits until it is known which pages are still their files'.
pub fn begin(desk: &mut Desk, request: &Message) -> Result<(), Unclaimed> {
    if desk.looking.is_over() {
        answer(desk, request)
    } else {
        desk.looking.wait(request);
        Ok(())
    }
}

pub fn answer(desk: &mut Desk, request: &Message) -> Result<(), Unclaimed> {
    let claims = Claims::of(request, &desk.channel.borrower)?;
    let filled = fill(desk, request, &claims);
    claims.release(&desk.channel.borrower);
    let answer = filled.ok_or_else(invalid)?;
    desk.answer(answer);
    Ok(())
}

fn fill(desk: &Desk, request: &Message, claims: &Claims) -> Option<Message> {
    let at = claims.first(request.length as usize, Access::Write)?;
    let room = request.length as usize / RESTORED_GRANT_BYTES;
    let held = desk.lent.held();
    let skip = usize::try_from(request.offset).ok()?.min(held.len());
    let listed = &held[skip..held.len().min(skip + room)];
    for (number, held) in listed.iter().enumerate() {
        let entry = encode(held);
        desk.channel
            .region
            .memory
            .copy_in(at + number * RESTORED_GRANT_BYTES, &entry);
    }
    let is_all = skip + listed.len() == held.len();
    Some(Message {
        length: (listed.len() * RESTORED_GRANT_BYTES) as u32,
        flags: if is_all { 0 } else { MORE },
        ..answer_to(request)
    })
}

fn encode(held: &Held) -> [u8; RESTORED_GRANT_BYTES] {
    let mut bytes = [0; RESTORED_GRANT_BYTES];
    bytes[..2].copy_from_slice(&held.reference.index.to_le_bytes());
    bytes[4..8].copy_from_slice(&held.reference.generation.to_le_bytes());
    bytes[8..12].copy_from_slice(&held.handle_index.to_le_bytes());
    bytes[12..16].copy_from_slice(&held.bytes.to_le_bytes());
    bytes[16..].copy_from_slice(&held.offset.to_le_bytes());
    bytes
}
