//! From the kernel's statx to the attributes of RFC 1813, section 2.5.

use crate::answer::{Attributes, Time, WccAttributes};

/// statx and fstat count storage in these units, whatever the file system's block size.
const STAT_BLOCK_BYTES: u64 = 512;

fn time(timestamp: &libc::statx_timestamp) -> Time {
    time_of(timestamp.tv_sec, timestamp.tv_nsec)
}

/// nfstime3 is unsigned: times before 1970 and after 2106 are clamped.
fn time_of(seconds: i64, nseconds: u32) -> Time {
    match u32::try_from(seconds) {
        Ok(seconds) => Time { seconds, nseconds },
        Err(_) if seconds < 0 => Time {
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
fn kind(mode: u32) -> u32 {
    match mode & libc::S_IFMT {
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
        used: stat.stx_blocks * STAT_BLOCK_BYTES,
        fsid,
        fileid: stat.stx_ino,
        present: 1,
        kind: kind(stat.stx_mode.into()),
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

/// As `attributes`, from what fstat says.
pub fn attributes_by_fstat(stat: &libc::stat, fsid: u64) -> Attributes {
    let rdev = (libc::major(stat.st_rdev), libc::minor(stat.st_rdev));
    Attributes {
        size: stat.st_size as u64,
        used: stat.st_blocks as u64 * STAT_BLOCK_BYTES,
        fsid,
        fileid: stat.st_ino,
        present: 1,
        kind: kind(stat.st_mode),
        mode: stat.st_mode & 0o7777,
        nlink: u32::try_from(stat.st_nlink).unwrap_or(u32::MAX),
        uid: stat.st_uid,
        gid: stat.st_gid,
        rdev_major: rdev.0,
        rdev_minor: rdev.1,
        atime: time_of(stat.st_atime, stat.st_atime_nsec as u32),
        mtime: time_of(stat.st_mtime, stat.st_mtime_nsec as u32),
        ctime: time_of(stat.st_ctime, stat.st_ctime_nsec as u32),
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
    use std::os::fd::AsFd;

    use super::*;
    use crate::syscalls_unsafe as sys;

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
    fn fstat_and_statx_say_the_same() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(12345).unwrap();
        for one in [
            file,
            std::fs::File::open("/dev/null").unwrap(),
            std::fs::File::open("/").unwrap(),
        ] {
            let (stat, statx) = (sys::fstat(one.as_fd()).unwrap(), sys::statx(one.as_fd()).unwrap());
            assert_eq!(attributes_by_fstat(&stat, 7), attributes(&statx, 7));
        }
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
            assert_eq!(kind(mode | 0o644), number);
        }
    }
}
