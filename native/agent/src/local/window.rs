//! A place in a connection's memory file, in bounds.

use fsva_channel::region_unsafe::Memory;

/// Where data of one request goes to or comes from. The program can write there at any time, so the bytes are only ever
/// copied.
#[derive(Clone, Copy, Debug)]
pub struct Window<'memory> {
    memory: &'memory Memory,
    at: usize,
    bytes: usize,
}

impl<'memory> Window<'memory> {
    /// None: not within the memory.
    pub fn new(memory: &'memory Memory, at: u32, bytes: u32) -> Option<Window<'memory>> {
        let (at, bytes) = (at as usize, bytes as usize);
        let fits = at.checked_add(bytes).is_some_and(|end| end <= memory.bytes());
        fits.then_some(Window { memory, at, bytes })
    }

    pub fn memory(&self) -> &'memory Memory {
        self.memory
    }

    /// In the memory, in bytes.
    pub fn at(&self) -> usize {
        self.at
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn a_window_lies_within_its_memory() {
        let file = fsva_channel::memfd_unsafe::create(8192).unwrap();
        let memory = Memory::map(file.as_fd(), 0, 8192).unwrap();
        for (at, bytes, fits) in [
            (0, 8192, true),
            (8191, 1, true),
            (8192, 0, true),
            (1, 8192, false),
            (8192, 1, false),
            (u32::MAX, 1, false),
            (1, u32::MAX, false),
        ] {
            assert_eq!(Window::new(&memory, at, bytes).is_some(), fits, "{at} {bytes}");
        }
    }
}
