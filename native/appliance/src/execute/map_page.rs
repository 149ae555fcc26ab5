//! MAP PAGE: the file's bytes in the server's own pages, lent for reading. Looks at the file first; what is there and still
//! the file's is lent at once, what is not is read.

use std::time::SystemTime;

use fsva_channel::broken::Broken;
use fsva_channel::layout::{GRANTS_PER_SLOT, SMALL_PAGE_BYTES};
use fsva_channel::message::Message;
use fsva_channel::protocol::{ACCESS_READ, END_OF_FILE, Op};
use fsva_core::answer::Answer;
use fsva_core::errno::Errno;

use super::inspect::{Inspect, is_local};
use super::read::ReadPieces;
use super::{file_of, invalid, pending};
use crate::claims::{Claims, Unclaimed};
use crate::desk::{Desk, answer_to};
use crate::page_loads::Plan;
use crate::pieces_unsafe::Pieces;
use crate::stamp::Stamp;
use crate::under_way::{Pending, Stage};

pub fn begin(desk: &mut Desk, request: &Message) -> Result<(), Unclaimed> {
    let is_aligned = request.offset.is_multiple_of(SMALL_PAGE_BYTES as u64);
    if !is_aligned || request.length == 0 || request.offset > i64::MAX as u64 {
        return Err(invalid());
    }
    let (object, caller) = file_of(desk, request, ACCESS_READ)?;
    desk.shared.expect_changes();
    let inspect = Inspect {
        object,
        access: ACCESS_READ,
        data: true,
    };
    desk.start(caller, inspect, pending(Op::MapPage, request, Claims::default()))
}

/// How the file looks now is known.
pub fn looked(desk: &mut Desk, pending: Pending, result: &Answer) -> Result<(), Broken> {
    let request = pending.request;
    let now = Stamp::now(&result.object);
    if request.offset >= now.size {
        desk.answer(Message {
            flags: END_OF_FILE,
            ..answer_to(&request)
        });
        return Ok(());
    }
    let length = u64::from(request.length);
    let mut plan = desk.lent.plan(&now, request.offset, length);
    if let Plan::Full = plan {
        // The client may have let go of something that was taken back.
        desk.lent.collect();
        plan = desk.lent.plan(&now, request.offset, length);
    }
    match plan {
        Plan::There(copies) => {
            desk.shared.counters.map_hits.add(1);
            lend(desk, &request, &copies, now.size);
            Ok(())
        }
        Plan::Load(load) => {
            desk.shared.counters.map_misses.add(1);
            let unclaimed = start_load(desk, &request, load, is_local(result));
            desk.unless_answered(&request, unclaimed)
        }
        Plan::Full => {
            desk.fail(&request, Errno::NOMEM);
            Ok(())
        }
    }
}

fn start_load(desk: &mut Desk, request: &Message, load: u32, local: bool) -> Result<(), Unclaimed> {
    let (file, caller) = match file_of(desk, request, ACCESS_READ) {
        Ok(found) => found,
        Err(unclaimed) => {
            desk.lent.abandon(load);
            return Err(unclaimed);
        }
    };
    let mut into = Pieces::new(desk.channel.region.memory.clone());
    for (at, bytes) in desk.lent.places(load) {
        into.push(at, bytes);
    }
    let read = ReadPieces {
        file,
        offset: request.offset,
        into,
    };
    let mut pending = pending(Op::MapPage, request, Claims::default());
    pending.stage = Stage::Loading {
        load,
        asked: SystemTime::now(),
        local,
    };
    desk.start(caller, read, pending)
}

/// The bytes are there. If the file changed meanwhile, they may be of before or after: the client gets them, and hears that
/// they are not good any more.
pub fn loaded(desk: &mut Desk, request: &Message, stage: &Stage, result: &Answer) -> Result<(), Broken> {
    let Stage::Loading { load, asked, local } = *stage else {
        return Ok(());
    };
    if result.status != 0 {
        desk.lent.abandon(load);
        desk.fail(request, Errno(result.status as i32));
        return Ok(());
    }
    let stamp = Stamp::of(&result.object, asked, local);
    // Fewer bytes than the file has there: they could not be read. Zeros are not its bytes.
    let room: u64 = desk.lent.places(load).map(|(_, bytes)| bytes as u64).sum();
    if u64::from(result.count) < stamp.size.saturating_sub(request.offset).min(room) {
        desk.lent.abandon(load);
        desk.fail(request, Errno::IO);
        return Ok(());
    }
    let (copies, changed) = desk.lent.loaded(load, u64::from(result.count), stamp);
    lend(desk, request, &copies, stamp.size);
    if changed {
        for number in copies.into_iter().flatten() {
            desk.lent.take_back(number)?;
        }
    }
    Ok(())
}

fn lend(desk: &mut Desk, request: &Message, copies: &[Option<u32>; GRANTS_PER_SLOT], size: u64) {
    let Some((grants, bytes)) = desk.lent.lend(copies, request.handle_index) else {
        return desk.fail(request, Errno::NOMEM);
    };
    let length = bytes.min(size - request.offset.min(size));
    let ends = request.offset + length >= size;
    desk.count_load();
    desk.answer(Message {
        grants,
        length: length as u32,
        flags: if ends { END_OF_FILE } else { 0 },
        ..answer_to(request)
    });
}
