//! The byte ranges that one owner has locked in one file: sorted, disjoint, neighbours of one kind merged, as
//! fcntl(2) keeps them.

/// First and last byte, both locked; `LAST` stands for the end of the file, wherever it will be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LockRange {
    pub first: u64,
    pub last: u64,
}

/// Nothing lies beyond what a signed offset can say.
pub const LAST: u64 = i64::MAX as u64;

impl LockRange {
    pub const WHOLE: LockRange = LockRange { first: 0, last: LAST };

    /// `length` 0 reaches to the end of the file, and so does what would reach further. None: it starts beyond.
    pub fn new(offset: u64, length: u64) -> Option<LockRange> {
        if offset > LAST {
            return None;
        }
        let last = match length {
            0 => LAST,
            _ => offset.saturating_add(length - 1).min(LAST),
        };
        Some(LockRange { first: offset, last })
    }

    pub fn overlaps(&self, other: &LockRange) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// As the protocol says it: 0 to the end of the file.
    pub fn length(&self) -> u64 {
        if self.last == LAST {
            0
        } else {
            self.last - self.first + 1
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HeldRange {
    pub range: LockRange,
    pub exclusive: bool,
}

#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct LockRanges(Vec<HeldRange>);

impl LockRanges {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Some if one lock covers everything, and whether it is exclusive.
    pub fn whole(&self) -> Option<bool> {
        match self.0.as_slice() {
            [held] if held.range == LockRange::WHOLE => Some(held.exclusive),
            _ => None,
        }
    }

    /// The first that somebody else's lock of this kind would be in conflict with.
    pub fn conflict(&self, range: &LockRange, exclusive: bool) -> Option<HeldRange> {
        self.0
            .iter()
            .find(|held| (exclusive || held.exclusive) && held.range.overlaps(range))
            .copied()
    }

    /// Locks the range, whatever kind of lock was there; None unlocks it.
    pub fn set(&mut self, range: LockRange, exclusive: Option<bool>) {
        let mut kept = Vec::with_capacity(self.0.len() + 2);
        for held in &self.0 {
            if !held.range.overlaps(&range) {
                kept.push(*held);
                continue;
            }
            if held.range.first < range.first {
                kept.push(HeldRange {
                    range: LockRange {
                        first: held.range.first,
                        last: range.first - 1,
                    },
                    ..*held
                });
            }
            if held.range.last > range.last {
                kept.push(HeldRange {
                    range: LockRange {
                        first: range.last + 1,
                        last: held.range.last,
                    },
                    ..*held
                });
            }
        }
        kept.extend(exclusive.map(|exclusive| HeldRange { range, exclusive }));
        kept.sort_unstable_by_key(|held| held.range.first);
        self.0.clear();
        for held in kept {
            match self.0.last_mut() {
                Some(before)
                    if before.exclusive == held.exclusive && before.range.last + 1 == held.range.first =>
                {
                    before.range.last = held.range.last;
                }
                _ => self.0.push(held),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: u64, last: u64) -> LockRange {
        LockRange { first, last }
    }

    fn held(ranges: &LockRanges) -> Vec<(u64, u64, bool)> {
        let list = ranges.0.iter();
        list.map(|held| (held.range.first, held.range.last, held.exclusive))
            .collect()
    }

    #[test]
    fn ranges_end_where_files_can_end() {
        assert_eq!(LockRange::new(0, 0), Some(LockRange::WHOLE));
        assert_eq!(LockRange::new(10, 5), Some(range(10, 14)));
        assert_eq!(LockRange::new(10, u64::MAX), Some(range(10, LAST)));
        assert_eq!(LockRange::new(LAST, 1), Some(range(LAST, LAST)));
        assert_eq!(LockRange::new(LAST + 1, 1), None);
        assert_eq!(LockRange::new(LAST, 1).unwrap().length(), 0);
    }

    #[test]
    fn an_unlock_in_the_middle_leaves_two() {
        let mut ranges = LockRanges::default();
        ranges.set(LockRange::WHOLE, Some(true));
        assert_eq!(ranges.whole(), Some(true));
        ranges.set(range(10, 19), None);
        assert_eq!(held(&ranges), [(0, 9, true), (20, LAST, true)]);
        assert_eq!(ranges.whole(), None);
    }

    #[test]
    fn a_lock_of_another_kind_replaces_and_neighbours_merge() {
        let mut ranges = LockRanges::default();
        ranges.set(range(0, 9), Some(false));
        ranges.set(range(10, 19), Some(false));
        assert_eq!(held(&ranges), [(0, 19, false)]);
        ranges.set(range(5, 14), Some(true));
        assert_eq!(held(&ranges), [(0, 4, false), (5, 14, true), (15, 19, false)]);
        ranges.set(range(5, 14), Some(false));
        assert_eq!(held(&ranges), [(0, 19, false)]);
        ranges.set(LockRange::WHOLE, None);
        assert!(ranges.is_empty());
    }

    #[test]
    fn only_two_shared_locks_go_together() {
        let mut ranges = LockRanges::default();
        ranges.set(range(10, 19), Some(false));
        assert!(ranges.conflict(&range(15, 30), false).is_none());
        assert!(ranges.conflict(&range(15, 30), true).is_some());
        assert!(ranges.conflict(&range(20, 30), true).is_none());
        ranges.set(range(10, 19), Some(true));
        assert!(ranges.conflict(&range(19, 19), false).is_some());
    }
}
