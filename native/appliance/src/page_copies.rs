//! Pieces of files in the server's pages of the region. Several grants share one copy as long as it is known to be the
//! file's; one that nobody holds stays until its pages are needed.

use std::collections::{HashMap, VecDeque};

use fsva_channel::geometry::OwnedPlace;
use fsva_channel::layout::{LARGE_PAGE_BYTES, SMALL_PAGE_BYTES};
use fsva_channel::message::GrantRef;
use fsva_channel::page_pool::{PagePool, PageSize};
use fsva_channel::page_range::PageRange;

use crate::mailbox::FileKey;
use crate::stamp::Stamp;

pub const PAGES_PER_LARGE: u32 = (LARGE_PAGE_BYTES / SMALL_PAGE_BYTES) as u32;
const NONE: u32 = u32::MAX;

/// What a copy is of: `pages` pages from `offset` on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PieceKey {
    pub file: FileKey,
    pub offset: u64,
    pub pages: u32,
}

pub struct PageCopy {
    pub key: PieceKey,
    pub pages: PageRange,
    pub stamp: Stamp,
    /// What the client may have claimed.
    pub holders: Vec<GrantRef>,
    /// Grants that were taken back and not given back.
    pub quarantined: u32,
    /// Found by its key.
    valid: bool,
    idle_since: u64,
}

impl PageCopy {
    fn is_idle(&self) -> bool {
        self.holders.is_empty() && self.quarantined == 0
    }
}

pub struct PageCopies {
    pool: PagePool,
    place: OwnedPlace,
    copies: Vec<Option<PageCopy>>,
    free: Vec<u32>,
    index: HashMap<PieceKey, u32>,
    by_file: HashMap<FileKey, Vec<u32>>,
    /// By first page.
    by_page: Vec<u32>,
    /// In small pages and in large ones, with the time since which they are idle; another time is out of date.
    idle: [VecDeque<(u32, u64)>; 2],
    clock: u64,
    pages: u64,
}

impl PageCopies {
    pub fn new(pool: PagePool, place: OwnedPlace) -> PageCopies {
        let first_pages = place.small.count() + place.large.count();
        PageCopies {
            pool,
            place,
            copies: Vec::new(),
            free: Vec::new(),
            index: HashMap::new(),
            by_file: HashMap::new(),
            by_page: vec![NONE; first_pages as usize],
            idle: Default::default(),
            clock: 0,
            pages: 0,
        }
    }

    /// A run of so many pages, whatever is in them. More than a small run is of the large pages. What is idle makes room.
    pub fn allocate(&mut self, count: u32) -> Option<PageRange> {
        let (size, count) = if count > PAGES_PER_LARGE / 2 {
            (PageSize::Large, count.div_ceil(PAGES_PER_LARGE))
        } else {
            (PageSize::Small, count)
        };
        loop {
            let found = self.pool.allocate(size, count);
            if found.is_some() || !self.drop_oldest_idle(size) {
                return found;
            }
        }
    }

    /// Pages of `allocate` that no copy was made of.
    pub fn give_back(&mut self, pages: PageRange) {
        // They are in use: they were allocated.
        let _ = self.pool.free(pages);
    }

    /// `valid`: who asks for this piece may have it.
    pub fn insert(&mut self, key: PieceKey, pages: PageRange, stamp: Stamp, valid: bool) -> u32 {
        if valid && let Some(earlier) = self.index.get(&key).copied() {
            self.invalidate(earlier);
        }
        let copy = PageCopy {
            key,
            pages,
            stamp,
            holders: Vec::new(),
            quarantined: 0,
            valid,
            idle_since: 0,
        };
        let number = self.free.pop().unwrap_or_else(|| {
            self.copies.push(None);
            self.copies.len() as u32 - 1
        });
        self.copies[number as usize] = Some(copy);
        let place = self.place_of(pages);
        self.by_page[place] = number;
        self.pages += u64::from(pages.count());
        self.by_file.entry(key.file).or_default().push(number);
        if valid {
            self.index.insert(key, number);
        }
        number
    }

    pub fn find(&self, key: &PieceKey) -> Option<u32> {
        self.index.get(key).copied()
    }

