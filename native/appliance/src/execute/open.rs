//! OPEN: a handle that the kernel of the user VM has opened, for whom, and for what. The core says whether that caller may.

use fsva_channel::grant_word;
use fsva_channel::message::Message;
use fsva_channel::protocol::{ATTRIBUTES_BYTES, OPEN_REQUEST_BYTES, Op, OpenRequest};
use fsva_core::answer::Answer;

use super::inspect::Inspect;
use super::{Earlier, attribute_bytes, invalid, pending};
use crate::claims::{Claims, Unclaimed};
use crate::desk::Desk;
use crate::open_files::OpenFile;
use crate::under_way::{Pending, Stage};

pub fn begin(desk: &mut Desk, request: &Message, earlier: Earlier) -> Result<(), Unclaimed> {
    let claims = Claims::of(request, &desk.channel.borrower)?;
    // Where the request was there may be the attributes by now.
    if earlier != Earlier::Nothing
        && let Some(handle_index) = desk.open_files.opened_by(request.request_id)
    {
        return begin_opened(desk, request, claims, handle_index);
    }
    let file = match read_request(desk, request, &claims) {
        Ok(file) => file,
        Err(unclaimed) => {
            claims.release(&desk.channel.borrower);
            return Err(unclaimed);
        }
    };
    let inspect = inspect(&file);
    let caller = file.caller();
    let mut pending = pending(Op::Open, request, claims);
    pending.stage = Stage::Opening(Box::new(file));
    desk.start(caller, inspect, pending)
}

fn begin_opened(
    desk: &mut Desk,
    request: &Message,
    claims: Claims,
    handle_index: u32,
) -> Result<(), Unclaimed> {
    let file = desk.open_files.get(handle_index).map_err(Unclaimed::Errno)?;
    let (inspect, caller) = (inspect(file), file.caller());
    let mut pending = pending(Op::Open, request, claims);
    pending.stage = Stage::Opened(handle_index);
    desk.start(caller, inspect, pending)
}

fn inspect(file: &OpenFile) -> Inspect {
    Inspect {
        object: file.handle,
        access: file.access,
        data: false,
    }
}

fn read_request(desk: &Desk, request: &Message, claims: &Claims) -> Result<OpenFile, Unclaimed> {
    // The attributes come where the request was.
    let at = claims
        .first(OPEN_REQUEST_BYTES, grant_word::Access::Write)
        .ok_or_else(invalid)?;
    let mut bytes = [0; OPEN_REQUEST_BYTES];
    desk.channel.region.memory.copy_out(at, &mut bytes);
    let asked = OpenRequest::decode(&bytes).ok_or_else(invalid)?;
    OpenFile::new(
        &asked,
        &desk.client,
        &desk.engine.guard.callers,
        request.request_id,
    )
    .map_err(Unclaimed::Errno)
}

pub fn finish(desk: &mut Desk, pending: &mut Pending, result: &Answer, answer: &mut Message) {
    let opened = match std::mem::replace(&mut pending.stage, Stage::Plain) {
        Stage::Opening(file) => desk.open_files.open(*file),
        Stage::Opened(handle_index) => Ok(handle_index),
        _ => return,
    };
    match opened {
        Ok(handle_index) => answer.handle_index = handle_index,
        Err(errno) => {
            answer.status = errno.0 as u32;
            return;
        }
    }
    desk.count_load();
    if let Some(at) = pending.claims.first(ATTRIBUTES_BYTES, grant_word::Access::Write) {
        let bytes = attribute_bytes(&result.object);
        desk.channel.region.memory.copy_in(at, &bytes);
        answer.length = bytes.len() as u32;
    }
}
