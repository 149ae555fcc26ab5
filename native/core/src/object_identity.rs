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
    pub mark: Mark,
}

/// Tells an object from a later one with the same inode number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// When it was made: never changes.
    Born { seconds: i64, nanoseconds: u32 },
    /// Where the file system does not tell that (FUSE): how it looked when it was last seen.
    Seen {
        modified_seconds: i64,
        modified_nanoseconds: u32,
        size: u64,
    },
}

/// An identity as it is now, with how many names the object has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identified {
    pub identity: ObjectIdentity,
    pub links: u32,
}

const BORN: u8 = 1;
const SEEN: u8 = 2;

impl ObjectIdentity {
    pub const ENCODED_BYTES: usize = 4 + 8 + 8 + 1 + 8 + 4 + 8;

    /// Of an open object (O_PATH will do). `subvolume` is the file system's word for it, see above.
    pub fn of(object: BorrowedFd, subvolume: u64) -> Result<Identified> {
        let statx = statx(object)?;
        let mark = if statx.stx_mask & libc::STATX_BTIME != 0 {
            Mark::Born {
                seconds: statx.stx_btime.tv_sec,
                nanoseconds: statx.stx_btime.tv_nsec,
            }
        } else {
            Mark::Seen {
                modified_seconds: statx.stx_mtime.tv_sec,
                modified_nanoseconds: statx.stx_mtime.tv_nsec,
                size: statx.stx_size,
            }
        };
        let format = u32::from(statx.stx_mode) & libc::S_IFMT;
        let identity = ObjectIdentity {
            format,
            inode: statx.stx_ino,
            subvolume,
            mark,
        };
        Ok(Identified {
            identity,
            links: statx.stx_nlink,
        })
    }

    pub fn is_directory(&self) -> bool {
        self.format == libc::S_IFDIR
    }

    /// Whether `now`, found where this object is known to be, is this object still: anything but a sure no.
    pub fn may_be(&self, now: &ObjectIdentity) -> bool {
        self.inode == now.inode
            && self.format == now.format
            && self.subvolume == now.subvolume
            && match (self.mark, now.mark) {
                (born @ Mark::Born { .. }, also @ Mark::Born { .. }) => born == also,
                // Contents change, and a newer kernel may tell more than the older one did.
                _ => true,
            }
    }

    /// Whether `now`, found in another place, is this object: nothing but a sure yes. A client that is led to a
    /// wrong file writes into it.
    pub fn is_surely(&self, now: &ObjectIdentity) -> bool {
        self.may_be(now) && self.mark == now.mark
    }

    pub(crate) fn encode(&self) -> [u8; ObjectIdentity::ENCODED_BYTES] {
        let (kind, seconds, nanoseconds, size) = match self.mark {
            Mark::Born { seconds, nanoseconds } => (BORN, seconds, nanoseconds, 0),
            Mark::Seen {
                modified_seconds,
                modified_nanoseconds,
                size,
            } => (SEEN, modified_seconds, modified_nanoseconds, size),
        };
        let mut bytes = [0; ObjectIdentity::ENCODED_BYTES];
        bytes[0..4].copy_from_slice(&self.format.to_le_bytes());
        bytes[4..12].copy_from_slice(&self.inode.to_le_bytes());
        bytes[12..20].copy_from_slice(&self.subvolume.to_le_bytes());
        bytes[20] = kind;
        bytes[21..29].copy_from_slice(&seconds.to_le_bytes());
        bytes[29..33].copy_from_slice(&nanoseconds.to_le_bytes());
        bytes[33..41].copy_from_slice(&size.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8; ObjectIdentity::ENCODED_BYTES]) -> Option<ObjectIdentity> {
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        let long = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        let (seconds, nanoseconds, size) = (long(21) as i64, word(29), long(33));
        let mark = match bytes[20] {
            BORN => Mark::Born { seconds, nanoseconds },
            SEEN => Mark::Seen {
                modified_seconds: seconds,
                modified_nanoseconds: nanoseconds,
                size,
            },
            _ => return None,
        };
        Some(ObjectIdentity {
            format: word(0),
            inode: long(4),
            subvolume: long(12),
            mark,
        })
    }
}

fn statx(object: BorrowedFd) -> Result<libc::statx> {
    const EMPTY: &CStr = c"";
    let mut buffer = MaybeUninit::<libc::statx>::zeroed();
    let flags = libc::AT_EMPTY_PATH | libc::AT_SYMLINK_NOFOLLOW | libc::AT_NO_AUTOMOUNT;
    let mask = libc::STATX_BASIC_STATS | libc::STATX_BTIME;
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
