//! UNMAP PAGE: the client has released these grants.

use fsva_channel::message::Message;
use fsva_core::errno::Errno;

use crate::claims::Unclaimed;
use crate::desk::{Desk, answer_to};
use crate::lent_pages::Unmapped;

/// EBUSY if one of them is still claimed; the others are ended.
pub fn begin(desk: &mut Desk, request: &Message) -> Result<(), Unclaimed> {
    let mut busy = false;
    for reference in request.grants.iter().filter(|grant| grant.generation != 0) {
        let unmapped = desk.lent.unmap(*reference).map_err(Unclaimed::Broken)?;
        busy |= matches!(unmapped, Unmapped::InUse);
    }
    if busy {
        return Err(Unclaimed::Errno(Errno(libc::EBUSY)));
    }
    desk.count_load();
    desk.answer(answer_to(request));
    Ok(())
}
