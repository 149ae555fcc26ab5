//! Memory of this side that the server reads files into and writes them from.

use std::ops::Range;
use std::sync::Arc;

use fsva_channel::region_unsafe::Memory;

use crate::error::ClientError;
use crate::lending::Pages;

/// A piece of the region. Clones are the same memory, which is free for others when the last one is gone and the server
/// has answered everything that uses it. It stays readable when the region is made anew, but can't be used for calls then
/// (`ClientError::RegionLost`).
#[derive(Clone)]
pub struct LentBuffer {
    pages: Arc<Pages>,
}

impl LentBuffer {
    pub(crate) fn new(pages: Arc<Pages>) -> LentBuffer {
        LentBuffer { pages }
    }

    pub(crate) fn pages(&self) -> &Arc<Pages> {
        &self.pages
    }

    /// Its length in bytes.
    pub fn bytes(&self) -> usize {
        self.pages.bytes() as usize
    }

    /// Copies from the buffer.
    pub fn copy_to(&self, offset: usize, into: &mut [u8]) -> Result<(), ClientError> {
        let at = self.place(offset..offset.saturating_add(into.len()))?;
        self.pages.memory().copy_out(at, into);
        Ok(())
    }

    /// Copies into the buffer.
    pub fn copy_from(&self, offset: usize, from: &[u8]) -> Result<(), ClientError> {
        let at = self.place(offset..offset.saturating_add(from.len()))?;
        self.pages.memory().copy_in(at, from);
        Ok(())
    }

    /// The memory and where the buffer begins in it, for those who can use pointers or the kernel: it is valid as long as
    /// this buffer is, and changes whenever the server likes.
    pub fn data(&self) -> (&Memory, usize) {
        (self.pages.memory(), self.pages.start())
    }

    fn place(&self, range: Range<usize>) -> Result<usize, ClientError> {
        if range.end > self.bytes() {
            return Err(ClientError::Invalid("bytes behind the end of the buffer"));
        }
        Ok(self.pages.start() + range.start)
    }
}
