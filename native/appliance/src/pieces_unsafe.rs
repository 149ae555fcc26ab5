//! Granted memory as what the core's operations read and fill: the kernel copies straight from and to there.

use fsva_channel::layout::GRANTS_PER_SLOT;
use fsva_channel::region_unsafe::Memory;
use fsva_core::foreign_buffer_unsafe::{ForeignBuffer, ForeignBytes};

/// Parts of the region in the order of a request's grants. Whoever makes one holds the claims, or lends the pages to
/// nobody, until the operation that has it was answered.
pub struct Pieces {
    memory: Memory,
    places: [(usize, usize); GRANTS_PER_SLOT],
    count: usize,
}

impl Pieces {
    pub fn new(memory: Memory) -> Pieces {
        Pieces {
            memory,
            places: [(0, 0); GRANTS_PER_SLOT],
            count: 0,
        }
    }

    /// Up to GRANTS_PER_SLOT times.
    pub fn push(&mut self, at: usize, bytes: usize) {
        self.places[self.count] = (at, bytes);
        self.count += 1;
    }

    /// At least one, which may be empty: an operation without bytes still has its checks to make.
    pub fn places(&self) -> &[(usize, usize)] {
        &self.places[..self.count.max(1)]
    }

    pub fn buffers(&self) -> impl Iterator<Item = ForeignBuffer> {
        self.places().iter().map(|(at, bytes)| {
            // SAFETY: `address` checks that the bytes are in the mapping, which self keeps alive, and the operation has
            // self. Rust never makes references to them. The peer may change them meanwhile: that spoils its own data.
            unsafe { ForeignBuffer::new(self.memory.address(*at, *bytes), *bytes) }
        })
    }

    pub fn bytes(&self) -> impl Iterator<Item = ForeignBytes> {
        self.places().iter().map(|(at, bytes)| {
            // SAFETY: as above.
            unsafe { ForeignBytes::new(self.memory.address(*at, *bytes), *bytes) }
        })
    }

    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    pub fn total(&self) -> usize {
        self.places().iter().map(|(_, bytes)| bytes).sum()
    }
}

/// Lends private memory to an operation that is done when `use_it` returns.
pub fn over_private<T>(memory: &mut [u8], use_it: impl FnOnce(ForeignBuffer) -> T) -> T {
    // SAFETY: the exclusive borrow lasts until the operation is done.
    use_it(unsafe { ForeignBuffer::new(memory.as_mut_ptr(), memory.len()) })
}
