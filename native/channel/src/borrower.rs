//! The grantee's end of a grant table. Any number of threads may use one: who has a claim is decided by the exchange of
//! the shared word.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::geometry::OwnedPlace;
use crate::grant_word::{ACKNOWLEDGED, Access, CONTROL, GrantState, Loan, MEANING, PLACE, control};
use crate::layout::GrantEntry;
use crate::message::GrantRef;
use crate::words::Words;

#[derive(Clone, Debug)]
pub struct Borrower<M> {
    memory: M,
    /// What the peer owns.
    place: OwnedPlace,
}

/// The right to use what was lent, until it is given to `release`. Its description is a copy that was checked.
#[must_use = "what is not released is lost to its owner"]
#[derive(PartialEq, Eq, Debug)]
pub struct Claim {
    reference: GrantRef,
    loan: Loan,
}

impl Claim {
    pub fn reference(&self) -> GrantRef {
        self.reference
    }

    pub fn loan(&self) -> Loan {
        self.loan
    }

    /// Where `bytes` bytes from `offset` on are in the region, if they were lent for that access.
    pub fn at(&self, offset: u32, bytes: u32, access: Access) -> Option<usize> {
        let end = offset.checked_add(bytes)?;
        let allowed = access == Access::Read || self.loan.access == Access::Write;
        (allowed && end <= self.loan.bytes).then(|| self.loan.pages.start() + offset as usize)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClaimError {
    /// Not lent by that generation (any more), or claimed by another.
    Stale,
    /// No such entry, or it names memory that is not its owner's.
    Forged,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Released {
    Released,
    /// It had been revoked; the owner now knows that nobody uses it.
    Acknowledged,
}

impl<M: Words> Borrower<M> {
    /// For the table of the other side, whose place this is.
    pub fn new(memory: M, place: OwnedPlace) -> Self {
        Borrower { memory, place }
    }

    pub fn claim(&self, reference: GrantRef) -> Result<Claim, ClaimError> {
        let index = usize::from(reference.index);
        if index >= self.place.grants || reference.generation == 0 {
            return Err(ClaimError::Forged);
        }
        let granted = control(reference.generation, GrantState::Granted);
        let in_use = control(reference.generation, GrantState::InUse);
        self.memory
            .compare_exchange(self.at(index, CONTROL), granted, in_use)
            .map_err(|_| ClaimError::Stale)?;
        // An honest owner does not change these while the grant is in use; from a hostile one they are taken once.
        let place = self.memory.load(self.at(index, PLACE), Relaxed);
        let meaning = self.memory.load(self.at(index, MEANING), Relaxed);
        match Loan::decode(place, meaning) {
            Some(loan) if self.place.contains(loan.pages) => Ok(Claim { reference, loan }),
            _ => {
                self.give_back(reference);
                Err(ClaimError::Forged)
            }
        }
    }

    /// After the last access.
    pub fn release(&self, claim: Claim) -> Released {
        self.give_back(claim.reference)
    }

    /// A claim that this side made in this epoch and still uses, as the owner's restored list says it. None: it is not
    /// claimed.
    pub fn resume(&self, reference: GrantRef) -> Option<Claim> {
        let index = usize::from(reference.index);
        if index >= self.place.grants {
            return None;
        }
        let word = self.memory.load(self.at(index, CONTROL), Acquire);
        let place = self.memory.load(self.at(index, PLACE), Relaxed);
        let meaning = self.memory.load(self.at(index, MEANING), Relaxed);
        let loan = Loan::decode(place, meaning).filter(|loan| self.place.contains(loan.pages))?;
        (word == control(reference.generation, GrantState::InUse)).then_some(Claim { reference, loan })
    }

    /// Whether the owner wants it back.
    pub fn is_revoked(&self, claim: &Claim) -> bool {
        let at = self.at(usize::from(claim.reference.index), CONTROL);
        self.memory.load(at, Acquire) != control(claim.reference.generation, GrantState::InUse)
    }

    fn give_back(&self, reference: GrantRef) -> Released {
        let index = usize::from(reference.index);
        let in_use = control(reference.generation, GrantState::InUse);
        let released = control(reference.generation, GrantState::Released);
        if self
            .memory
            .compare_exchange(self.at(index, CONTROL), in_use, released)
            .is_ok()
        {
            return Released::Released;
        }
        let generation = u64::from(reference.generation);
        self.memory
            .store(self.at(index, ACKNOWLEDGED), generation, Release);
        Released::Acknowledged
    }

    fn at(&self, index: usize, word: usize) -> usize {
        self.place.grant_table + index * size_of::<GrantEntry>() + word
    }
}
