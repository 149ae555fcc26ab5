//! Pages of files that the client maps: which grant lends which copy, and taking them back when the file changed.
//!
//! A copy may be lent again as long as the file's attributes vouch for it (stamp.rs); what is in the client's hands is
//! taken back by event, whatever the attributes say.

use fsva_channel::broken::Broken;
use fsva_channel::geometry::OwnedPlace;
use fsva_channel::grant_word::{Access, Loan};
use fsva_channel::layout::{GRANTS_PER_SLOT, SMALL_PAGE_BYTES};
use fsva_channel::lender::{EndError, Ended, LendError, Lender, Restored};
use fsva_channel::message::GrantRef;
use fsva_channel::page_pool::PagePool;
use fsva_channel::page_range::PageRange;
use fsva_channel::region_unsafe::Memory;

use crate::lent_table::{LentPiece, LentTable};
use crate::mailbox::FileKey;
use crate::page_copies::{PAGES_PER_LARGE, PageCopies, PieceKey};
use crate::stamp::Stamp;

const PAGE: u64 = SMALL_PAGE_BYTES as u64;
/// Pages of a piece, by how much is asked for: pieces of few sizes are found again.
const MIDDLE_PAGES: u32 = 16;

/// Pages being filled.
#[derive(Clone, Copy)]
pub struct Load {
    pub file: FileKey,
    pub offset: u64,
    pieces: [Option<Piece>; GRANTS_PER_SLOT],
    changed: bool,
}

#[derive(Clone, Copy)]
struct Piece {
    /// Large pages come whole.
    allocated: PageRange,
    /// Pages of it that are used.
    pages: u32,
}

/// What a range of a file is mapped from.
pub enum Plan {
    /// Copies, in order.
    There([Option<u32>; GRANTS_PER_SLOT]),
    /// `load` of this number has to be filled.
    Load(u32),
    /// There is no memory: everything is lent.
    Full,
}

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
    memory: Memory,
    lender: Lender<Memory>,
    copies: PageCopies,
    table: LentTable,
    loads: Vec<Option<Load>>,
    /// Taken back while the client had them claimed: it has to be told.
    revoked: Vec<GrantRef>,
    large: bool,
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
            large: place.large.count() > 0,
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

    /// For `length` bytes, at most, of a file that looks like `now`, from `offset` on, which is before its end.
    pub fn plan(&mut self, now: &Stamp, offset: u64, length: u64) -> Plan {
        let length = length.min(now.size - offset);
        let mut there = [None; GRANTS_PER_SLOT];
        let mut load = Load {
            file: now.file,
            offset,
            pieces: [None; GRANTS_PER_SLOT],
            changed: false,
        };
        let mut unit = self.unit(length);
        let (mut at, mut count) = (0, 0);
        while at < length && count < GRANTS_PER_SLOT {
            let pages = (length - at).div_ceil(PAGE).min(u64::from(unit)) as u32;
            let key = PieceKey {
                file: now.file,
                offset: offset + at,
                pages,
            };
            match self.usable(&key, now) {
                // One answer has either what is there, or what has to be read: the client asks for the rest.
                Some(_) if load.pieces[0].is_some() => break,
                Some(number) => there[count] = Some(number),
                None if there[0].is_some() => break,
                None => match self.copies.allocate(pages) {
                    Some(allocated) => load.pieces[count] = Some(Piece { allocated, pages }),
                    None if unit > 1 && count == 0 => {
                        unit = if unit > MIDDLE_PAGES { MIDDLE_PAGES } else { 1 };
                        continue;
                    }
                    None => break,
                },
            }
            at += u64::from(pages) * PAGE;
            count += 1;
        }
        if there[0].is_some() {
            Plan::There(there)
        } else if load.pieces[0].is_some() {
            Plan::Load(self.begin_load(load))
        } else {
            Plan::Full
        }
    }

    fn unit(&self, length: u64) -> u32 {
        let pages = length.div_ceil(PAGE).min(u64::from(u32::MAX)) as u32;
        if pages <= GRANTS_PER_SLOT as u32 {
            1
        } else if pages <= GRANTS_PER_SLOT as u32 * MIDDLE_PAGES || !self.large {
            MIDDLE_PAGES
        } else {
            PAGES_PER_LARGE
        }
    }

    /// A copy of this piece that is the file's bytes. One that can't be vouched for is nobody's any more.
    fn usable(&mut self, key: &PieceKey, now: &Stamp) -> Option<u32> {
        let number = self.copies.find(key)?;
        if self.copies.get(number)?.stamp.vouches_for(now) {
            return Some(number);
        }
        self.copies.invalidate(number);
        None
    }

    fn begin_load(&mut self, load: Load) -> u32 {
        let vacant = self.loads.iter().position(Option::is_none);
        let number = vacant.unwrap_or_else(|| {
            self.loads.push(None);
            self.loads.len() - 1
        });
        self.loads[number] = Some(load);
        number as u32
    }

    /// Where in the region a load's bytes go, in order.
    pub fn places(&self, load: u32) -> impl Iterator<Item = (usize, usize)> {
        let load = self.loads[load as usize].as_ref();
        load.into_iter()
            .flat_map(|load| load.pieces.iter().flatten())
            .map(|piece| (piece.allocated.start(), bytes_of(piece.pages) as usize))
    }

    /// Nobody wants it any more, or it failed.
    pub fn abandon(&mut self, load: u32) {
        for piece in self.end_load(load).pieces.into_iter().flatten() {
            self.copies.give_back(piece.allocated);
        }
    }

    /// `count` bytes were read by which the file looked like `stamp`. The copies, and whether the file has changed since.
    pub fn loaded(&mut self, load: u32, count: u64, stamp: Stamp) -> ([Option<u32>; GRANTS_PER_SLOT], bool) {
        let load = self.end_load(load);
        let mut numbers = [None; GRANTS_PER_SLOT];
        let mut at = 0;
        let mut used = 0;
        for Piece { allocated, pages } in load.pieces.into_iter().flatten() {
            if at >= count {
                self.copies.give_back(allocated);
                continue;
            }
            let bytes = bytes_of(pages);
            let there = (count - at).min(bytes);
            self.zero(allocated.start() + there as usize, (bytes - there) as usize);
            let key = PieceKey {
                file: stamp.file,
                offset: load.offset + at,
                pages,
            };
            numbers[used] = Some(self.copies.insert(key, allocated, stamp, !load.changed));
            used += 1;
            at += bytes;
        }
        (numbers, load.changed)
    }

    fn end_load(&mut self, load: u32) -> Load {
        self.loads[load as usize]
            .take()
            .expect("a load ends once, by who has its number")
    }

    fn zero(&self, at: usize, bytes: usize) {
        const ZEROS: [u8; SMALL_PAGE_BYTES] = [0; SMALL_PAGE_BYTES];
        for done in (0..bytes).step_by(ZEROS.len()) {
            let count = (bytes - done).min(ZEROS.len());
            self.memory.copy_in(at + done, &ZEROS[..count]);
        }
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

    /// Anything may have changed: what is being read is not to be relied on.
    pub fn doubt_loads(&mut self) {
        for load in self.loads.iter_mut().flatten() {
            load.changed = true;
        }
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

fn bytes_of(pages: u32) -> u64 {
    u64::from(pages) * PAGE
}
