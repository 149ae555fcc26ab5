//! Whatever owners and a program of this machine do: who holds what, against a table of bytes, and the kernel agrees.

use std::sync::atomic::Ordering;

use proptest::prelude::*;

use super::tests::Scene;
use super::*;
use crate::lock_ranges::LAST;

/// Bytes that are told apart; the last one stands for all that follow.
const CELLS: usize = 12;
const OWNERS: [&str; 3] = ["a", "b", "c"];
/// A program that asks the kernel, not us.
const PROGRAM: usize = OWNERS.len();

#[derive(Clone, Debug)]
struct Step {
    who: usize,
    first: usize,
    /// The cell behind the range; CELLS reaches to the end of the file.
    end: usize,
    /// None unlocks.
    exclusive: Option<bool>,
    is_test: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let kinds = prop_oneof![2 => Just(None), 3 => Just(Some(false)), 3 => Just(Some(true))];
    let ranges = (0..CELLS).prop_flat_map(|first| (Just(first), first + 1..=CELLS));
    // The whole file is what flock(2) is told of.
    let ranges = prop_oneof![4 => ranges, 1 => Just((0, CELLS))];
    (0..=PROGRAM, ranges, kinds, any::<bool>()).prop_map(|(who, (first, end), exclusive, is_test)| Step {
        who,
        first,
        end,
        exclusive,
        is_test,
    })
}

impl Step {
    fn length(&self) -> u64 {
        if self.end == CELLS {
            0
        } else {
            (self.end - self.first) as u64
        }
    }

    fn range(&self) -> LockRange {
        LockRange::new(self.first as u64, self.length()).unwrap()
    }
}

type Cells = [Option<bool>; CELLS];

fn in_the_way(held: &[Cells], step: &Step, exclusive: bool) -> bool {
    held.iter().enumerate().any(|(who, cells)| {
        let conflicting = |held: &Option<bool>| held.is_some_and(|held| held || exclusive);
        who != step.who && cells[step.first..step.end].iter().any(conflicting)
    })
}

fn runs(cells: &Cells) -> usize {
    (0..CELLS)
        .filter(|&at| cells[at].is_some() && (at == 0 || cells[at - 1] != cells[at]))
        .count()
}

proptest! {
    #[test]
    fn agrees_with_a_table_of_bytes(steps in prop::collection::vec(step(), 1..60)) {
        let scene = Scene::new();
        let program = scene.open();
        let mut held = [[None; CELLS]; OWNERS.len() + 1];
        for step in steps {
            let refused = step.exclusive.is_some_and(|exclusive| in_the_way(&held, &step, exclusive));
            if step.who == PROGRAM {
                let done = sys::set_lock(program.as_fd(), step.range(), step.exclusive);
                prop_assert_eq!(done.is_err(), refused);
            } else {
                let owner = OWNERS[step.who];
                match step.exclusive {
                    None => {
                        let left = scene.unlock(owner, step.first as u64, step.length());
                        held[step.who][step.first..step.end].fill(None);
                        prop_assert_eq!(left, runs(&held[step.who]));
                    }
                    Some(exclusive) if step.is_test => {
                        let request = scene.request(owner, step.first as u64, step.length(), exclusive);
                        let open = || Ok(Descriptor::new(scene.open().into(), &scene.budget));
                        prop_assert_eq!(scene.table.test(&request, open).unwrap().is_some(), refused);
                        continue;
                    }
                    Some(exclusive) => match scene.lock(owner, step.first as u64, step.length(), exclusive) {
                        Attempt::Conflict(holder) => {
                            prop_assert!(refused);
                            prop_assert!(holder.range.overlaps(&step.range()));
                        }
                        Attempt::Granted(ranges) => {
                            prop_assert!(!refused);
                            held[step.who][step.first..step.end].fill(Some(exclusive));
                            prop_assert_eq!(ranges, runs(&held[step.who]));
                        }
                    },
                }
            }
            if step.who == PROGRAM && !refused {
                held[PROGRAM][step.first..step.end].fill(step.exclusive);
            }
        }
        let stranger = scene.open();
        for at in 0..CELLS {
            let last = if at == CELLS - 1 { LAST } else { at as u64 };
            let cell = LockRange { first: at as u64, last };
            for exclusive in [false, true] {
                let held = held.iter().any(|cells| cells[at].is_some_and(|held| held || exclusive));
                prop_assert_eq!(sys::get_lock(stranger.as_fd(), cell, exclusive).unwrap().is_some(), held);
            }
        }
        for owner in OWNERS {
            prop_assert_eq!(scene.unlock(owner, 0, 0), 0);
        }
        prop_assert!(scene.table.is_empty());
        prop_assert_eq!(scene.budget.load(Ordering::Relaxed), 0);
    }

    /// Every pair of numbers that a client can send is a range or none, and none of them overflows.
    #[test]
    fn any_offset_and_length_make_a_range_or_none(offset: u64, length: u64, near_the_end: bool) {
        let offset = if near_the_end { LAST.wrapping_sub(offset % 4).wrapping_add(length % 3) } else { offset };
        match LockRange::new(offset, length) {
            None => prop_assert!(offset > LAST),
            Some(range) => {
                prop_assert!(range.first <= range.last && range.last <= LAST);
                prop_assert_eq!(LockRange::new(range.first, range.length()), Some(range));
            }
        }
    }
}
