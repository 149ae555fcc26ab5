//! Pages of files that the client maps: which grant lends which copy, and taking them back when the file changed.
//!
//! A copy may be lent again as long as the file's attributes vouch for it (stamp.rs); what is in the client's hands is
//! taken back by event, whatever the attributes say.

use fsva_channel::broken::Broken;
use fsva_channel::geometry::OwnedPlace;
use fsva_channel::grant_word::{Access, Loan};
use fsva_channel::layout::GRANTS_PER_SLOT;
use fsva_channel::lender::{EndError, Ended, LendError, Lender, Restored};
use fsva_channel::message::GrantRef;
use fsva_channel::page_pool::PagePool;
use fsva_channel::region_unsafe::Memory;

use crate::lent_table::{LentPiece, LentTable};
use crate::mailbox::FileKey;
use crate::page_copies::{PageCopies, PieceKey};
use crate::page_loads::{Load, bytes_of};
use crate::stamp::Stamp;

/// A grant that the client uses.
pub struct Held {
    pub reference: GrantRef,
    /// By which it was mapped; 0: not known any more.
    pub handle_index: u32,
    pub offset: u64,
    pub bytes: u32,
}

/// What became of a grant that its holder has done with.
pub enum Unmapped {
    Done,
    /// The client has not released it.
    InUse,
}

pub struct LentPages {
    pub(crate) memory: Memory,
    lender: Lender<Memory>,
    pub(crate) copies: PageCopies,
    table: LentTable,
    pub(crate) loads: Vec<Option<Load>>,
    /// Taken back while the client had them claimed: it has to be told.
    revoked: Vec<GrantRef>,
    pub(crate) has_large: bool,
    lent: u64,
}

impl LentPages {
    pub fn new(
        memory: Memory,
        place: OwnedPlace,
        lending: (Lender<Memory>, PagePool),
        table: LentTable,
    ) -> LentPages {
        let (lender, pool) = lending;
        LentPages {
            memory,
            lender,
            copies: PageCopies::new(pool, place),
            table,
            loads: Vec::new(),
            revoked: Vec::new(),
            has_large: place.large.count() > 0,
            lent: 0,
        }
    }

    /// Takes over what an earlier process had lent. Returns, per grant that the client holds, the handle index by which
    /// its file may be looked at; what nobody knows the file of is taken back.
    pub fn restore(&mut self, restored: &Restored) -> Result<Vec<(u32, FileKey)>, Broken> {
        let mut files = Vec::new();
        for (reference, loan) in &restored.held {
            let piece = self
                .table
                .read(usize::from(reference.index), reference.generation);
            let key = piece.map(|piece| PieceKey {
                file: piece.stamp.file,
                offset: piece.offset,
                pages: loan.pages.count(),
            });
            let number = self.restored_copy(loan, key, piece.map(|piece| piece.stamp));
            if let Some(copy) = self.copies.get_mut(number) {
                copy.holders.push(*reference);
                self.lent += 1;
            }
            match piece {
                Some(piece) => files.push((piece.handle_index, piece.stamp.file)),
                None => self.take_back(number)?,
            }
        }
        for loan in &restored.quarantined {
            let number = self.restored_copy(loan, None, None);
            if let Some(copy) = self.copies.get_mut(number) {
                copy.quarantined += 1;
            }
        }
        Ok(files)
    }

    fn restored_copy(&mut self, loan: &Loan, key: Option<PieceKey>, stamp: Option<Stamp>) -> u32 {
        if let Some(number) = self.copies.of_pages(loan.pages) {
            return number;
        }
        let stamp = stamp.unwrap_or(Stamp::UNKNOWN);
        let key = key.unwrap_or(PieceKey {
            file: stamp.file,
            offset: 0,
            pages: loan.pages.count(),
        });
        self.copies.insert(key, loan.pages, stamp, false)
    }

