//! From which pages a range of a file is mapped: copies that are there, or pages into which it has to be read.

use fsva_channel::layout::{GRANTS_PER_SLOT, SMALL_PAGE_BYTES};
use fsva_channel::page_range::PageRange;

use crate::lent_pages::LentPages;
use crate::mailbox::FileKey;
use crate::page_copies::{PAGES_PER_LARGE, PieceKey};
use crate::stamp::Stamp;

const PAGE: u64 = SMALL_PAGE_BYTES as u64;
/// Pages of a piece, by how much is asked for: pieces of few sizes are found again.
const MIDDLE_PAGES: u32 = 16;

pub fn bytes_of(pages: u32) -> u64 {
    u64::from(pages) * PAGE
}

/// Pages being filled.
#[derive(Clone, Copy)]
pub struct Load {
    pub file: FileKey,
    pub offset: u64,
    pieces: [Option<Piece>; GRANTS_PER_SLOT],
    pub changed: bool,
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

impl LentPages {
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
        } else if pages <= GRANTS_PER_SLOT as u32 * MIDDLE_PAGES || !self.has_large {
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

    /// Anything may have changed: what is being read is not to be relied on.
    pub fn doubt_loads(&mut self) {
        for load in self.loads.iter_mut().flatten() {
            load.changed = true;
        }
    }
}
