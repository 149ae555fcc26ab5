//! Words of this process alone, for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use crate::words::Words;

#[derive(Clone, Debug)]
pub(crate) struct HeapWords(Arc<[AtomicU64]>);

impl HeapWords {
    pub(crate) fn new(bytes: usize) -> HeapWords {
        HeapWords((0..bytes / 8).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Words for HeapWords {
    fn load(&self, at: usize, ordering: Ordering) -> u64 {
        self.0[at / 8].load(ordering)
    }

    fn store(&self, at: usize, value: u64, ordering: Ordering) {
        self.0[at / 8].store(value, ordering);
    }

    fn compare_exchange(&self, at: usize, expected: u64, new: u64) -> Result<u64, u64> {
        self.0[at / 8].compare_exchange(expected, new, Ordering::AcqRel, Ordering::Acquire)
    }

    fn fence(&self) {
        fence(Ordering::SeqCst);
    }
}
