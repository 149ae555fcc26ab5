//! Pages of this process alone, filled once and read-only from then on: what `fsva_map` gives.

use std::io;
use std::ptr::NonNull;

/// Their address and what `fill` says it put there; behind that are zeros. Unmapped by `unmap`, since C holds it.
pub fn map(
    bytes: usize,
    fill: impl FnOnce(&mut [u8]) -> io::Result<usize>,
) -> io::Result<(NonNull<u8>, usize)> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping at an address of the kernel's choice.
    let pointer = unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, flags, -1, 0) };
    if pointer == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    let address = NonNull::new(pointer.cast()).expect("mmap gives no null");
    // SAFETY: new, zeroed, and nobody else's.
    let filled = fill(unsafe { std::slice::from_raw_parts_mut(address.as_ptr(), bytes) });
    // SAFETY: the mapping just made, to which there is no reference any more.
    let protected = unsafe { libc::mprotect(pointer, bytes, libc::PROT_READ) };
    let filled = filled.and_then(|filled| match protected {
        0 => Ok(filled),
        _ => Err(io::Error::last_os_error()),
    });
    match filled {
        Ok(filled) => Ok((address, filled)),
        Err(error) => {
            // SAFETY: as above.
            let _ = unsafe { libc::munmap(pointer, bytes) };
            Err(error)
        }
    }
}

/// Ends a mapping of `map`.
///
/// # Safety
/// Nobody may use the pages any more.
pub unsafe fn unmap(address: *mut libc::c_void, bytes: usize) -> io::Result<()> {
    // SAFETY: the caller's word; a wrong address or size is the kernel's to refuse.
    match unsafe { libc::munmap(address, bytes) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
