//! The owner's end of a grant table: what it lent to whom is private, the shared table only tells the peer.
//!
//! The peer can write anything into the shared words. What it gains is that pages count as used or released that it
//! alone had a right to: words it could not have written honestly break the channel instead.

use std::collections::VecDeque;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::geometry::OwnedPlace;
use crate::grant_word::{
    ACKNOWLEDGED, Access, CONTROL, GrantState, Loan, MEANING, PLACE, control, read_control,
};
use crate::layout::GrantEntry;
use crate::message::GrantRef;
use crate::page_range::PageRange;
use crate::words::Words;

/// An entry that has come so far is not lent again before the peer's next epoch.
const GENERATION_MAX: u32 = u32::MAX - 1;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Entry {
    Free,
    Lent(Loan),
    /// Revoked while it was in use: nobody may use the pages before the peer says it does not.
    Quarantined(Loan),
    /// All its generations were used. Free again with the peer's next epoch.
    Retired,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LendError {
    /// No free entry.
    Full,
    /// Not the owner's pages.
    Pages,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EndError {
    /// Not lent by that generation, or ended already.
    Stale,
    /// The peer wrote what it may not.
    Forged,
}

/// What became of the pages.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// The owner's again.
    Returned(Loan),
    /// The peer is using them. After `end` they are still lent, after `revoke` quarantined.
    InUse,
}

/// What an earlier process of this side had lent.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Restored {
    /// What the peer has claimed and not released: the list that "restore grants" answers.
    pub held: Vec<(GrantRef, Loan)>,
    /// What was revoked and not acknowledged.
    pub quarantined: Vec<Loan>,
    /// Pages of these and of what is quarantined, each once.
    pub adopt: Vec<PageRange>,
}

#[derive(Debug)]
pub struct Lender<M> {
    memory: M,
    place: OwnedPlace,
    entries: Vec<Entry>,
    /// Of each entry: the generation lent, or the next one.
    generations: Vec<u32>,
    /// First in, first out: a generation's number comes up again as late as possible.
    free: VecDeque<u16>,
    quarantined: VecDeque<u16>,
}

impl<M: Words> Lender<M> {
    /// A table in which nothing is lent. The peer must not have a reference into it.
    pub fn new(memory: M, place: OwnedPlace) -> Self {
        let lender = Lender {
            entries: vec![Entry::Free; place.grants],
            generations: vec![1; place.grants],
            free: (0..place.grants).map(|index| index as u16).collect(),
            quarantined: VecDeque::new(),
            memory,
            place,
        };
        for index in 0..place.grants {
            lender.publish(index, GrantState::Free);
            let at = lender.at(index, ACKNOWLEDGED);
            lender.memory.store(at, 0, Relaxed);
        }
        lender
    }

    /// Takes over the table of an earlier process of this side. What the peer has claimed stays lent, what it had not
    /// acknowledged stays quarantined; everything else ends. Returns what is lent, and all pages that must be adopted
    /// before others are allocated.
    pub fn restore(memory: M, place: OwnedPlace) -> (Self, Restored) {
        let mut lender = Lender {
            entries: vec![Entry::Free; place.grants],
            generations: vec![1; place.grants],
            free: VecDeque::new(),
            quarantined: VecDeque::new(),
            memory,
            place,
        };
        let mut found: Vec<(Loan, usize, GrantState)> = Vec::new();
        for index in 0..place.grants {
            let (generation, state) = lender.end_unclaimed(index);
            lender.generations[index] = generation;
            let kept = matches!(state, GrantState::InUse | GrantState::Revoked);
            match lender.read_loan(index).filter(|_| kept) {
                Some(loan) => found.push((loan, index, state)),
                None => lender.advance(index),
            }
        }
        // The same pages may have been lent several times for reading. Others that overlap were forged: one claim stands,
        // and nothing is reachable that was not before.
        found.sort_unstable_by_key(|(loan, ..)| loan.pages);
        let mut restored = Restored::default();
        let mut end = 0;
        let mut last: Option<Loan> = None;
        for (loan, index, state) in found {
            let is_read = |loan: &Loan| loan.access == Access::Read;
            let shared =
                last.is_some_and(|last| last.pages == loan.pages && is_read(&last) && is_read(&loan));
            if loan.pages.first() < end && !shared {
                lender.advance(index);
                continue;
            }
            if !shared {
                end = lender.place.end_of_units(loan.pages);
                restored.adopt.push(loan.pages);
            }
            last = Some(loan);
            if state == GrantState::InUse {
                lender.entries[index] = Entry::Lent(loan);
                restored.held.push((lender.reference(index), loan));
            } else {
                lender.entries[index] = Entry::Quarantined(loan);
                lender.quarantined.push_back(index as u16);
                restored.quarantined.push(loan);
            }
        }
        (lender, restored)
    }

