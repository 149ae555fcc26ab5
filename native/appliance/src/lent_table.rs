//! What was lent by which grant, as the server's next process finds it: in pages of the region that are the server's and
//! never lent. The client can write there as well, and mislead itself about its own pages.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use fsva_channel::region_unsafe::Memory;
use fsva_channel::words::Words;

use crate::stamp::Stamp;

pub const LENT_ENTRY_BYTES: usize = 64;
const WORDS: usize = LENT_ENTRY_BYTES / 8;
/// The grant's generation in the low half of the first word, stored last; the handle index in the high one.
const REFERENCE: usize = 0;

/// A piece of a file as it was when it was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LentPiece {
    /// By which it was mapped; it may be closed by now.
    pub handle_index: u32,
    pub offset: u64,
    pub stamp: Stamp,
}

pub struct LentTable {
    memory: Memory,
    at: usize,
    grants: usize,
}

impl LentTable {
    pub fn new(memory: Memory, at: usize, grants: usize) -> LentTable {
        LentTable { memory, at, grants }
    }

    /// Grants of a higher index can't be written down.
    pub fn grants(&self) -> usize {
        self.grants
    }

    pub fn write(&self, index: usize, generation: u32, piece: &LentPiece) {
        let at = self.entry(index);
        let words: [u64; WORDS - 1] = piece.stamp.to_words(piece.offset);
        for (word, value) in words.iter().enumerate() {
            self.memory.store(at + (word + 1) * 8, *value, Relaxed);
        }
        let reference = u64::from(generation) | u64::from(piece.handle_index) << 32;
        self.memory.store(at + REFERENCE, reference, Release);
    }

    /// None: it is about another generation.
    pub fn read(&self, index: usize, generation: u32) -> Option<LentPiece> {
        if index >= self.grants {
            return None;
        }
        let at = self.entry(index);
        let reference = self.memory.load(at + REFERENCE, Acquire);
        if reference as u32 != generation {
            return None;
        }
        let words = std::array::from_fn(|word| self.memory.load(at + (word + 1) * 8, Relaxed));
        let (stamp, offset) = Stamp::from_words(&words);
        Some(LentPiece {
            handle_index: (reference >> 32) as u32,
            offset,
            stamp,
        })
    }

    fn entry(&self, index: usize) -> usize {
        assert!(index < self.grants);
        self.at + index * LENT_ENTRY_BYTES
    }
}
