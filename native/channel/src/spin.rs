//! How long to look again and again before sleeping: a wake-up by the kernel costs microseconds to milliseconds, a look
//! at shared memory nanoseconds. All parameters of it stand here.

use std::hint::spin_loop;
use std::time::{Duration, Instant};

/// Spinning goes on for at most so long; it is more than a round trip takes while both sides run.
pub const SPIN_MAX: Duration = Duration::from_micros(50);
/// A side that always waits long still looks for so long.
pub const SPIN_MIN: Duration = Duration::from_micros(2);
pub const SPIN_FIRST: Duration = Duration::from_micros(20);
/// Looks between two looks at the clock.
const LOOKS_PER_CLOCK: u32 = 16;

/// A budget that doubles when spinning was worth it, or would have been had it been longer, and halves when it was not.
#[derive(Debug)]
pub struct Spin {
    budget: Duration,
    max: Duration,
}

impl Spin {
    /// `max` zero: never spin, for machines where the peer runs on the same processor.
    pub fn new(max: Duration) -> Spin {
        Spin {
            budget: SPIN_FIRST.min(max),
            max,
        }
    }

    pub fn budget(&self) -> Duration {
        self.budget
    }

    /// Looks until there is something or the budget is spent. True: there is something.
    pub fn until<E>(&mut self, mut look: impl FnMut() -> Result<bool, E>) -> Result<bool, E> {
        if look()? {
            return Ok(true);
        }
        if self.max.is_zero() {
            return Ok(false);
        }
        let start = Instant::now();
        loop {
            for _ in 0..LOOKS_PER_CLOCK {
                spin_loop();
                if look()? {
                    self.budget = (self.budget * 2).min(self.max);
                    return Ok(true);
                }
            }
            if start.elapsed() >= self.budget {
                return Ok(false);
            }
        }
    }

    /// After sleeping: the whole wait, spinning included, took so long. Being woken may have been half of it.
    pub fn slept(&mut self, waited: Duration) {
        self.budget = if waited <= self.max * 2 {
            (self.budget * 2).min(self.max)
        } else {
            (self.budget / 2).max(SPIN_MIN.min(self.max))
        };
    }
}

impl Default for Spin {
    fn default() -> Spin {
        Spin::new(SPIN_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_follows_success() {
        let mut spin = Spin::default();
        let never = || Ok::<_, ()>(false);
        for _ in 0..20 {
            assert_eq!(spin.until(never), Ok(false));
            spin.slept(Duration::from_millis(5));
        }
        assert_eq!(spin.budget(), SPIN_MIN);
        // The peer takes a little longer than the budget each time: it must not stay too small for ever.
        for _ in 0..20 {
            spin.slept(SPIN_MAX);
        }
        assert_eq!(spin.budget(), SPIN_MAX);
        spin.slept(Duration::from_millis(5));
        for _ in 0..20 {
            let mut looks = 0;
            let third = || {
                looks += 1;
                Ok::<_, ()>(looks == 3)
            };
            assert_eq!(spin.until(third), Ok(true));
        }
        assert_eq!(spin.budget(), SPIN_MAX);
        assert_eq!(Spin::new(Duration::ZERO).until(never), Ok(false));
        assert_eq!(spin.until(|| Err(())), Err(()));
    }
}
