//! Memory that somebody else owns (a JavaScript ArrayBuffer) while an operation reads or fills it.

/// Bytes to fill. Whoever makes one keeps the memory alive and untouched until the operation has answered.
#[derive(Debug)]
pub struct ForeignBuffer {
    pointer: *mut u8,
    length: usize,
}

/// Bytes to read. Whoever makes one keeps the memory alive and unchanged until the operation has answered.
#[derive(Debug)]
pub struct ForeignBytes {
    pointer: *const u8,
    length: usize,
}

// SAFETY: the maker's promise covers the time until the answer, on whatever thread the operation runs; only
// the one operation that owns the value uses the pointer.
unsafe impl Send for ForeignBuffer {}
// SAFETY: as above.
unsafe impl Send for ForeignBytes {}

impl ForeignBuffer {
    /// # Safety
    /// `pointer` is good for writes of `length` bytes until the operation that gets this value has answered,
    /// and nobody else touches them.
    pub unsafe fn new(pointer: *mut u8, length: usize) -> ForeignBuffer {
        ForeignBuffer { pointer, length }
    }

    pub fn len(&self) -> usize {
        self.length
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(crate) fn pointer_at(&self, skip: usize) -> *mut u8 {
        assert!(skip <= self.length);
        // SAFETY: within the buffer or one past its end.
        unsafe { self.pointer.add(skip) }
    }
}

impl ForeignBytes {
    /// # Safety
    /// `pointer` is good for reads of `length` bytes until the operation that gets this value has answered,
    /// and nobody changes them.
    pub unsafe fn new(pointer: *const u8, length: usize) -> ForeignBytes {
        ForeignBytes { pointer, length }
    }

    pub fn len(&self) -> usize {
        self.length
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(crate) fn pointer_at(&self, skip: usize) -> *const u8 {
        assert!(skip <= self.length);
        // SAFETY: within the bytes or one past their end.
        unsafe { self.pointer.add(skip) }
    }
}
