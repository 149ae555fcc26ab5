//! EVICT PAGE: the client caches a range itself, or is done with it. What it has, the appliance need not have, too.

use fsva_channel::message::Message;
use fsva_channel::protocol::Op;
use fsva_core::answer::Answer;
use fsva_core::call::{Call, Output, UntrustedHandle};
use fsva_core::engine::Operation;
use fsva_core::errno::{Errno, Result};
use fsva_core::export_policy::Access;
use fsva_core::object::DataAccess;

use super::{file_of, pending};
use crate::claims::{Claims, Unclaimed};
use crate::desk::Desk;
use crate::mailbox::FileKey;
use crate::page_cache_unsafe::drop_cached;

/// Drops the range from this machine's page cache, as far as it is clean and nobody maps it.
struct Evict {
    file: UntrustedHandle,
    offset: u64,
    /// 0: to the end.
    length: u32,
}

impl Operation for Evict {
    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.file)
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        let opened = call.open(&self.file, Access::Read)?;
        if !opened.object.is_regular() {
            return Err(Errno::INVAL);
        }
        let stat = opened.stat()?;
        opened.permit_data(&stat, &[libc::R_OK, libc::X_OK, libc::W_OK])?;
        let descriptor = opened.object.open(DataAccess::Read, &opened.credentials)?;
        output.answer.object = opened.attributes_of(&stat);
        drop_cached(descriptor, self.offset, self.length)
    }
}

pub fn begin(desk: &mut Desk, request: &Message) -> std::result::Result<(), Unclaimed> {
    let (file, caller) = file_of(desk, request, 0)?;
    let evict = Evict {
        file,
        offset: request.offset,
        length: request.length,
    };
    desk.start(caller, evict, pending(Op::EvictPage, request, Claims::default()))
}

pub fn finish(desk: &mut Desk, request: &Message, result: &Answer) {
    let end = match request.length {
        0 => u64::MAX,
        length => request.offset.saturating_add(length.into()),
    };
    desk.lent
        .drop_idle(FileKey::of(&result.object), request.offset..end);
    desk.count_load();
}
