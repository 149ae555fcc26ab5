//! From the kernel's statx to the attributes of RFC 1813, section 2.5.

use crate::answer::{Attributes, Time, WccAttributes};

/// statx counts storage in these units, whatever the file system's block size.
const STATX_BLOCK_BYTES: u64 = 512;

/// nfstime3 is unsigned: times before 1970 and after 2106 are clamped.
fn time(timestamp: &libc::statx_timestamp) -> Time {
    match u32::try_from(timestamp.tv_sec) {
        Ok(seconds) => Time {
            seconds,
            nseconds: timestamp.tv_nsec,
        },
        Err(_) if timestamp.tv_sec < 0 => Time {
            seconds: 0,
            nseconds: 0,
        },
        Err(_) => Time {
            seconds: u32::MAX,
            nseconds: 999_999_999,
        },
    }
}

/// ftype3.
fn kind(mode: u16) -> u32 {
    match u32::from(mode) & libc::S_IFMT {
        libc::S_IFREG => 1,
        libc::S_IFDIR => 2,
        libc::S_IFBLK => 3,
        libc::S_IFCHR => 4,
        libc::S_IFLNK => 5,
        libc::S_IFSOCK => 6,
        _ => 7,
    }
}

/// `fsid` is the file system's own (filesystem.rs), never st_dev, which changes with every mount.
pub fn attributes(stat: &libc::statx, fsid: u64) -> Attributes {
    Attributes {
        size: stat.stx_size,
        used: stat.stx_blocks * STATX_BLOCK_BYTES,
        fsid,
        fileid: stat.stx_ino,
        present: 1,
        kind: kind(stat.stx_mode),
        mode: u32::from(stat.stx_mode) & 0o7777,
        nlink: stat.stx_nlink,
        uid: stat.stx_uid,
        gid: stat.stx_gid,
        rdev_major: stat.stx_rdev_major,
        rdev_minor: stat.stx_rdev_minor,
        atime: time(&stat.stx_atime),
        mtime: time(&stat.stx_mtime),
        ctime: time(&stat.stx_ctime),
    }
}

pub fn wcc_attributes(stat: &libc::statx) -> WccAttributes {
    WccAttributes {
        size: stat.stx_size,
        mtime: time(&stat.stx_mtime),
        ctime: time(&stat.stx_ctime),
        present: 1,
        reserved: 0,
    }
}

/// What the guard of SETATTR is compared with.
pub fn change_time(stat: &libc::statx) -> Time {
    time(&stat.stx_ctime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_clamped_to_what_the_protocol_can_say() {
        let at = |tv_sec, tv_nsec| {
            // SAFETY: all-zero bytes are a valid statx_timestamp.
            let mut timestamp: libc::statx_timestamp = unsafe { std::mem::zeroed() };
            timestamp.tv_sec = tv_sec;
            timestamp.tv_nsec = tv_nsec;
            time(&timestamp)
        };
        assert_eq!(
            at(-1, 5),
            Time {
                seconds: 0,
                nseconds: 0
            }
        );
        assert_eq!(
            at(0, 5),
            Time {
                seconds: 0,
                nseconds: 5
            }
        );
        assert_eq!(
            at(0xffff_ffff, 7),
            Time {
                seconds: u32::MAX,
                nseconds: 7
            }
        );
        assert_eq!(
            at(0x1_0000_0000, 7),
            Time {
                seconds: u32::MAX,
                nseconds: 999_999_999
            }
        );
    }

    #[test]
    fn every_file_type_has_its_number() {
        let types = [
            (libc::S_IFREG, 1),
            (libc::S_IFDIR, 2),
            (libc::S_IFBLK, 3),
            (libc::S_IFCHR, 4),
            (libc::S_IFLNK, 5),
            (libc::S_IFSOCK, 6),
            (libc::S_IFIFO, 7),
        ];
        for (mode, number) in types {
            assert_eq!(kind((mode | 0o644) as u16), number);
        }
    }
}
