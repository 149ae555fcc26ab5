//! Pages of the region, in units of 4 KiB.

use crate::layout::SMALL_PAGE_BYTES;

/// `count` pages from page number `first` on, counted from the start of the region.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct PageRange {
    first: u32,
    count: u32,
}

impl PageRange {
    /// The end must fit: ranges that the peer names are made by `of_bytes`.
    pub const fn new(first: u32, count: u32) -> PageRange {
        assert!(first.checked_add(count).is_some());
        PageRange { first, count }
    }

    /// The pages that hold `bytes` bytes from page `first` on, if there are such pages at all.
    pub fn of_bytes(first: u32, bytes: u32) -> Option<PageRange> {
        let count = bytes.div_ceil(SMALL_PAGE_BYTES as u32);
        (count > 0 && first.checked_add(count).is_some()).then_some(PageRange { first, count })
    }

    pub fn first(self) -> u32 {
        self.first
    }

    pub fn count(self) -> u32 {
        self.count
    }

    /// In bytes from the start of the region.
    pub fn start(self) -> usize {
        self.first as usize * SMALL_PAGE_BYTES
    }

    pub fn bytes(self) -> usize {
        self.count as usize * SMALL_PAGE_BYTES
    }

    pub fn contains(self, other: PageRange) -> bool {
        other.count > 0 && self.first <= other.first && other.first + other.count <= self.first + self.count
    }
}
