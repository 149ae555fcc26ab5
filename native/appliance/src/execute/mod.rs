//! The operations of the protocol, one per file: `begin` checks a request and starts it, `finish` makes its answer.

mod evict_page;
mod fsync;
mod getattr;
mod inspect;
pub mod map_page;
mod open;
mod read;
mod release;
pub mod restore_grants;
mod unmap_page;
mod write;

use fsva_channel::broken::Broken;
use fsva_channel::message::Message;
use fsva_channel::protocol::{ATTRIBUTES_BYTES, Op};
use fsva_core::answer::{Answer, Attributes};
use fsva_core::caller::CallerId;
use fsva_core::errno::Errno;

use crate::claims::{Claims, Unclaimed};
use crate::desk::{Desk, answer_to};
use crate::under_way::{Pending, Stage};

/// Bytes that one READ or WRITE may carry.
const TRANSFER_MAX: u32 = 4 << 20;

/// What a predecessor of this process, which was killed, has left of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Earlier {
    Nothing,
    /// It may or may not have happened.
    Begun,
    Happened,
}

pub fn begin(desk: &mut Desk, op: Op, request: &Message, earlier: Earlier) -> Result<(), Unclaimed> {
    match op {
        Op::Open => open::begin(desk, request, earlier),
        Op::Release => release::begin(desk, request, earlier),
        Op::Getattr => getattr::begin(desk, request),
        Op::Read => read::begin(desk, request),
        Op::Write => write::begin(desk, request, earlier),
        Op::Fsync => fsync::begin(desk, request),
        Op::MapPage => map_page::begin(desk, request),
        Op::UnmapPage => unmap_page::begin(desk, request),
        Op::RestoreGrants => restore_grants::begin(desk, request),
        Op::EvictPage => evict_page::begin(desk, request),
        _ => Err(Unclaimed::Errno(Errno::NOSYS)),
    }
}

/// Ends the request's claims, and answers it unless there is more to do for it.
pub fn finish(desk: &mut Desk, mut pending: Pending, result: &Answer) -> Result<(), Broken> {
    match pending.stage {
        Stage::Loading { .. } => return map_page::loaded(desk, &pending.request, &pending.stage, result),
        Stage::Looking(file) => return desk.looked(file, result),
        Stage::Plain if pending.op == Op::MapPage && result.status == 0 => {
            return map_page::looked(desk, pending, result);
        }
        _ => {}
    }
    let mut answer = answer_to(&pending.request);
    answer.status = result.status;
    if result.status != 0 {
        if let Stage::Opened(handle_index) = pending.stage {
            // It can't be used, and nobody would ever release it.
            let _ = desk.open_files.release(handle_index);
        }
    } else {
        match pending.op {
            Op::Open => open::finish(desk, &mut pending, result, &mut answer),
            Op::Getattr => getattr::finish(desk, &pending, result, &mut answer),
            Op::Read => read::finish(desk, result, &mut answer),
            Op::Write => write::finish(desk, result, &mut answer)?,
            Op::Fsync => fsync::finish(result, &mut answer),
            Op::EvictPage => evict_page::finish(desk, &pending.request, result),
            _ => {}
        }
    }
    pending.claims.release(&desk.channel.borrower);
    desk.answer(answer);
    Ok(())
}

/// As `finish`, of a request that nobody waits for any more.
pub fn abandon(desk: &mut Desk, pending: Pending) {
    match pending.stage {
        Stage::Loading { load, .. } => desk.lent.abandon(load),
        Stage::Looking(_) => desk.looking.ended(),
        Stage::Plain | Stage::Opening(_) | Stage::Opened(_) => {}
    }
    pending.claims.release(&desk.channel.borrower);
}

fn pending(op: Op, request: &Message, claims: Claims) -> Pending {
    Pending {
        op,
        request: *request,
        process: 0,
        claims,
        stage: Stage::Plain,
    }
}

/// The handle and the caller of a request about an open file. EBADF if it is not open, or not for this access.
pub fn file_of(
    desk: &mut Desk,
    request: &Message,
    access: u32,
) -> Result<(fsva_core::call::UntrustedHandle, CallerId), Unclaimed> {
    let file = desk
        .open_files
        .get(request.handle_index)
        .and_then(|file| file.allow(access).map(|()| file))
        .map_err(Unclaimed::Errno)?;
    let callers = &desk.engine.guard.callers;
    let caller = match callers.get(file.caller()) {
        Ok(_) => file.caller(),
        // Other clients' callers have pushed it out.
        Err(_) => file.intern_again(callers),
    };
    Ok((file.handle, caller))
}

fn invalid() -> Unclaimed {
    Unclaimed::Errno(Errno::INVAL)
}

/// As `fsva_core::answer` lays them out.
fn attribute_bytes(attributes: &Attributes) -> [u8; ATTRIBUTES_BYTES] {
    let times = [attributes.atime, attributes.mtime, attributes.ctime];
    let longs = [
        attributes.size,
        attributes.used,
        attributes.fsid,
        attributes.fileid,
    ];
    let words = [
        attributes.present,
        attributes.kind,
        attributes.mode,
        attributes.nlink,
        attributes.uid,
        attributes.gid,
        attributes.rdev_major,
        attributes.rdev_minor,
    ];
    let times = times.iter().flat_map(|time| [time.seconds, time.nseconds]);
    let mut bytes = [0; ATTRIBUTES_BYTES];
    let (first, second) = bytes.split_at_mut(32);
    for (place, long) in first.chunks_exact_mut(8).zip(longs) {
        place.copy_from_slice(&long.to_le_bytes());
    }
    for (place, word) in second.chunks_exact_mut(4).zip(words.into_iter().chain(times)) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}
