//! Memory that a file mirrors: what is stored there survives the death of this process, because the pages are the
//! kernel's. Nothing here survives a power failure by itself.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// One mapping; unmapped when its last region is gone.
#[derive(Debug)]
struct Mapping {
    pointer: *mut u8,
    length: usize,
}

// SAFETY: the memory belongs to the process, not to a thread; who may touch which part is Region's matter.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: made by mmap with this length, and nobody has a region any more.
        unsafe { libc::munmap(self.pointer.cast(), self.length) };
    }
}

/// A part of a mapping that nobody else has: regions are made by splitting, so they never overlap.
#[derive(Debug)]
pub struct Region {
    mapping: Arc<Mapping>,
    start: usize,
    length: usize,
}

impl Region {
    /// The whole file, shared. The file must have `length` bytes and keep them, with its space allocated: a store
    /// that finds no space raises SIGBUS.
    pub fn of_file(file: &File, length: usize) -> io::Result<Region> {
        Region::map(libc::MAP_SHARED, file.as_raw_fd(), length)
    }

    /// Memory that no file mirrors: gone with the process.
    pub fn anonymous(length: usize) -> io::Result<Region> {
        Region::map(libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, length)
    }

    fn map(flags: i32, descriptor: i32, length: usize) -> io::Result<Region> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice.
        let pointer = unsafe { libc::mmap(ptr::null_mut(), length, protection, flags, descriptor, 0) };
        if pointer == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let mapping = Mapping {
            pointer: pointer.cast(),
            length,
        };
        Ok(Region {
            mapping: Arc::new(mapping),
            start: 0,
            length,
        })
    }

    pub fn len(&self) -> usize {
        self.length
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The first `at` bytes, and the rest.
    pub fn split(self, at: usize) -> (Region, Region) {
        assert!(at <= self.length);
        let rest = Region {
            mapping: self.mapping.clone(),
            start: self.start + at,
            length: self.length - at,
        };
        let first = Region { length: at, ..self };
        (first, rest)
    }

    pub fn write(&mut self, at: usize, bytes: &[u8]) {
        assert!(at <= self.length && bytes.len() <= self.length - at);
        // SAFETY: within the mapping, checked above; no one else has this region, and `bytes` is not in it, because
        // no slice of a mapping is ever given out.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), self.pointer(at), bytes.len()) };
    }

    pub fn read(&self, at: usize, into: &mut [u8]) {
        assert!(at <= self.length && into.len() <= self.length - at);
        // SAFETY: as in `write`.
        unsafe { ptr::copy_nonoverlapping(self.pointer(at), into.as_mut_ptr(), into.len()) };
    }

    /// Stores a word (at a multiple of 8) in one piece, after everything that was written before: whoever finds it
    /// there after a crash finds all of that, too.
    pub fn publish(&mut self, at: usize, word: u64) {
        self.word(at).store(word, Ordering::Release);
    }

    pub fn load(&self, at: usize) -> u64 {
        self.word(at).load(Ordering::Acquire)
    }

    fn word(&self, at: usize) -> &AtomicU64 {
        assert!((self.start + at).is_multiple_of(8) && at <= self.length && 8 <= self.length - at);
        // SAFETY: aligned (mappings begin at a page) and within the mapping; an AtomicU64 may have any value.
        unsafe { &*self.pointer(at).cast::<AtomicU64>() }
    }

    fn pointer(&self, at: usize) -> *mut u8 {
        // SAFETY: callers have checked `at`, and the region lies in its mapping.
        unsafe { self.mapping.pointer.add(self.start + at) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_what_was_written() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(8192).unwrap();
        let (mut first, mut rest) = Region::of_file(&file, 8192).unwrap().split(64);
        first.publish(8, 7);
        rest.write(0, b"after");
        let mut bytes = [0; 128];
        std::os::unix::fs::FileExt::read_exact_at(&file, &mut bytes, 0).unwrap();
        assert_eq!(bytes[8..16], 7u64.to_ne_bytes());
        assert_eq!(&bytes[64..69], b"after");
        assert_eq!(first.load(8), 7);
    }

    #[test]
    #[should_panic(expected = "at <= self.length")]
    fn a_region_has_an_end() {
        Region::anonymous(4096).unwrap().split(64).0.write(60, b"beyond");
    }
}
