//! Which of the pages that one side owns are free. Private: the peer has no say in it.

use crate::geometry::OwnedPlace;
use crate::page_range::PageRange;

/// Page runs of one class, first fit from where the last one was found.
#[derive(Debug)]
struct Class {
    pages: PageRange,
    /// Pages of the region per page of this class.
    unit: u32,
    /// A bit per page of the class; 1: in use.
    used: Vec<u64>,
    free: u32,
    next: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PageSize {
    Small,
    Large,
}

/// The pages of one owner, both classes.
#[derive(Debug)]
pub struct PagePool {
    small: Class,
    large: Class,
}

/// Pages that are not used, or not this pool's: a defect of the caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotInUse;

impl PagePool {
    pub fn new(place: &OwnedPlace) -> PagePool {
        PagePool {
            small: Class::new(place.small, 1),
            large: Class::new(place.large, 512),
        }
    }

    /// `count` adjacent pages; None if there are none. Their bytes are whatever was there.
    pub fn allocate(&mut self, size: PageSize, count: u32) -> Option<PageRange> {
        match size {
            PageSize::Small => self.small.allocate(count),
            PageSize::Large => self.large.allocate(count),
        }
    }

    pub fn free(&mut self, pages: PageRange) -> Result<(), NotInUse> {
        self.class_of(pages).ok_or(NotInUse)?.set(pages, false)
    }

    /// Marks pages as used that an earlier process lent and the peer still holds.
    pub fn adopt(&mut self, pages: PageRange) -> Result<(), NotInUse> {
        self.class_of(pages).ok_or(NotInUse)?.set(pages, true)
    }

    pub fn free_pages(&self, size: PageSize) -> u32 {
        match size {
            PageSize::Small => self.small.free,
            PageSize::Large => self.large.free,
        }
    }

    fn class_of(&mut self, pages: PageRange) -> Option<&mut Class> {
        [&mut self.small, &mut self.large]
            .into_iter()
            .find(|class| class.pages.contains(pages))
    }
}

impl Class {
    fn new(pages: PageRange, unit: u32) -> Class {
        let count = pages.count() / unit;
        Class {
            pages,
            unit,
            used: vec![0; count.div_ceil(64) as usize],
            free: count,
            next: 0,
        }
    }

    fn count(&self) -> u32 {
        self.pages.count() / self.unit
    }

    fn is_used(&self, page: u32) -> bool {
        self.used[page as usize / 64] >> (page % 64) & 1 != 0
    }

    fn mark(&mut self, page: u32, used: bool) {
        let bit = 1 << (page % 64);
        let word = &mut self.used[page as usize / 64];
        *word = if used { *word | bit } else { *word & !bit };
    }

    fn allocate(&mut self, count: u32) -> Option<PageRange> {
        if count == 0 || count > self.free {
            return None;
        }
        let first = self
            .run(self.next, self.count(), count)
            .or_else(|| self.run(0, self.next.saturating_add(count).min(self.count()), count))?;
        (first..first + count).for_each(|page| self.mark(page, true));
        self.free -= count;
        self.next = (first + count) % self.count();
        Some(PageRange::new(
            self.pages.first() + first * self.unit,
            count * self.unit,
        ))
    }

    /// The first run of `count` free pages within `from..to`.
    fn run(&self, from: u32, to: u32, count: u32) -> Option<u32> {
        let (mut first, mut page) = (from, from);
        while page < to {
            if page.is_multiple_of(64) && first == page && self.used[page as usize / 64] == u64::MAX {
                page += 64;
                first = page;
                continue;
            }
            if self.is_used(page) {
                first = page + 1;
            } else if page - first + 1 == count {
                return Some(first);
            }
            page += 1;
        }
        None
    }

    fn set(&mut self, pages: PageRange, used: bool) -> Result<(), NotInUse> {
        let first = pages.first() - self.pages.first();
        if !first.is_multiple_of(self.unit) {
            return Err(NotInUse);
        }
        // A part of a large page is the whole page.
        let range = first / self.unit..(first + pages.count()).div_ceil(self.unit);
        if range.clone().any(|page| self.is_used(page) == used) {
            return Err(NotInUse);
        }
        let count = range.len() as u32;
        if !used {
            // The pages just given back are the ones in the processor's cache.
            self.next = range.start;
        }
        range.for_each(|page| self.mark(page, used));
        self.free = if used {
            self.free - count
        } else {
            self.free + count
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::geometry::{Geometry, Owned};

    fn pool(small_pages: u64, large_pages: u64) -> (OwnedPlace, PagePool) {
        let client = Owned {
            grants: 1,
            small_pages,
            large_pages,
        };
        let geometry = Geometry {
            client,
            ..Geometry::USUAL
        };
        let place = geometry.map().unwrap().client;
        (place, PagePool::new(&place))
    }

    #[test]
    fn large_pages_are_aligned() {
        let (_, mut pool) = pool(3, 2);
        let page = pool.allocate(PageSize::Large, 1).unwrap();
        assert!(page.start().is_multiple_of(2 << 20));
        assert_eq!(page.bytes(), 2 << 20);
        assert!(pool.allocate(PageSize::Large, 2).is_none());
    }

    #[test]
    fn what_is_not_in_use_is_not_freed() {
        let (place, mut pool) = pool(4, 1);
        let pages = pool.allocate(PageSize::Small, 2).unwrap();
        assert_eq!(pool.free(place.small), Err(NotInUse));
        assert_eq!(pool.free(pages), Ok(()));
        assert_eq!(pool.free(pages), Err(NotInUse));
        assert_eq!(pool.free(PageRange::new(0, 1)), Err(NotInUse));
        assert_eq!(pool.free(place.large), Err(NotInUse));
        assert_eq!(
            pool.adopt(PageRange::new(place.large.first() + 1, 1)),
            Err(NotInUse)
        );
        assert_eq!(pool.adopt(PageRange::new(place.large.first(), 100)), Ok(()));
        assert_eq!(pool.free(place.large), Ok(()));
    }

    proptest! {
        /// Against a list: runs never overlap, lie in the pool, and are found whenever there is one.
        #[test]
        fn gives_each_page_once(steps in prop::collection::vec((any::<bool>(), 1..9u32, any::<prop::sample::Index>()), 0..150)) {
            let (place, mut pool) = pool(100, 0);
            let mut held: Vec<PageRange> = Vec::new();
            for (take, count, which) in steps {
                if take {
                    let used = |page: u32| held.iter().any(|range| range.contains(PageRange::new(page, 1)));
                    let first = place.small.first();
                    let exists = (first..first + 101 - count).any(|start| (start..start + count).all(|page| !used(page)));
                    let found = pool.allocate(PageSize::Small, count);
                    prop_assert_eq!(found.is_some(), exists);
                    if let Some(range) = found {
                        prop_assert!(place.small.contains(range) && (range.first()..range.first() + count).all(|page| !used(page)));
                        held.push(range);
                    }
                } else if !held.is_empty() {
                    let range = held.swap_remove(which.index(held.len()));
                    prop_assert_eq!(pool.free(range), Ok(()));
                }
                let used: u32 = held.iter().map(|range| range.count()).sum();
                prop_assert_eq!(pool.free_pages(PageSize::Small), 100 - used);
            }
        }
    }
}
