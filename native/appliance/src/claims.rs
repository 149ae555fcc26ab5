//! The grants of one request, claimed for as long as it is under way.

use fsva_channel::borrower::{Borrower, Claim, ClaimError};
use fsva_channel::broken::Broken;
use fsva_channel::grant_word::Access;
use fsva_channel::layout::GRANTS_PER_SLOT;
use fsva_channel::message::Message;
use fsva_channel::region_unsafe::Memory;
use fsva_core::errno::Errno;

use crate::pieces_unsafe::Pieces;

/// What a request's grants are not good for: the client's mistake, or forged words, which no client writes by mistake.
pub enum Unclaimed {
    Errno(Errno),
    Broken(Broken),
}

const FAULT: Unclaimed = Unclaimed::Errno(Errno(libc::EFAULT));

#[derive(Default)]
pub struct Claims([Option<Claim>; GRANTS_PER_SLOT]);

impl Claims {
    /// All grants of the request up to the first empty reference. EFAULT if one is not lent (any more).
    pub fn of(request: &Message, borrower: &Borrower<Memory>) -> Result<Claims, Unclaimed> {
        let mut claims = Claims::default();
        for (reference, claim) in request.grants.iter().zip(&mut claims.0) {
            if reference.generation == 0 {
                break;
            }
            match borrower.claim(*reference) {
                Ok(claimed) => *claim = Some(claimed),
                Err(error) => {
                    claims.release(borrower);
                    return Err(match error {
                        ClaimError::Stale => FAULT,
                        ClaimError::Forged => Unclaimed::Broken(Broken::Forged),
                    });
                }
            }
        }
        Ok(claims)
    }

    /// `length` bytes of what is claimed, one grant after the other. None: they have less room, or may not be written.
    pub fn pieces(&self, memory: &Memory, length: u32, access: Access) -> Option<Pieces> {
        let mut pieces = Pieces::new(memory.clone());
        let mut rest = length;
        for claim in self.0.iter().flatten() {
            let bytes = claim.loan().bytes.min(rest);
            if bytes > 0 {
                pieces.push(claim.at(0, bytes, access)?, bytes as usize);
            }
            rest -= bytes;
        }
        (rest == 0).then_some(pieces)
    }

    /// Where the first `bytes` bytes of the first grant are.
    pub fn first(&self, bytes: usize, access: Access) -> Option<usize> {
        self.0[0].as_ref()?.at(0, u32::try_from(bytes).ok()?, access)
    }

    pub fn release(self, borrower: &Borrower<Memory>) {
        for claim in self.0.into_iter().flatten() {
            borrower.release(claim);
        }
    }
}
