//! The attributes that a client sets (sattr3 of RFC 1813, section 2.6), on an object that exists.

use std::os::fd::BorrowedFd;

use crate::answer::Time;
use crate::call::Opened;
use crate::errno::{Errno, Result};
use crate::object::DataAccess;
use crate::operations::read::require_regular;
use crate::syscalls_unsafe as sys;

#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub enum SetTime {
    #[default]
    Keep,
    Now,
    Explicit(Time),
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct SetAttributes {
    pub mode: Option<u32>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    pub size: Option<u64>,
    pub atime: SetTime,
    pub mtime: SetTime,
}

/// Everything, as the kernel allows it to the caller.
pub fn apply(opened: &Opened, stat: &libc::statx, changes: &SetAttributes) -> Result<()> {
    if let Some(size) = changes.size {
        set_size(opened, stat, size)?;
    }
    let touches_one = matches!(
        (changes.atime, changes.mtime),
        (SetTime::Keep, SetTime::Now) | (SetTime::Now, SetTime::Keep)
    );
    if !touches_one || stat.stx_uid == opened.credentials.uid {
        let _guard = opened.act()?;
        return apply_without_size(opened.fd(), changes);
    }
    // Who may write may touch, but utimensat grants that only for both times at once. A client sends one of them
    // for open(2) with O_TRUNC: the check is made with the caller's rights, the change with the server's.
    opened.permit_data(stat, &[libc::W_OK])?;
    let others = SetAttributes {
        atime: SetTime::Keep,
        mtime: SetTime::Keep,
        ..*changes
    };
    let times = SetAttributes {
        atime: changes.atime,
        mtime: changes.mtime,
        ..SetAttributes::default()
    };
    {
        let _guard = opened.act()?;
        apply_without_size(opened.fd(), &others)?;
    }
    apply_without_size(opened.fd(), &times)
}

/// The thread has the caller's credentials. The owner first: a change of it clears the set-id bits.
pub fn apply_without_size(fd: BorrowedFd<'_>, changes: &SetAttributes) -> Result<()> {
    // -1 means "leave it" to chown, so nobody can be given it.
    if changes.uid == Some(u32::MAX) || changes.gid == Some(u32::MAX) {
        return Err(Errno::INVAL);
    }
    if changes.uid.is_some() || changes.gid.is_some() {
        sys::chown(fd, changes.uid, changes.gid)?;
    }
    if let Some(mode) = changes.mode {
        sys::chmod(fd, mode & 0o7777)?;
    }
    if changes.atime != SetTime::Keep || changes.mtime != SetTime::Keep {
        sys::utimens(fd, &[timespec(changes.atime)?, timespec(changes.mtime)?])?;
    }
    Ok(())
}

fn timespec(time: SetTime) -> Result<libc::timespec> {
    Ok(match time {
        SetTime::Keep => libc::timespec {
            tv_sec: 0,
            tv_nsec: libc::UTIME_OMIT,
        },
        SetTime::Now => libc::timespec {
            tv_sec: 0,
            tv_nsec: libc::UTIME_NOW,
        },
        SetTime::Explicit(time) if time.nseconds > 999_999_999 => return Err(Errno::INVAL),
        SetTime::Explicit(time) => libc::timespec {
            tv_sec: time.seconds.into(),
            tv_nsec: time.nseconds.into(),
        },
    })
}

/// May block; the thread has the server's own credentials. Whoever may write may cut off.
pub fn set_size(opened: &Opened, stat: &libc::statx, size: u64) -> Result<()> {
    require_regular(opened)?;
    opened.permit_data(stat, &[libc::W_OK])?;
    let file = opened.object.open(DataAccess::Write, &opened.credentials)?;
    let _guard = opened.act()?;
    sys::ftruncate(file, size)
}
