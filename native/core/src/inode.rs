//! What tells an inode from all others of its mount that exist at the same moment. A descriptor keeps its inode in
//! existence: what a name leads to while it is open, if it is this inode, is what it has open.

use crate::handle::ExportId;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inode {
    /// btrfs: of the subvolume, in which inode numbers are unique.
    device: (u32, u32),
    number: u64,
    /// A tmpfs may count its inodes with 32 bits, and begin again.
    born: (i64, u32),
}

impl Inode {
    /// None if it was not asked when the inode was made, or the file system does not know.
    pub fn of(stat: &libc::statx) -> Option<Inode> {
        (stat.stx_mask & libc::STATX_BTIME != 0).then_some(Inode {
            device: (stat.stx_dev_major, stat.stx_dev_minor),
            number: stat.stx_ino,
            born: (stat.stx_btime.tv_sec, stat.stx_btime.tv_nsec),
        })
    }

    /// For a table in which it is found again, by export; another may have the same.
    pub fn digest(&self, export: ExportId) -> u64 {
        /// The multiplier of splitmix64: neighbours get far from each other.
        const SCATTER: u64 = 0x9e37_79b9_7f4a_7c15;
        let device = u64::from(self.device.0) << 32 | u64::from(self.device.1);
        let place = (device.rotate_left(32) ^ u64::from(export.0)).wrapping_mul(SCATTER);
        let mixed = (self.number ^ place).wrapping_mul(SCATTER);
        mixed ^ mixed >> 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(device: u32, number: u64, born: i64) -> libc::statx {
        // SAFETY: all-zero bytes are a valid statx.
        let mut stat: libc::statx = unsafe { std::mem::zeroed() };
        stat.stx_mask = libc::STATX_BTIME;
        stat.stx_dev_minor = device;
        stat.stx_ino = number;
        stat.stx_btime.tv_sec = born;
        stat
    }

    #[test]
    fn device_number_and_birth_tell_inodes_apart() {
        let inode = Inode::of(&stat(1, 2, 3));
        assert_eq!(inode, Inode::of(&stat(1, 2, 3)));
        for other in [stat(9, 2, 3), stat(1, 9, 3), stat(1, 2, 9)] {
            assert_ne!(inode, Inode::of(&other));
        }
    }

    #[test]
    fn without_birth_nothing_is_told_apart() {
        let mut unborn = stat(1, 2, 3);
        unborn.stx_mask = libc::STATX_BASIC_STATS;
        assert_eq!(Inode::of(&unborn), None);
    }

    #[test]
    fn neighbours_have_digests_of_their_own() {
        let digests: std::collections::HashSet<_> = (0..10_000)
            .flat_map(|number| [1, 2].map(|export| (number, ExportId(export))))
            .map(|(number, export)| Inode::of(&stat(1, number, 3)).unwrap().digest(export))
            .collect();
        assert_eq!(digests.len(), 20_000);
    }
}
