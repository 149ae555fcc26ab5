//! What a file is like, for C.

use std::fs::Metadata;
use std::mem::offset_of;
use std::os::unix::fs::MetadataExt;

use fsva_agent::local::frames::AttributeBytes;

#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Time {
    pub seconds: i64,
    pub nanoseconds: u32,
    pub reserved: u32,
}

/// `struct fsva_stat` of fsva.h.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Status {
    pub size: u64,
    /// Bytes of storage.
    pub used: u64,
    /// The server's number for the file system; of a file that goes without the agent, the kernel's device number.
    pub fsid: u64,
    pub fileid: u64,
    /// As st_mode: type and permissions.
    pub mode: u32,
    pub nlink: u32,
    pub uid: u32,
    pub gid: u32,
    pub atime: Time,
    pub mtime: Time,
    pub ctime: Time,
}

const _: () = assert!(size_of::<Status>() == 96);
const _: () = assert!(offset_of!(Status, mode) == 32);
const _: () = assert!(offset_of!(Status, atime) == 48);

impl Status {
    /// From the server's answer.
    pub fn of_attributes(bytes: &AttributeBytes) -> Status {
        let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        let half = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        let time = |at: usize| Time {
            seconds: half(at).into(),
            nanoseconds: half(at + 4),
            reserved: 0,
        };
        Status {
            size: word(0),
            used: word(8),
            fsid: word(16),
            fileid: word(24),
            mode: type_bits(half(36)) | half(40) & 0o7777,
            nlink: half(44),
            uid: half(48),
            gid: half(52),
            atime: time(64),
            mtime: time(72),
            ctime: time(80),
        }
    }

    /// From the kernel's client.
    pub fn of_metadata(found: &Metadata) -> Status {
        let time = |seconds, nanoseconds: i64| Time {
            seconds,
            nanoseconds: nanoseconds as u32,
            reserved: 0,
        };
        Status {
            size: found.size(),
            used: found.blocks() * 512,
            fsid: found.dev(),
            fileid: found.ino(),
            mode: found.mode(),
            nlink: found.nlink() as u32,
            uid: found.uid(),
            gid: found.gid(),
            atime: time(found.atime(), found.atime_nsec()),
            mtime: time(found.mtime(), found.mtime_nsec()),
            ctime: time(found.ctime(), found.ctime_nsec()),
        }
    }
}

/// ftype3 of RFC 1813 as the bits of st_mode.
fn type_bits(kind: u32) -> u32 {
    match kind {
        1 => libc::S_IFREG,
        2 => libc::S_IFDIR,
        3 => libc::S_IFBLK,
        4 => libc::S_IFCHR,
        5 => libc::S_IFLNK,
        6 => libc::S_IFSOCK,
        7 => libc::S_IFIFO,
        _ => 0,
    }
}
