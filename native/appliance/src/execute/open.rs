//! OPEN: a handle that the kernel of the user VM has opened, for whom, and for what. The core says whether that caller may.

use fsva_channel::grant_word;
use fsva_channel::message::Message;
use fsva_channel::protocol::{
    ACCESS_READ, ACCESS_WRITE, ATTRIBUTES_BYTES, OPEN_REQUEST_BYTES, Op, OpenRequest,
};
use fsva_core::answer::Answer;
use fsva_core::call::{Call, Output, UntrustedHandle};
use fsva_core::engine::Operation;
use fsva_core::errno::Result;
use fsva_core::export_policy::Access;

use super::{attribute_bytes, invalid, pending};
use crate::claims::{Claims, Unclaimed};
use crate::desk::{Desk, answer_to};
use crate::open_files::OpenFile;
use crate::under_way::{Pending, Stage};

/// Whether the caller may use the object so, and its attributes.
struct Inspect {
    object: UntrustedHandle,
    access: u32,
}

impl Operation for Inspect {
    const INLINE: bool = true;

    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.object)
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        let writes = self.access & ACCESS_WRITE != 0;
        let access = if writes { Access::Mutate } else { Access::Read };
        let opened = call.open(&self.object, access)?;
        let stat = opened.stat()?;
        if self.access & ACCESS_READ != 0 {
            opened.permit_data(&stat, &[libc::R_OK, libc::X_OK])?;
        }
        if writes {
            opened.permit_data(&stat, &[libc::W_OK])?;
        }
        output.answer.object = opened.attributes_of(&stat);
        Ok(())
    }
}

pub fn begin(desk: &mut Desk, request: &Message, in_doubt: bool) -> std::result::Result<(), Unclaimed> {
    if in_doubt && let Some(handle_index) = desk.open_files.opened_by(request.request_id) {
        desk.answer(Message {
            handle_index,
            ..answer_to(request)
        });
        return Ok(());
    }
    let claims = Claims::of(request, &desk.channel.borrower)?;
    let file = match read_request(desk, request, &claims) {
        Ok(file) => file,
        Err(unclaimed) => {
            claims.release(&desk.channel.borrower);
            return Err(unclaimed);
        }
    };
    let inspect = Inspect {
        object: file.handle,
        access: file.access,
    };
    let caller = file.caller();
    let mut pending = pending(Op::Open, request, claims);
    pending.stage = Stage::Opening(Box::new(file));
    desk.start(caller, inspect, pending)
}

fn read_request(desk: &Desk, request: &Message, claims: &Claims) -> std::result::Result<OpenFile, Unclaimed> {
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
    let Stage::Opening(file) = std::mem::replace(&mut pending.stage, Stage::Plain) else {
        return;
    };
    match desk.open_files.open(*file) {
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
