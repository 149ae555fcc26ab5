//! How often each operation was asked for, and how long the answers took: some of them are timed, so that most calls do without
//! a clock.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use fsva_channel::protocol::Op;

const OPS: usize = 16;
/// One of so many calls of an operation is timed, beginning with the first.
const TIMED: u64 = 8;
/// Per power of two; a quantile is too high by at most one of them.
const STEPS: u64 = 8;
const STEP_BITS: u32 = STEPS.trailing_zeros();
/// Up to 2^36 ns, which is more than a minute.
const POWERS: u32 = 36;
const BUCKETS: usize = ((POWERS - STEP_BITS + 1) as u64 * STEPS) as usize;

pub struct OpTimes {
    ops: [OpTime; OPS],
}

struct OpTime {
    calls: AtomicU64,
    /// By nanoseconds.
    buckets: [AtomicU64; BUCKETS],
}

/// Of one operation, since the client began. The times are None while nothing was timed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpFigures {
    pub op: Op,
    pub calls: u64,
    pub p50: Option<Duration>,
    pub p99: Option<Duration>,
}

impl Default for OpTimes {
    fn default() -> OpTimes {
        OpTimes {
            ops: std::array::from_fn(|_| OpTime {
                calls: AtomicU64::new(0),
                buckets: std::array::from_fn(|_| AtomicU64::new(0)),
            }),
        }
    }
}

impl OpTimes {
    /// To be given back with the answer.
    pub fn begin(&self, op: u16) -> Option<Instant> {
        let op = self.ops.get(usize::from(op))?;
        let before = op.calls.fetch_add(1, Relaxed);
        before.is_multiple_of(TIMED).then(Instant::now)
    }

    pub fn end(&self, op: u16, begun: Option<Instant>) {
        if let (Some(op), Some(begun)) = (self.ops.get(usize::from(op)), begun) {
            op.buckets[bucket(begun.elapsed())].fetch_add(1, Relaxed);
        }
    }

    /// Of those that were asked for at all.
    pub fn figures(&self) -> Vec<OpFigures> {
        (0..OPS as u16)
            .filter_map(Op::from_number)
            .zip(&self.ops)
            .filter_map(|(op, times)| {
                let calls = times.calls.load(Relaxed);
                let counts = times.buckets.each_ref().map(|count| count.load(Relaxed));
                (calls > 0).then(|| OpFigures {
                    op,
                    calls,
                    p50: quantile(&counts, 50),
                    p99: quantile(&counts, 99),
                })
            })
            .collect()
    }
}

/// Below STEPS each number has its own; then STEPS per power of two.
fn bucket(time: Duration) -> usize {
    let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let nanos = nanos.clamp(1, (1 << POWERS) - 1);
    let power = nanos.ilog2();
    if power < STEP_BITS {
        return nanos as usize;
    }
    let shift = power - STEP_BITS;
    ((u64::from(shift) * STEPS) + (nanos >> shift)) as usize
}

/// What is in it is shorter than that.
fn end_of(bucket: usize) -> Duration {
    let bucket = bucket as u64;
    if bucket < STEPS {
        return Duration::from_nanos(bucket + 1);
    }
    let shift = bucket / STEPS - 1;
    Duration::from_nanos((bucket - shift * STEPS + 1) << shift)
}

fn quantile(counts: &[u64; BUCKETS], percent: u64) -> Option<Duration> {
    let total: u64 = counts.iter().sum();
    let rank = (total * percent).div_ceil(100);
    let mut below = 0;
    let bucket = counts.iter().position(|count| {
        below += count;
        *count > 0 && below >= rank
    })?;
    Some(end_of(bucket))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn of_a_hundred_the_middle_and_the_last_but_one() {
        let mut counts = [0; BUCKETS];
        for micros in 1..=100 {
            counts[bucket(Duration::from_micros(micros))] += 1;
        }
        let near = |found: Option<Duration>, micros: u64| {
            let (found, wanted) = (found.unwrap(), Duration::from_micros(micros));
            assert!(found > wanted && found <= wanted.mul_f64(1.125), "{found:?}");
        };
        near(quantile(&counts, 50), 50);
        near(quantile(&counts, 99), 99);
        assert_eq!(quantile(&[0; BUCKETS], 50), None);
    }

    #[test]
    fn calls_are_counted_and_some_are_timed() {
        let times = OpTimes::default();
        let timed = (0..17)
            .filter(|_| {
                let begun = times.begin(Op::Read as u16);
                times.end(Op::Read as u16, begun);
                begun.is_some()
            })
            .count();
        assert_eq!(timed, 3);
        assert!(times.begin(99).is_none());
        let figures = times.figures();
        assert_eq!(figures.len(), 1);
        assert_eq!((figures[0].op, figures[0].calls), (Op::Read, 17));
        assert!(figures[0].p50.is_some() && figures[0].p50 <= figures[0].p99);
    }

    proptest! {
        #[test]
        fn a_time_lies_in_its_bucket(nanos in 1u64..1 << POWERS) {
            let time = Duration::from_nanos(nanos);
            let at = bucket(time);
            prop_assert!(at < BUCKETS);
            prop_assert!(time < end_of(at));
            prop_assert!(at == 0 || end_of(at - 1) <= time);
        }

        #[test]
        fn any_time_has_a_bucket(nanos: u64) {
            prop_assert!(bucket(Duration::from_nanos(nanos)) < BUCKETS);
        }
    }
}
