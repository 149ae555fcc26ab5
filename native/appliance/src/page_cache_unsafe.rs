//! What this machine's page cache need not keep.

use std::os::fd::{AsRawFd, BorrowedFd};

use fsva_core::errno::{Errno, Result};

/// posix_fadvise(POSIX_FADV_DONTNEED). `length` 0: to the end.
pub fn drop_cached(file: BorrowedFd<'_>, offset: u64, length: u32) -> Result<()> {
    let offset = libc::off64_t::try_from(offset).map_err(|_| Errno::INVAL)?;
    let advice = libc::POSIX_FADV_DONTNEED;
    // SAFETY: no memory involved.
    match unsafe { libc::posix_fadvise64(file.as_raw_fd(), offset, length.into(), advice) } {
        0 => Ok(()),
        number => Err(Errno(number)),
    }
}
