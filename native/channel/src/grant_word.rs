//! A grant's shared words as values.
//!
//! ```text
//!            lend               claim                 release
//!   FREE g --------> GRANTED g --------> IN_USE g ------------> RELEASED g
//!           (owner)      |   (grantee)       |      (grantee)        |
//!                        | end, revoke       | revoke (owner)        | end, revoke
//!                        v                   v                       v
//!                    FREE g+1           REVOKED g+1              FREE g+1
//!                                            | the grantee acknowledged g, or began anew
//!                                            v
//!                                        FREE g+1
//! ```

use std::mem::offset_of;

use crate::layout::GrantEntry;
use crate::page_range::PageRange;

pub const CONTROL: usize = offset_of!(GrantEntry, control);
pub const PLACE: usize = offset_of!(GrantEntry, place);
pub const MEANING: usize = offset_of!(GrantEntry, meaning);
pub const ACKNOWLEDGED: usize = offset_of!(GrantEntry, acknowledged);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum GrantState {
    Free = 0,
    Granted = 1,
    InUse = 2,
    Released = 3,
    /// The generation before was taken back while it was in use.
    Revoked = 4,
}

/// The control word of generation and state.
pub fn control(generation: u32, state: GrantState) -> u64 {
    u64::from(generation) << 32 | state as u64
}

/// None: no word that either side writes.
pub fn read_control(word: u64) -> Option<(u32, GrantState)> {
    let state = match word as u32 {
        0 => GrantState::Free,
        1 => GrantState::Granted,
        2 => GrantState::InUse,
        3 => GrantState::Released,
        4 => GrantState::Revoked,
        _ => return None,
    };
    Some(((word >> 32) as u32, state))
}

/// What may be done with lent memory. By convention: the memory itself can't be protected from the peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    Read,
    Write,
}

/// What a grant lends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Loan {
    pub pages: PageRange,
    /// From the start of the first page on; at least 1.
    pub bytes: u32,
    pub access: Access,
    /// The owner's number for it: which file page this is, say.
    pub cookie: u32,
}

impl Loan {
    pub fn encode(&self) -> (u64, u64) {
        let place = u64::from(self.pages.first()) | u64::from(self.bytes) << 32;
        let access = u64::from(self.access == Access::Write);
        (place, access | u64::from(self.cookie) << 32)
    }

    /// None: no pages, or an unknown access. Whose pages they are is not known here.
    pub fn decode(place: u64, meaning: u64) -> Option<Loan> {
        let bytes = (place >> 32) as u32;
        let access = match meaning as u32 {
            0 => Access::Read,
            1 => Access::Write,
            _ => return None,
        };
        Some(Loan {
            pages: PageRange::of_bytes(place as u32, bytes)?,
            bytes,
            access,
            cookie: (meaning >> 32) as u32,
        })
    }
}
