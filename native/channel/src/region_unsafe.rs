//! Shared memory. The peer can write all of it at any time, so no Rust reference to plain data is ever made over it:
//! words are atomics, bytes are copied word by word with atomic loads and stores, and files are read into and written
//! from it by the kernel.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use crate::words::Words;

#[derive(Debug)]
struct Mapping {
    pointer: *mut u8,
    bytes: usize,
}

// SAFETY: the memory belongs to the process, not to a thread, and is only accessed atomically or by the kernel.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: made by mmap with this size, and no Memory refers to it any more.
        unsafe { libc::munmap(self.pointer.cast(), self.bytes) };
    }
}

/// A mapping of a shared region; unmapped when the last clone is gone.
#[derive(Clone, Debug)]
pub struct Memory {
    mapping: Arc<Mapping>,
}

impl Memory {
    /// `bytes` of the file (a memfd, or a devdax device) from `offset` on. Both must be multiples of the page size, for
    /// devdax of its alignment. The file must keep its size: a load behind its end raises SIGBUS.
    pub fn map(file: BorrowedFd<'_>, offset: u64, bytes: usize) -> io::Result<Memory> {
        let offset = libc::off_t::try_from(offset).map_err(|_| io::ErrorKind::InvalidInput)?;
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice.
        let pointer = unsafe {
            let flags = libc::MAP_SHARED;
            libc::mmap(
                ptr::null_mut(),
                bytes,
                protection,
                flags,
                file.as_raw_fd(),
                offset,
            )
        };
        if pointer == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let mapping = Mapping {
            pointer: pointer.cast(),
            bytes,
        };
        Ok(Memory {
            mapping: Arc::new(mapping),
        })
    }

    pub fn bytes(&self) -> usize {
        self.mapping.bytes
    }

    /// Where this is mapped, for consumers that are not Rust: valid as long as a clone of `self` lives. It changes while it
    /// is looked at.
    pub fn pointer(&self, at: usize, bytes: usize) -> *mut u8 {
        self.check(at, bytes);
        self.mapping.pointer.wrapping_add(at)
    }

    fn word(&self, at: usize) -> &AtomicU64 {
        assert!(at.is_multiple_of(8) && at < self.mapping.bytes && 8 <= self.mapping.bytes - at);
        // SAFETY: aligned (mappings begin at a page) and within the mapping, which lives as long as self; an AtomicU64
        // may have any value and may change at any time.
        unsafe { &*self.mapping.pointer.add(at).cast::<AtomicU64>() }
    }

    /// Where these bytes are in this process, for system calls that read or fill them. Good as long as a clone of self
    /// lives; a reference to plain data must not be made of it.
    pub fn address(&self, at: usize, bytes: usize) -> *mut u8 {
        self.check(at, bytes);
        // SAFETY: within the mapping or one past its end.
        unsafe { self.mapping.pointer.add(at) }
    }

    fn check(&self, at: usize, bytes: usize) {
        assert!(at <= self.mapping.bytes && bytes <= self.mapping.bytes - at);
    }

    /// Copies from the region. Torn if the peer writes meanwhile: what is decided by must be looked at in the copy.
    pub fn copy_out(&self, at: usize, into: &mut [u8]) {
        self.check(at, into.len());
        let mut at = at;
        let mut rest = into;
        while !rest.is_empty() {
            let skip = at % 8;
            let word = self.word(at - skip).load(Ordering::Relaxed).to_le_bytes();
            let count = (8 - skip).min(rest.len());
            let (now, later) = rest.split_at_mut(count);
            now.copy_from_slice(&word[skip..skip + count]);
            (at, rest) = (at + count, later);
            if rest.len() >= 8 {
                let whole = rest.len() / 8 * 8;
                let (now, later) = rest.split_at_mut(whole);
                self.load_words(at, now);
                (at, rest) = (at + whole, later);
            }
        }
    }