    /// Lends pages: the reference goes to the peer in a message.
    pub fn lend(&mut self, loan: Loan) -> Result<GrantRef, LendError> {
        let exact = PageRange::of_bytes(loan.pages.first(), loan.bytes);
        let fits = self.place.small.contains(loan.pages) && exact == Some(loan.pages)
            || self.place.large.contains(loan.pages) && exact.is_some_and(|pages| loan.pages.contains(pages));
        if !fits {
            return Err(LendError::Pages);
        }
        let index = usize::from(self.free.pop_front().ok_or(LendError::Full)?);
        let (place, meaning) = loan.encode();
        self.memory.store(self.at(index, PLACE), place, Relaxed);
        self.memory.store(self.at(index, MEANING), meaning, Relaxed);
        self.publish(index, GrantState::Granted);
        self.entries[index] = Entry::Lent(loan);
        Ok(self.reference(index))
    }

    /// Takes back what the peer has released or never claimed.
    pub fn end(&mut self, reference: GrantRef) -> Result<Ended, EndError> {
        self.take_back(reference, false)
    }

    /// Takes back in any case: what is being used is quarantined, see `collect`.
    pub fn revoke(&mut self, reference: GrantRef) -> Result<Ended, EndError> {
        self.take_back(reference, true)
    }

    fn take_back(&mut self, reference: GrantRef, by_force: bool) -> Result<Ended, EndError> {
        let loan = self.loan(reference).ok_or(EndError::Stale)?;
        let index = usize::from(reference.index);
        let at = self.at(index, CONTROL);
        let next = reference.generation + 1;
        // An honest peer goes from GRANTED to IN_USE to RELEASED, and no further: three looks are enough.
        for _ in 0..3 {
            let word = self.memory.load(at, Acquire);
            let state = match read_control(word) {
                Some((generation, state)) if generation == reference.generation => state,
                _ => return Err(EndError::Forged),
            };
            let then = match state {
                GrantState::Granted | GrantState::Released => control(next, GrantState::Free),
                GrantState::InUse if by_force => control(next, GrantState::Revoked),
                GrantState::InUse => return Ok(Ended::InUse),
                GrantState::Free | GrantState::Revoked => return Err(EndError::Forged),
            };
            if self.memory.compare_exchange(at, word, then).is_err() {
                continue;
            }
            if state == GrantState::InUse {
                self.generations[index] = next;
                self.entries[index] = Entry::Quarantined(loan);
                self.quarantined.push_back(reference.index);
                return Ok(Ended::InUse);
            }
            self.generations[index] = next;
            self.settle(index);
            return Ok(Ended::Returned(loan));
        }
        Err(EndError::Forged)
    }

    /// Quarantined pages that the peer has acknowledged not to use any more. Looks at no more than `limit` of them.
    pub fn collect(&mut self, limit: usize) -> Vec<Loan> {
        let mut returned = Vec::new();
        for _ in 0..limit.min(self.quarantined.len()) {
            let Some(index) = self.quarantined.pop_front() else {
                break;
            };
            let at = usize::from(index);
            let acknowledged = self.memory.load(self.at(at, ACKNOWLEDGED), Acquire);
            match self.entries[at] {
                Entry::Quarantined(loan) if acknowledged == u64::from(self.generations[at]) - 1 => {
                    self.publish(at, GrantState::Free);
                    self.settle(at);
                    returned.push(loan);
                }
                _ => self.quarantined.push_back(index),
            }
        }
        returned
    }

