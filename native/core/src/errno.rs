//! The status vocabulary of the core: Linux errno numbers plus the kernel's NFS numbers 521 to 528.

use std::fmt;

/// A non-zero errno number. The numbers above 520 are those of include/linux/errno.h.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Errno(pub i32);

/// What every fallible function of the core answers.
pub type Result<T> = std::result::Result<T, Errno>;

impl Errno {
    pub const PERM: Errno = Errno(libc::EPERM);
    pub const NOENT: Errno = Errno(libc::ENOENT);
    pub const INTR: Errno = Errno(libc::EINTR);
    pub const IO: Errno = Errno(libc::EIO);
    pub const NXIO: Errno = Errno(libc::ENXIO);
    pub const BADF: Errno = Errno(libc::EBADF);
    pub const AGAIN: Errno = Errno(libc::EAGAIN);
    pub const NOMEM: Errno = Errno(libc::ENOMEM);
    pub const ACCES: Errno = Errno(libc::EACCES);
    pub const EXIST: Errno = Errno(libc::EEXIST);
    pub const XDEV: Errno = Errno(libc::EXDEV);
    pub const NOTDIR: Errno = Errno(libc::ENOTDIR);
    pub const ISDIR: Errno = Errno(libc::EISDIR);
    pub const INVAL: Errno = Errno(libc::EINVAL);
    pub const NFILE: Errno = Errno(libc::ENFILE);
    pub const MFILE: Errno = Errno(libc::EMFILE);
    pub const TXTBSY: Errno = Errno(libc::ETXTBSY);
    pub const FBIG: Errno = Errno(libc::EFBIG);
    pub const NOSPC: Errno = Errno(libc::ENOSPC);
    pub const ROFS: Errno = Errno(libc::EROFS);
    pub const MLINK: Errno = Errno(libc::EMLINK);
    pub const NAMETOOLONG: Errno = Errno(libc::ENAMETOOLONG);
    pub const NOSYS: Errno = Errno(libc::ENOSYS);
    pub const NOTEMPTY: Errno = Errno(libc::ENOTEMPTY);
    pub const LOOP: Errno = Errno(libc::ELOOP);
    pub const OVERFLOW: Errno = Errno(libc::EOVERFLOW);
    pub const OPNOTSUPP: Errno = Errno(libc::EOPNOTSUPP);
    pub const STALE: Errno = Errno(libc::ESTALE);
    pub const DQUOT: Errno = Errno(libc::EDQUOT);
    pub const BADHANDLE: Errno = Errno(521);
    pub const NOTSYNC: Errno = Errno(522);
    pub const BADCOOKIE: Errno = Errno(523);
    pub const NOTSUPP: Errno = Errno(524);
    pub const TOOSMALL: Errno = Errno(525);
    pub const SERVERFAULT: Errno = Errno(526);
    pub const BADTYPE: Errno = Errno(527);
    pub const JUKEBOX: Errno = Errno(528);

    /// The calling thread's errno.
    pub fn last() -> Errno {
        Errno::from(std::io::Error::last_os_error())
    }

    /// Turns a system call's return value into a result.
    pub fn check(returned: libc::c_long) -> Result<libc::c_long> {
        if returned < 0 {
            Err(Errno::last())
        } else {
            Ok(returned)
        }
    }
}

impl From<std::io::Error> for Errno {
    fn from(error: std::io::Error) -> Errno {
        Errno(error.raw_os_error().unwrap_or(libc::EIO))
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 512 {
            write!(f, "{}", std::io::Error::from_raw_os_error(self.0))
        } else {
            write!(f, "NFS errno {}", self.0)
        }
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for Errno {}
