//! Shared words as the model checker sees them: every load may return any value that the memory model allows.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use fsva_channel::words::Words;
use loom::sync::atomic::{AtomicU64, fence};

/// A mechanism taken away, to see that the model notices.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Without {
    Nothing,
    Fences,
    /// Release and acquire are relaxed.
    Ordering,
    /// A compare-and-swap is a load and a store.
    AtomicExchange,
}

#[derive(Clone)]
pub struct ModelWords {
    words: Arc<Vec<AtomicU64>>,
    is_ring: bool,
    without: Without,
}

impl ModelWords {
    /// Of one ring, which lies at 0.
    pub fn ring(slots: u64, slot_words: usize, without: Without) -> ModelWords {
        ModelWords::new(4 + slots as usize * slot_words, true, without)
    }

    /// Of a grant table, which lies at 0.
    pub fn grants(grants: usize, without: Without) -> ModelWords {
        ModelWords::new(grants * 4, false, without)
    }

    fn new(count: usize, is_ring: bool, without: Without) -> ModelWords {
        ModelWords {
            words: Arc::new((0..count).map(|_| AtomicU64::new(0)).collect()),
            is_ring,
            without,
        }
    }

    /// Few words instead of a ring header's three cache-line pairs: the model creates each of them in every run.
    fn word(&self, at: usize) -> &AtomicU64 {
        let index = match at {
            _ if !self.is_ring => at / 8,
            0 | 8 => at / 8,
            128 => 2,
            256 => 3,
            _ => at / 8 - 384 / 8 + 4,
        };
        &self.words[index]
    }

    fn order(&self, wanted: Ordering) -> Ordering {
        match self.without {
            Without::Ordering => Ordering::Relaxed,
            _ => wanted,
        }
    }
}

impl Words for ModelWords {
    fn load(&self, at: usize, ordering: Ordering) -> u64 {
        self.word(at).load(self.order(ordering))
    }

    fn store(&self, at: usize, value: u64, ordering: Ordering) {
        self.word(at).store(value, self.order(ordering));
    }

    fn compare_exchange(&self, at: usize, expected: u64, new: u64) -> Result<u64, u64> {
        let word = self.word(at);
        if self.without != Without::AtomicExchange {
            return word.compare_exchange(
                expected,
                new,
                self.order(Ordering::AcqRel),
                self.order(Ordering::Acquire),
            );
        }
        let found = word.load(Ordering::Acquire);
        if found != expected {
            return Err(found);
        }
        word.store(new, Ordering::Release);
        Ok(found)
    }

    fn fence(&self) {
        if self.without != Without::Fences {
            fence(Ordering::SeqCst);
        }
    }
}

/// What the model says of the first interleaving with a fault: "deadlock" if nobody wakes a thread, or the assertion that
/// failed.
pub fn fault(model: impl Fn() + Send + Sync + 'static) -> String {
    let run = std::panic::AssertUnwindSafe(|| loom::model(model));
    let Err(fault) = std::panic::catch_unwind(run) else {
        return "no fault".into();
    };
    let text = fault.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| fault.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}

/// Every interleaving with at most so many preemptions: for models that are too large otherwise.
pub fn check_bounded(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}
