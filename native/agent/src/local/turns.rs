//! How many requests of programs use the region's memory at once: of all, of one user, and about one file system. So nobody's
//! many connections use the memory up, and neither does a file system that hangs.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TurnLimits {
    pub at_once: usize,
    pub of_user: usize,
    pub of_file_system: usize,
    pub of_user_and_file_system: usize,
}

/// What turns are counted by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Kind {
    All,
    User(u32),
    FileSystem(u64),
    Both(u32, u64),
}

impl Kind {
    fn of(uid: u32, fsid: u64) -> [Kind; 4] {
        [
            Kind::All,
            Kind::User(uid),
            Kind::FileSystem(fsid),
            Kind::Both(uid, fsid),
        ]
    }

    fn limit(self, limits: &TurnLimits) -> usize {
        match self {
            Kind::All => limits.at_once,
            Kind::User(_) => limits.of_user,
            Kind::FileSystem(_) => limits.of_file_system,
            Kind::Both(..) => limits.of_user_and_file_system,
        }
    }
}

#[derive(Debug)]
pub struct Turns {
    limits: TurnLimits,
    taken: Mutex<HashMap<Kind, usize>>,
    ended: Condvar,
}

/// Ends when it is dropped.
#[derive(Debug)]
pub struct Turn<'turns> {
    turns: &'turns Turns,
    kinds: [Kind; 4],
}

impl Turns {
    pub fn new(limits: TurnLimits) -> Turns {
        Turns {
            limits,
            taken: Mutex::default(),
            ended: Condvar::new(),
        }
    }

    /// Waits until there is one.
    pub fn take(&self, uid: u32, fsid: u64) -> Turn<'_> {
        let kinds = Kind::of(uid, fsid);
        let taken = self.taken.lock().expect("no holder panics");
        let has_to_wait = |taken: &mut HashMap<Kind, usize>| {
            let is_full = |kind: &Kind| {
                taken
                    .get(kind)
                    .is_some_and(|count| *count >= kind.limit(&self.limits))
            };
            kinds.iter().any(is_full)
        };
        let mut taken = self
            .ended
            .wait_while(taken, has_to_wait)
            .expect("no holder panics");
        for kind in kinds {
            *taken.entry(kind).or_default() += 1;
        }
        Turn { turns: self, kinds }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut taken = self.turns.taken.lock().expect("no holder panics");
        for kind in self.kinds {
            if let Some(count) = taken.get_mut(&kind) {
                *count -= 1;
                if *count == 0 {
                    taken.remove(&kind);
                }
            }
        }
        drop(taken);
        // All: the first to be woken may have to wait for another.
        self.turns.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{TryRecvError, channel};
    use std::time::Duration;

    use super::*;

    /// Whether a turn is to be had while those are held.
    fn is_free(turns: &Turns, uid: u32, fsid: u64) -> bool {
        let taken = turns.taken.lock().unwrap();
        let full = |kind: Kind| {
            taken
                .get(&kind)
                .is_some_and(|count| *count >= kind.limit(&turns.limits))
        };
        !Kind::of(uid, fsid).into_iter().any(full)
    }

    fn turns() -> Turns {
        Turns::new(TurnLimits {
            at_once: 5,
            of_user: 3,
            of_file_system: 3,
            of_user_and_file_system: 2,
        })
    }

    #[test]
    fn everybody_leaves_turns_to_others() {
        let turns = turns();
        let held = [turns.take(1, 1), turns.take(1, 1)];
        assert!(!is_free(&turns, 1, 1));
        assert!(is_free(&turns, 1, 2) && is_free(&turns, 2, 1));
        let more = turns.take(1, 2);
        assert!(!is_free(&turns, 1, 3), "his third");
        let third = turns.take(2, 1);
        assert!(!is_free(&turns, 3, 1), "its third");
        let last = turns.take(2, 2);
        assert!(!is_free(&turns, 3, 3), "the fifth of all");
        drop((held, more, third, last));
        assert!(turns.taken.lock().unwrap().is_empty());
    }

    #[test]
    fn whoever_waits_gets_his_turn() {
        let turns = turns();
        let (got, gets) = channel();
        std::thread::scope(|scope| {
            let held = [turns.take(1, 1), turns.take(1, 1)];
            let turns = &turns;
            scope.spawn(move || {
                let _turn = turns.take(1, 1);
                got.send(()).unwrap();
            });
            // Another user's is there meanwhile.
            drop(turns.take(2, 1));
            assert_eq!(gets.try_recv(), Err(TryRecvError::Empty));
            drop(held);
            gets.recv_timeout(Duration::from_secs(120)).unwrap();
        });
    }
}