    pub fn get(&self, number: u32) -> Option<&PageCopy> {
        self.copies.get(number as usize)?.as_ref()
    }

    /// `settle` must follow.
    pub fn get_mut(&mut self, number: u32) -> Option<&mut PageCopy> {
        self.copies.get_mut(number as usize)?.as_mut()
    }

    /// The copy that these pages, which were lent, are.
    pub fn of_pages(&self, pages: PageRange) -> Option<u32> {
        let number = self.by_page[self.place_of(pages)];
        (number != NONE).then_some(number)
    }

    /// Copies of this file, valid or not.
    pub fn of_file(&self, file: FileKey) -> Vec<u32> {
        self.by_file.get(&file).cloned().unwrap_or_default()
    }

    pub fn files(&self) -> Vec<FileKey> {
        self.by_file.keys().copied().collect()
    }

    /// It is known to be the file's bytes (again).
    pub fn validate(&mut self, number: u32) {
        if let Some(copy) = &mut self.copies[number as usize]
            && !copy.valid
            && !self.index.contains_key(&copy.key)
        {
            copy.valid = true;
            self.index.insert(copy.key, number);
        }
    }

    /// Nobody gets it any more.
    pub fn invalidate(&mut self, number: u32) {
        if let Some(copy) = &mut self.copies[number as usize]
            && std::mem::replace(&mut copy.valid, false)
        {
            self.index.remove(&copy.key);
        }
        self.settle(number);
    }

    /// After holders went: what is idle can be dropped, what is of no use is.
    pub fn settle(&mut self, number: u32) {
        let Some(copy) = self.copies[number as usize]
            .as_mut()
            .filter(|copy| copy.is_idle())
        else {
            return;
        };
        if !copy.valid {
            self.drop_copy(number);
            return;
        }
        self.clock += 1;
        copy.idle_since = self.clock;
        let is_large = self.place.large.contains(copy.pages);
        let idle = &mut self.idle[usize::from(is_large)];
        idle.push_back((number, self.clock));
        if idle.len() > 2 * self.copies.len() + 64 {
            let copies = &self.copies;
            idle.retain(|(number, since)| is_idle_since(copies, *number, *since));
        }
    }

    /// Those of a file's copies in this range that nobody holds.
    pub fn drop_idle(&mut self, file: FileKey, range: std::ops::Range<u64>) {
        for number in self.of_file(file) {
            if let Some(copy) = self.get(number)
                && copy.is_idle()
                && copy.key.offset < range.end
                && copy.key.offset + copy.pages.bytes() as u64 > range.start
            {
                self.invalidate(number);
            }
        }
    }

    /// Pages of 4 KiB that copies have.
    pub fn pages(&self) -> u64 {
        self.pages
    }

    fn drop_oldest_idle(&mut self, size: PageSize) -> bool {
        let idle = usize::from(size == PageSize::Large);
        while let Some((number, since)) = self.idle[idle].pop_front() {
            if is_idle_since(&self.copies, number, since) {
                self.invalidate(number);
                return true;
            }
        }
        false
    }

    fn drop_copy(&mut self, number: u32) {
        let Some(copy) = self.copies[number as usize].take() else {
            return;
        };
        self.free.push(number);
        let place = self.place_of(copy.pages);
        self.by_page[place] = NONE;
        self.pages -= u64::from(copy.pages.count());
        if let Some(numbers) = self.by_file.get_mut(&copy.key.file) {
            numbers.retain(|other| *other != number);
            if numbers.is_empty() {
                self.by_file.remove(&copy.key.file);
            }
        }
        self.give_back(copy.pages);
    }

    fn place_of(&self, pages: PageRange) -> usize {
        let (small, large) = (self.place.small, self.place.large);
        if small.contains(pages) {
            (pages.first() - small.first()) as usize
        } else {
            (small.count() + pages.first() - large.first()) as usize
        }
    }
}

fn is_idle_since(copies: &[Option<PageCopy>], number: u32, since: u64) -> bool {
    copies[number as usize]
        .as_ref()
        .is_some_and(|copy| copy.is_idle() && copy.idle_since == since)
}