    /// Lends these copies for reading; the grants, and their bytes. None: no grant is left for all of them.
    pub fn lend(
        &mut self,
        numbers: &[Option<u32>; GRANTS_PER_SLOT],
        handle_index: u32,
    ) -> Option<([GrantRef; GRANTS_PER_SLOT], u64)> {
        let mut lent = 0;
        let mut references = [GrantRef::default(); GRANTS_PER_SLOT];
        if self.lender.free_grants() < numbers.iter().flatten().count() {
            numbers
                .iter()
                .flatten()
                .for_each(|number| self.copies.settle(*number));
            return None;
        }
        for (number, reference) in numbers.iter().flatten().zip(&mut references) {
            let copy = self.copies.get_mut(*number)?;
            let loan = Loan {
                pages: copy.pages,
                bytes: bytes_of(copy.key.pages) as u32,
                access: Access::Read,
                cookie: 0,
            };
            *reference = match self.lender.lend(loan) {
                Ok(reference) => reference,
                Err(LendError::Full | LendError::Pages) => return None,
            };
            copy.holders.push(*reference);
            lent += bytes_of(copy.key.pages);
            self.lent += 1;
            let piece = LentPiece {
                handle_index,
                offset: copy.key.offset,
                stamp: copy.stamp,
            };
            if usize::from(reference.index) < self.table.grants() {
                self.table
                    .write(usize::from(reference.index), reference.generation, &piece);
            }
        }
        Some((references, lent))
    }

    pub fn all_lent(&self, references: &[GrantRef]) -> bool {
        let mut named = references.iter().filter(|reference| reference.generation != 0);
        named.all(|reference| self.lender.loan(*reference).is_some())
    }

    /// The client has released it, or says so.
    pub fn unmap(&mut self, reference: GrantRef) -> Result<Unmapped, Broken> {
        let Some(loan) = self.lender.loan(reference) else {
            // Ended before: it was taken back meanwhile, or this is said again.
            return Ok(Unmapped::Done);
        };
        match self.lender.end(reference) {
            Ok(Ended::Returned(_)) => self.returned(reference, loan),
            Ok(Ended::InUse) => return Ok(Unmapped::InUse),
            Err(EndError::Stale) => {}
            Err(EndError::Forged) => return Err(Broken::Forged),
        }
        Ok(Unmapped::Done)
    }

    /// The file has changed, or may have: its pages go.
    pub fn changed(&mut self, file: FileKey) -> Result<(), Broken> {
        for load in self.loads.iter_mut().flatten() {
            load.changed |= load.file == file;
        }
        for number in self.copies.of_file(file) {
            self.take_back(number)?;
        }
        Ok(())
    }

    pub fn take_back(&mut self, number: u32) -> Result<(), Broken> {
        let Some(copy) = self.copies.get_mut(number) else {
            return Ok(());
        };
        let holders = std::mem::take(&mut copy.holders);
        self.lent -= holders.len() as u64;
        for reference in holders {
            match self.lender.revoke(reference) {
                Ok(Ended::Returned(_)) | Err(EndError::Stale) => {}
                Ok(Ended::InUse) => {
                    copy.quarantined += 1;
                    self.revoked.push(reference);
                }
                Err(EndError::Forged) => return Err(Broken::Forged),
            }
        }
        self.copies.invalidate(number);
        Ok(())
    }

    /// What the file's attributes say of copies that events may have been missed for.
    pub fn look_again(&mut self, now: &Stamp) -> Result<(), Broken> {
        for number in self.copies.of_file(now.file) {
            match self.copies.get(number) {
                Some(copy) if copy.stamp.vouches_for(now) => self.copies.validate(number),
                _ => self.take_back(number)?,
            }
        }
        Ok(())
    }

    /// Grants of which the client is to be told that they are not good any more, up to four.
    pub fn next_revoked(&mut self) -> Option<[GrantRef; GRANTS_PER_SLOT]> {
        let mut references = [GrantRef::default(); GRANTS_PER_SLOT];
        let first = self.revoked.len().saturating_sub(GRANTS_PER_SLOT);
        for (place, reference) in references.iter_mut().zip(self.revoked.drain(first..)) {
            *place = reference;
        }
        (references[0].generation != 0).then_some(references)
    }

