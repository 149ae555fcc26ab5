//! The one way to touch what the other side can change at any time: 64-bit words, atomically.
//!
//! Rings, grants and sessions are written against this trait alone. Real memory implements it (`region_unsafe.rs`), and
//! so does a model checker's (`tests/loom`), so what is proved is the code that runs.

use std::sync::atomic::Ordering;

/// Words at byte offsets that are multiples of 8. An offset outside is a defect of the caller and panics: offsets come
/// from a validated `RegionMap`, never from the peer.
pub trait Words {
    fn load(&self, at: usize, ordering: Ordering) -> u64;

    fn store(&self, at: usize, value: u64, ordering: Ordering);

    /// Replaces `expected` by `new`, with acquire and release; the value found if it was another.
    fn compare_exchange(&self, at: usize, expected: u64, new: u64) -> Result<u64, u64>;

    /// A full fence: what was stored before it is visible to whoever's loads after their own full fence come later.
    fn fence(&self);
}
