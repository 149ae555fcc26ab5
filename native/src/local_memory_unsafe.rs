//! A connection's memory as JavaScript sees it, and descriptors that JavaScript names by number.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use fsva_channel::region_unsafe::Memory;
use napi::bindgen_prelude::ArrayBuffer;
use napi::{Env, Result};

use crate::core::failure;

/// The mapping itself, which stays as long as JavaScript can reach it. A second one of the same mapping is not allowed.
pub fn array_buffer<'env>(env: &'env Env, memory: &Memory) -> Result<ArrayBuffer<'env>> {
    let bytes = memory.bytes();
    let start = memory.pointer(0, bytes);
    // SAFETY: mapped as long as the clone lives that the finalizer drops. Whoever else writes there races with JavaScript
    // alone, whose engine makes no assumptions about bytes.
    let buffer =
        unsafe { ArrayBuffer::from_external(env, start, bytes, memory.clone(), |_, memory| drop(memory))? };
    // Some runtimes copy.
    if std::ptr::eq(buffer.as_ptr(), start) {
        Ok(buffer)
    } else {
        Err(failure("this JavaScript runtime allows no external memory"))
    }
}

/// A descriptor of our own to the same open file.
pub fn duplicate(descriptor: i32) -> io::Result<OwnedFd> {
    if descriptor < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: not negative, and used for this call only; a number that is not open is refused by the kernel.
    unsafe { BorrowedFd::borrow_raw(descriptor) }.try_clone_to_owned()
}