    /// Looks which quarantined pages the client has let go of.
    pub fn collect(&mut self) {
        for loan in self.lender.collect(self.lender.quarantined_grants()) {
            self.let_go(&loan);
        }
    }

    /// The client's process ended: nobody holds anything.
    pub fn holder_ended(&mut self) -> Result<(), Broken> {
        self.revoked.clear();
        for loan in self.lender.peer_began_anew() {
            self.let_go(&loan);
        }
        for file in self.copies.files() {
            for number in self.copies.of_file(file) {
                let Some(copy) = self.copies.get_mut(number) else {
                    continue;
                };
                for reference in std::mem::take(&mut copy.holders) {
                    self.lent -= 1;
                    // It may not be claimed by now, for the new process knows no reference.
                    match self.lender.revoke(reference) {
                        Ok(Ended::Returned(_)) | Err(EndError::Stale) => {}
                        Ok(Ended::InUse) | Err(EndError::Forged) => return Err(Broken::Forged),
                    }
                }
                self.copies.settle(number);
            }
        }
        Ok(())
    }

    /// Everything that the client still holds.
    pub fn held(&self) -> Vec<Held> {
        let mut held = Vec::new();
        for number in self
            .copies
            .files()
            .into_iter()
            .flat_map(|file| self.copies.of_file(file))
        {
            let Some(copy) = self.copies.get(number) else {
                continue;
            };
            for reference in copy.holders.iter().filter(|held| self.lender.is_in_use(**held)) {
                held.push(Held {
                    reference: *reference,
                    handle_index: self.handle_index(*reference),
                    offset: copy.key.offset,
                    bytes: bytes_of(copy.key.pages) as u32,
                });
            }
        }
        held.sort_unstable_by_key(|held| held.reference.index);
        held
    }

    /// A grant of each file of which pages are lent, used or not.
    pub fn lent_files(&self) -> Vec<(FileKey, u32)> {
        let mut lent = Vec::new();
        for file in self.copies.files() {
            let copies = self
                .copies
                .of_file(file)
                .into_iter()
                .filter_map(|number| self.copies.get(number));
            let mut holders = copies.flat_map(|copy| &copy.holders);
            if let Some(reference) = holders.next() {
                lent.push((file, self.handle_index(*reference)));
            }
        }
        lent
    }

    /// By which it was mapped; 0: not written down.
    fn handle_index(&self, reference: GrantRef) -> u32 {
        let index = usize::from(reference.index);
        let written = self.table.read(index, reference.generation);
        written.map_or(0, |piece| piece.handle_index)
    }

    pub fn drop_idle(&mut self, file: FileKey, range: std::ops::Range<u64>) {
        self.copies.drop_idle(file, range);
    }

    pub fn lent(&self) -> u64 {
        self.lent
    }

    pub fn pages(&self) -> u64 {
        self.copies.pages()
    }

    pub fn quarantined(&self) -> u64 {
        self.lender.quarantined_grants() as u64
    }

    fn returned(&mut self, reference: GrantRef, loan: Loan) {
        if let Some(number) = self.copies.of_pages(loan.pages) {
            if let Some(copy) = self.copies.get_mut(number) {
                let before = copy.holders.len();
                copy.holders.retain(|holder| *holder != reference);
                self.lent -= (before - copy.holders.len()) as u64;
            }
            self.copies.settle(number);
        }
    }

    fn let_go(&mut self, loan: &Loan) {
        if let Some(number) = self.copies.of_pages(loan.pages) {
            if let Some(copy) = self.copies.get_mut(number) {
                copy.quarantined = copy.quarantined.saturating_sub(1);
            }
            self.copies.settle(number);
        }
    }
}

#[cfg(test)]
mod tests;
