//! How many requests of programs use the region's memory at once, and how many of them one user's: nobody's many
//! connections keep the others waiting, or use the memory up.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex};

#[derive(Debug)]
pub struct Turns {
    at_once: usize,
    of_user: usize,
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    taken: usize,
    of_user: HashMap<u32, usize>,
}

/// Ends when it is dropped.
#[derive(Debug)]
pub struct Turn<'turns> {
    turns: &'turns Turns,
    uid: u32,
}

impl Turns {
    pub fn new(at_once: usize, of_user: usize) -> Turns {
        Turns {
            at_once,
            of_user,
            state: Mutex::default(),
            ended: Condvar::new(),
        }
    }

    /// Waits until there is one.
    pub fn take(&self, uid: u32) -> Turn<'_> {
        let state = self.state.lock().expect("no holder panics");
        let has_to_wait = |state: &mut State| {
            let own = state.of_user.get(&uid).copied().unwrap_or(0);
            state.taken >= self.at_once || own >= self.of_user
        };
        let mut state = self
            .ended
            .wait_while(state, has_to_wait)
            .expect("no holder panics");
        state.taken += 1;
        *state.of_user.entry(uid).or_default() += 1;
        Turn { turns: self, uid }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.turns.state.lock().expect("no holder panics");
        state.taken -= 1;
        if let Some(own) = state.of_user.get_mut(&self.uid) {
            *own -= 1;
            if *own == 0 {
                state.of_user.remove(&self.uid);
            }
        }
        drop(state);
        // All: who is woken may be of the user that has to wait for another.
        self.turns.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn one_user_leaves_turns_to_others() {
        let turns = Turns::new(3, 2);
        let got = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let (first, second) = (turns.take(1), turns.take(1));
            scope.spawn(|| {
                drop(turns.take(1));
                got.fetch_add(1, Ordering::SeqCst);
            });
            // Another user's is there, although one waits.
            drop(turns.take(2));
            let third = turns.take(2);
            scope.spawn(|| {
                drop(turns.take(3));
                got.fetch_add(1, Ordering::SeqCst);
            });
            assert_eq!(got.load(Ordering::SeqCst), 0);
            drop(third);
            let end = Instant::now() + Duration::from_secs(120);
            while got.load(Ordering::SeqCst) < 1 && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(1));
            }
            drop((first, second));
        });
        assert_eq!(got.load(Ordering::SeqCst), 2);
        assert!(turns.state.lock().unwrap().of_user.is_empty());
    }
}
