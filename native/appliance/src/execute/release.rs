//! RELEASE: the client does not use an open file any more.

use fsva_channel::message::Message;
use fsva_core::errno::Errno;

use super::Earlier;
use crate::claims::Unclaimed;
use crate::desk::{Desk, answer_to};

pub fn begin(desk: &mut Desk, request: &Message, earlier: Earlier) -> Result<(), Unclaimed> {
    match desk.open_files.release(request.handle_index) {
        // It had happened.
        Err(Errno::BADF) if earlier != Earlier::Nothing => {}
        released => released.map_err(Unclaimed::Errno)?,
    }
    desk.count_load();
    desk.answer(answer_to(request));
    Ok(())
}
