//! Memory files of one host: made, sealed against shrinking, and looked at when they come from elsewhere.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

fn check(returned: i32) -> io::Result<i32> {
    if returned < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(returned)
    }
}

/// A new memory file that can neither shrink nor grow. A mapping of it can't be made to raise SIGBUS by the peer.
pub fn create(bytes: u64) -> io::Result<OwnedFd> {
    let length = libc::off_t::try_from(bytes).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: the name is a C string; the descriptor is new and ours.
    let file = unsafe {
        let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
        OwnedFd::from_raw_fd(check(libc::memfd_create(c"fsva-channel".as_ptr(), flags))?)
    };
    // SAFETY: no memory involved.
    check(unsafe { libc::ftruncate(file.as_raw_fd(), length) })?;
    let seals = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;
    // SAFETY: no memory involved.
    check(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) })?;
    Ok(file)
}

/// What a descriptor from elsewhere is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Backing {
    /// A memory file that cannot shrink, of so many bytes.
    Sealed(u64),
    /// A character device, such as devdax: its size is the hypervisor's word, and not known here.
    Device,
    /// A file that its owner could truncate under us.
    Unsealed,
}

pub fn backing(file: BorrowedFd<'_>) -> io::Result<Backing> {
    // SAFETY: all zeros are a valid stat.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: stat is valid for writing.
    check(unsafe { libc::fstat(file.as_raw_fd(), &raw mut stat) })?;
    if stat.st_mode & libc::S_IFMT == libc::S_IFCHR {
        return Ok(Backing::Device);
    }
    // SAFETY: no memory involved. Files that know no seals answer EINVAL.
    let seals = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GET_SEALS) };
    if seals >= 0 && seals & libc::F_SEAL_SHRINK != 0 {
        Ok(Backing::Sealed(stat.st_size.cast_unsigned()))
    } else {
        Ok(Backing::Unsealed)
    }
}