    /// The peer has a new epoch: whoever claimed is gone. Returns the pages that were quarantined. What is lent stays
    /// lent and can be claimed again by the same reference, for requests that are sent again.
    pub fn peer_began_anew(&mut self) -> Vec<Loan> {
        let mut returned = Vec::new();
        self.quarantined.clear();
        for index in 0..self.entries.len() {
            match self.entries[index] {
                Entry::Lent(_) => self.publish(index, GrantState::Granted),
                Entry::Free => self.publish(index, GrantState::Free),
                Entry::Quarantined(loan) => {
                    self.publish(index, GrantState::Free);
                    self.settle(index);
                    returned.push(loan);
                }
                Entry::Retired => {
                    self.generations[index] = 1;
                    self.publish(index, GrantState::Free);
                    self.settle(index);
                }
            }
            self.memory.store(self.at(index, ACKNOWLEDGED), 0, Relaxed);
        }
        returned
    }

    /// What is lent by this reference.
    pub fn loan(&self, reference: GrantRef) -> Option<Loan> {
        match self.entries.get(usize::from(reference.index)) {
            Some(Entry::Lent(loan))
                if self.generations[usize::from(reference.index)] == reference.generation =>
            {
                Some(*loan)
            }
            _ => None,
        }
    }

    /// Whether the peer says that it is using what is lent by this reference.
    pub fn is_in_use(&self, reference: GrantRef) -> bool {
        let in_use = control(reference.generation, GrantState::InUse);
        let at = || self.at(usize::from(reference.index), CONTROL);
        self.loan(reference).is_some() && self.memory.load(at(), Acquire) == in_use
    }

    /// As if this side's process had ended: nothing but the shared table is left.
    pub fn into_memory(self) -> M {
        self.memory
    }

    pub fn free_grants(&self) -> usize {
        self.free.len()
    }

    pub fn quarantined_grants(&self) -> usize {
        self.quarantined.len()
    }

    /// In `restore`: ends a grant that was not claimed, and says of which generation the entry is, and in what state.
    fn end_unclaimed(&mut self, index: usize) -> (u32, GrantState) {
        let at = self.at(index, CONTROL);
        let word = self.memory.load(at, Acquire);
        let generation = ((word >> 32) as u32).clamp(1, GENERATION_MAX);
        match read_control(word) {
            Some((found, GrantState::Granted)) if found == generation => {
                let free = control(generation, GrantState::Free);
                match self.memory.compare_exchange(at, word, free) {
                    // The peer was claiming it at this moment.
                    Err(now) if now == control(generation, GrantState::InUse) => {
                        (generation, GrantState::InUse)
                    }
                    _ => (generation, GrantState::Free),
                }
            }
            Some((found, state)) if found == generation => (generation, state),
            _ => (generation, GrantState::Free),
        }
    }

    fn read_loan(&self, index: usize) -> Option<Loan> {
        let place = self.memory.load(self.at(index, PLACE), Relaxed);
        let meaning = self.memory.load(self.at(index, MEANING), Relaxed);
        Loan::decode(place, meaning).filter(|loan| self.place.contains(loan.pages))
    }

    /// The next generation, free.
    fn advance(&mut self, index: usize) {
        self.generations[index] = self.generations[index].saturating_add(1);
        self.publish(index, GrantState::Free);
        self.settle(index);
    }

    /// What was published as free can be lent again, unless its generations are used up.
    fn settle(&mut self, index: usize) {
        if self.generations[index] >= GENERATION_MAX {
            self.entries[index] = Entry::Retired;
        } else {
            self.entries[index] = Entry::Free;
            self.free.push_back(index as u16);
        }
    }

    fn publish(&self, index: usize, state: GrantState) {
        let word = control(self.generations[index], state);
        self.memory.store(self.at(index, CONTROL), word, Release);
    }

    fn reference(&self, index: usize) -> GrantRef {
        GrantRef {
            index: index as u16,
            generation: self.generations[index],
        }
    }

    fn at(&self, index: usize, word: usize) -> usize {
        self.place.grant_table + index * size_of::<GrantEntry>() + word
    }
}
