//! The open files as the server's next process finds them: in pages of the region that are the server's and never lent.
//!
//! The client can write there as well. What it gains is what it could have asked for by OPEN.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use fsva_channel::protocol::{OPEN_REQUEST_BYTES, OpenRequest};
use fsva_channel::region_unsafe::Memory;
use fsva_channel::words::Words;

/// Generation in the high half, OPEN or not in the low one; stored last.
const STATE: usize = 0;
const REQUEST_ID: usize = 8;
const REQUEST: usize = 16;
pub const OPEN_ENTRY_BYTES: usize = REQUEST + OPEN_REQUEST_BYTES;
const OPEN: u64 = 1;
const _: () = assert!(OPEN_ENTRY_BYTES.is_multiple_of(8));

pub struct OpenTable {
    memory: Memory,
    at: usize,
    slots: usize,
}

/// What stands in one entry.
pub struct Found {
    pub generation: u32,
    pub request_id: u64,
    /// None: nothing is open there.
    pub request: Option<OpenRequest>,
}

impl OpenTable {
    pub fn new(memory: Memory, at: usize, slots: usize) -> OpenTable {
        OpenTable { memory, at, slots }
    }

    pub fn slots(&self) -> usize {
        self.slots
    }

    pub fn read(&self, slot: usize) -> Found {
        let at = self.entry(slot);
        let state = self.memory.load(at + STATE, Acquire);
        let mut bytes = [0; OPEN_REQUEST_BYTES];
        self.memory.copy_out(at + REQUEST, &mut bytes);
        Found {
            generation: (state >> 32) as u32,
            request_id: self.memory.load(at + REQUEST_ID, Relaxed),
            request: OpenRequest::decode(&bytes).filter(|_| state as u32 as u64 == OPEN),
        }
    }

    pub fn write(&self, slot: usize, generation: u32, request_id: u64, request: &OpenRequest) {
        let at = self.entry(slot);
        // It fits: it was decoded from as many bytes.
        let bytes = request.encode().unwrap_or([0; OPEN_REQUEST_BYTES]);
        self.memory.copy_in(at + REQUEST, &bytes);
        self.memory.store(at + REQUEST_ID, request_id, Relaxed);
        self.memory
            .store(at + STATE, u64::from(generation) << 32 | OPEN, Release);
    }

    pub fn erase(&self, slot: usize, next_generation: u32) {
        let state = u64::from(next_generation) << 32;
        self.memory.store(self.entry(slot) + STATE, state, Release);
    }

    fn entry(&self, slot: usize) -> usize {
        assert!(slot < self.slots);
        self.at + slot * OPEN_ENTRY_BYTES
    }
}