    /// Copies into the region, which this side owns there. Bytes around it in its first and last word are written
    /// again as they were found.
    pub fn copy_in(&self, at: usize, from: &[u8]) {
        self.check(at, from.len());
        let mut at = at;
        let mut rest = from;
        while !rest.is_empty() {
            let skip = at % 8;
            if skip == 0 && rest.len() >= 8 {
                let (now, later) = rest.split_at(rest.len() / 8 * 8);
                self.store_words(at, now);
                (at, rest) = (at + now.len(), later);
                continue;
            }
            let count = (8 - skip).min(rest.len());
            let word = self.word(at - skip);
            let mut bytes = word.load(Ordering::Relaxed).to_le_bytes();
            bytes[skip..skip + count].copy_from_slice(&rest[..count]);
            word.store(u64::from_le_bytes(bytes), Ordering::Relaxed);
            (at, rest) = (at + count, &rest[count..]);
        }
    }

    /// Copies from another mapping, which others may write, into this one: once, if both places are aligned to words.
    pub fn copy_from(&self, at: usize, from: &Memory, from_at: usize, bytes: usize) {
        self.check(at, bytes);
        from.check(from_at, bytes);
        let aligned = at.is_multiple_of(8) && from_at.is_multiple_of(8);
        let whole = if aligned { bytes / 8 * 8 } else { 0 };
        if whole > 0 {
            let words = from.words(from_at, whole / 8);
            for (into, word) in self.words(at, whole / 8).iter().zip(words) {
                into.store(word.load(Ordering::Relaxed), Ordering::Relaxed);
            }
        }
        let mut done = whole;
        let mut piece = [0; 4096];
        while done < bytes {
            let count = (bytes - done).min(piece.len());
            from.copy_out(from_at + done, &mut piece[..count]);
            self.copy_in(at + done, &piece[..count]);
            done += count;
        }
    }

    fn load_words(&self, at: usize, into: &mut [u8]) {
        let (chunks, _) = into.as_chunks_mut::<8>();
        for (word, chunk) in self.words(at, chunks.len()).iter().zip(chunks) {
            *chunk = word.load(Ordering::Relaxed).to_le_bytes();
        }
    }

    fn store_words(&self, at: usize, from: &[u8]) {
        let (chunks, _) = from.as_chunks::<8>();
        for (word, chunk) in self.words(at, chunks.len()).iter().zip(chunks) {
            word.store(u64::from_le_bytes(*chunk), Ordering::Relaxed);
        }
    }

    fn words(&self, at: usize, count: usize) -> &[AtomicU64] {
        self.check(at, count * 8);
        assert!(at.is_multiple_of(8));
        // SAFETY: as in `word`, for `count` words; a slice of atomics may change at any time.
        unsafe { std::slice::from_raw_parts(self.mapping.pointer.add(at).cast(), count) }
    }

    /// Reads a file straight into the region, as pread does.
    pub fn pread(&self, file: BorrowedFd<'_>, offset: u64, at: usize, bytes: usize) -> io::Result<usize> {
        self.check(at, bytes);
        let offset = libc::off_t::try_from(offset).map_err(|_| io::ErrorKind::InvalidInput)?;
        // SAFETY: the kernel writes within the mapping, over memory that Rust only ever accesses atomically.
        let count = unsafe {
            let into = self.mapping.pointer.add(at).cast();
            libc::pread(file.as_raw_fd(), into, bytes, offset)
        };
        usize::try_from(count).map_err(|_| io::Error::last_os_error())
    }

    /// Writes a file straight from the region, as pwrite does.
    pub fn pwrite(&self, file: BorrowedFd<'_>, offset: u64, at: usize, bytes: usize) -> io::Result<usize> {
        self.check(at, bytes);
        let offset = libc::off_t::try_from(offset).map_err(|_| io::ErrorKind::InvalidInput)?;
        // SAFETY: the kernel reads within the mapping.
        let count = unsafe {
            let from = self.mapping.pointer.add(at).cast();
            libc::pwrite(file.as_raw_fd(), from, bytes, offset)
        };
        usize::try_from(count).map_err(|_| io::Error::last_os_error())
    }
}

impl Words for Memory {
    fn load(&self, at: usize, ordering: Ordering) -> u64 {
        self.word(at).load(ordering)
    }

    fn store(&self, at: usize, value: u64, ordering: Ordering) {
        self.word(at).store(value, ordering);
    }

    fn compare_exchange(&self, at: usize, expected: u64, new: u64) -> Result<u64, u64> {
        self.word(at)
            .compare_exchange(expected, new, Ordering::AcqRel, Ordering::Acquire)
    }

    fn fence(&self) {
        fence(Ordering::SeqCst);
    }
}
