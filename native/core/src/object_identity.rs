//! What makes an object of a file system the same object, whatever it is called: for handle tables, which know it by
//! a name that others may give to something else.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};

use crate::errno::{Errno, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectIdentity {
    /// S_IFMT bits: never change in an object's life.
    pub format: u32,
    pub inode: u64,
    /// btrfs: inode numbers are unique per subvolume only. 0 elsewhere.
    pub subvolume: u64,
    /// Tells an object from a later one with the same inode number; many file systems have none.
    pub birth_time: Option<(i64, u32)>,
}

/// An identity as it is now, with how many names the object has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identified {
    pub identity: ObjectIdentity,
    pub links: u32,
}

impl ObjectIdentity {
    pub const ENCODED_BYTES: usize = 4 + 8 + 8 + 1 + 8 + 4;

    /// Of an open object (O_PATH will do). `subvolume` is the file system's word for it, see above.
    pub fn of(object: BorrowedFd, subvolume: u64) -> Result<Identified> {
        let statx = statx(object)?;
        let birth_time = (statx.stx_mask & libc::STATX_BTIME != 0)
            .then_some((statx.stx_btime.tv_sec, statx.stx_btime.tv_nsec));
        let format = u32::from(statx.stx_mode) & libc::S_IFMT;
        let identity = ObjectIdentity {
            format,
            inode: statx.stx_ino,
            subvolume,
            birth_time,
        };
        Ok(Identified {
            identity,
            links: statx.stx_nlink,
        })
    }

    /// A birth time that only one of them has says nothing (a newer kernel may report one where the older did not).
    pub fn is_same_object(&self, other: &ObjectIdentity) -> bool {
        self.inode == other.inode
            && self.format == other.format
            && self.subvolume == other.subvolume
            && match (self.birth_time, other.birth_time) {
                (Some(one), Some(another)) => one == another,
                _ => true,
            }
    }

    pub fn is_directory(&self) -> bool {
        self.format == libc::S_IFDIR
    }

    pub(crate) fn encode(&self) -> [u8; ObjectIdentity::ENCODED_BYTES] {
        let mut bytes = [0; ObjectIdentity::ENCODED_BYTES];
        bytes[0..4].copy_from_slice(&self.format.to_le_bytes());
        bytes[4..12].copy_from_slice(&self.inode.to_le_bytes());
        bytes[12..20].copy_from_slice(&self.subvolume.to_le_bytes());
        if let Some((seconds, nanoseconds)) = self.birth_time {
            bytes[20] = 1;
            bytes[21..29].copy_from_slice(&seconds.to_le_bytes());
            bytes[29..33].copy_from_slice(&nanoseconds.to_le_bytes());
        }
        bytes
    }

    pub(crate) fn decode(bytes: &[u8; ObjectIdentity::ENCODED_BYTES]) -> Option<ObjectIdentity> {
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        let long = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        let birth_time = match bytes[20] {
            0 => None,
            1 => Some((long(21) as i64, word(29))),
            _ => return None,
        };
        Some(ObjectIdentity {
            format: word(0),
            inode: long(4),
            subvolume: long(12),
            birth_time,
        })
    }
}

fn statx(object: BorrowedFd) -> Result<libc::statx> {
    const EMPTY: &CStr = c"";
    let mut buffer = MaybeUninit::<libc::statx>::zeroed();
    let flags = libc::AT_EMPTY_PATH | libc::AT_SYMLINK_NOFOLLOW | libc::AT_NO_AUTOMOUNT;
    let mask = libc::STATX_TYPE | libc::STATX_INO | libc::STATX_NLINK | libc::STATX_BTIME;
    // SAFETY: the path is NUL-terminated and buffer has room for one statx.
    let returned = unsafe {
        libc::statx(
            object.as_raw_fd(),
            EMPTY.as_ptr(),
            flags,
            mask,
            buffer.as_mut_ptr(),
        )
    };
    Errno::check(returned.into())?;
    // SAFETY: all-zero bytes are a valid statx, and the kernel has filled it in.
    Ok(unsafe { buffer.assume_init() })
}
