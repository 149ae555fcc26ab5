//! What makes a file system the same one after a restart, a remount or a reboot. Never a device number: those are
//! given out in the order in which devices turn up.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::mountinfo::Mount;
use crate::syscalls_unsafe as sys;

type Uuid = [u8; 16];

/// A hash of everything that identifies the file system; equal for all its mounts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FilesystemIdentity([u8; 32]);

impl FilesystemIdentity {
    /// `root`: an open descriptor (not O_PATH) on the file system, or None where asking the file system itself
    /// could hang (network, FUSE) or is not allowed.
    pub fn of(mount: &Mount, root: Option<BorrowedFd>) -> FilesystemIdentity {
        let uuid = root.and_then(|root| uuid(mount, root));
        // The kernel derives f_fsid from the UUID for these, for many others from the device number.
        let has_stable_fsid = matches!(
            mount.type_name.as_str(),
            "ext2" | "ext3" | "ext4" | "tmpfs" | "overlay"
        );
        let fsid = root.filter(|_| has_stable_fsid).and_then(kernel_fsid);
        match (fsid, uuid) {
            (Some(fsid), _) => FilesystemIdentity::hash(&mount.type_name, "f_fsid", &fsid.to_le_bytes()),
            (None, Some(uuid)) => FilesystemIdentity::hash(&mount.type_name, "uuid", &uuid),
            (None, None) => {
                let mut source = mount.source.as_bytes().to_vec();
                source.push(0);
                source.extend(mount.root.as_os_str().as_bytes());
                FilesystemIdentity::hash(&mount.type_name, "source", &source)
            }
        }
    }

    fn hash(type_name: &str, what: &str, value: &[u8]) -> FilesystemIdentity {
        let mut hasher = blake3::Hasher::new_derive_key("fsva 2026 file system identity v1");
        hasher
            .update(type_name.as_bytes())
            .update(b"\0")
            .update(what.as_bytes())
            .update(b"\0")
            .update(value);
        FilesystemIdentity(*hasher.finalize().as_bytes())
    }

    /// Another file system, told from this one by `what`.
    pub fn with(&self, what: &[u8]) -> FilesystemIdentity {
        let mut hasher = blake3::Hasher::new_derive_key("fsva 2026 part of a file system v1");
        hasher.update(&self.0).update(what);
        FilesystemIdentity(*hasher.finalize().as_bytes())
    }

    /// Never 0.
    pub fn as_u32(&self) -> u32 {
        u32::from_le_bytes([self.0[0], self.0[1], self.0[2], self.0[3]]).max(1)
    }

    /// Never 0. Above 32 bits, so that it is no fsid that somebody chose.
    pub fn as_u64(&self) -> u64 {
        u64::from_le_bytes(self.0[8..16].try_into().expect("eight bytes")) | 1 << 63
    }
}

/// f_fsid of an open object's file system, as fanotify(7) names it; None if it has none or cannot be asked.
pub fn kernel_fsid(root: BorrowedFd) -> Option<u64> {
    let [low, high] = fsid_words(&sys::statfs(root).ok()?);
    let fsid = u64::from(high) << 32 | u64::from(low);
    (fsid != 0).then_some(fsid)
}

fn fsid_words(statfs: &libc::statfs64) -> [u32; 2] {
    const { assert!(size_of::<libc::fsid_t>() == 8) };
    // SAFETY: fsid_t is a struct of two ints, which libc keeps private; the assertion above holds it to that size.
    unsafe { std::mem::transmute_copy(&statfs.f_fsid) }
}

/// The id of the btrfs subvolume that an open object is in, by what btrfs_statfs makes of it: the file system's UUID
/// folded to 64 bits, exclusive-or the subvolume's id.
pub fn btrfs_subvolume(object: BorrowedFd, uuid: &Uuid) -> Option<u64> {
    let [high, low] = fsid_words(&sys::statfs(object).ok()?);
    let word = |at: usize| u32::from_be_bytes(uuid[at..at + 4].try_into().expect("four bytes"));
    let high = high ^ word(0) ^ word(8);
    let low = low ^ word(4) ^ word(12);
    Some(u64::from(high) << 32 | u64::from(low))
}

fn uuid(mount: &Mount, root: BorrowedFd) -> Option<Uuid> {
    let own = match mount.type_name.as_str() {
        "xfs" => xfs_uuid(root),
        "btrfs" => btrfs_uuid(root),
        _ => None,
    };
    own.or_else(|| kernel_uuid(root))
        .or_else(|| device_uuid(mount, Path::new("/dev/disk/by-uuid")))
}

/// FS_IOC_GETFSUUID, Linux 6.9.
fn kernel_uuid(root: BorrowedFd) -> Option<Uuid> {
    // struct fsuuid2: u8 len, u8 uuid[16].
    const FS_IOC_GETFSUUID: libc::c_ulong = ioctl_read(0x15, 0, 17);
    let bytes: [u8; 17] = ioctl(root, FS_IOC_GETFSUUID)?;
    (bytes[0] == 16)
        .then(|| bytes[1..].try_into().expect("sixteen bytes"))
        .filter(is_set)
}

/// BTRFS_IOC_FS_INFO; the UUID follows two u64.
pub fn btrfs_uuid(root: BorrowedFd) -> Option<Uuid> {
    const BTRFS_IOC_FS_INFO: libc::c_ulong = ioctl_read(0x94, 31, 1024);
    let bytes: [u8; 1024] = ioctl(root, BTRFS_IOC_FS_INFO)?;
    Some(bytes[16..32].try_into().expect("sixteen bytes")).filter(is_set)
}

/// XFS_IOC_FSGEOMETRY_V1 (struct xfs_fsop_geom_v1, 112 bytes): the UUID follows eight u32 and four u64.
fn xfs_uuid(root: BorrowedFd) -> Option<Uuid> {
    const XFS_IOC_FSGEOMETRY_V1: libc::c_ulong = ioctl_read(b'X', 100, 112);
    let bytes: [u8; 112] = ioctl(root, XFS_IOC_FSGEOMETRY_V1)?;
    Some(bytes[64..80].try_into().expect("sixteen bytes")).filter(is_set)
}

fn is_set(uuid: &Uuid) -> bool {
    *uuid != [0; 16]
}

/// The name under which udev links to the mount's block device; hashed, because not all of them are real UUIDs.
fn device_uuid(mount: &Mount, by_uuid: &Path) -> Option<Uuid> {
    let (major, minor) = mount.device;
    let device = libc::makedev(major, minor);
    if major == 0 {
        return None;
    }
    let link = std::fs::read_dir(by_uuid)
        .ok()?
        .filter_map(Result::ok)
        .find(|link| std::fs::metadata(link.path()).is_ok_and(|target| target.rdev() == device))?;
    let hash = blake3::hash(link.file_name().as_bytes());
    Some(hash.as_bytes()[..16].try_into().expect("sixteen bytes"))
}

/// _IOR of asm-generic/ioctl.h.
const fn ioctl_read(magic: u8, number: u8, bytes: usize) -> libc::c_ulong {
    2 << 30 | (bytes as libc::c_ulong) << 16 | (magic as libc::c_ulong) << 8 | number as libc::c_ulong
}

/// `request` reads exactly N bytes, as its number says.
fn ioctl<const N: usize>(descriptor: BorrowedFd, request: libc::c_ulong) -> Option<[u8; N]> {
    assert!((request >> 16) & 0x3fff == N as libc::c_ulong);
    let mut bytes = [0u8; N];
    // SAFETY: the request writes N bytes (its number carries the size), which `bytes` has; alignment is not
    // demanded by copy_to_user.
    let returned = unsafe { libc::ioctl(descriptor.as_raw_fd(), request, bytes.as_mut_ptr()) };
    (returned == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    fn mount(type_name: &str, source: &str, device: (u32, u32)) -> Mount {
        Mount {
            id: 1,
            parent: 0,
            device,
            root: "/".into(),
            mount_point: "/mnt".into(),
            options: "rw".into(),
            type_name: type_name.into(),
            source: source.into(),
            super_options: "rw".into(),
        }
    }

    #[test]
    fn device_numbers_and_mount_ids_do_not_matter() {
        let first = FilesystemIdentity::of(&mount("fuse.x", "source", (0, 40)), None);
        assert_eq!(
            FilesystemIdentity::of(&mount("fuse.x", "source", (0, 99)), None),
            first
        );
        assert_ne!(
            FilesystemIdentity::of(&mount("fuse.x", "other", (0, 40)), None),
            first
        );
        assert_ne!(
            FilesystemIdentity::of(&mount("fuse.y", "source", (0, 40)), None),
            first
        );
        let root = std::fs::File::open("/").unwrap();
        let asked = |device| FilesystemIdentity::of(&mount("ext4", "/dev/x", device), Some(root.as_fd()));
        assert_eq!(asked((8, 1)), asked((8, 2)));
    }

    #[test]
    fn parts_differ_and_no_number_is_zero() {
        let whole = FilesystemIdentity::of(&mount("fuse.x", "source", (0, 1)), None);
        assert_ne!(whole.with(b""), whole);
        assert_ne!(whole.with(b"a"), whole.with(b"b"));
        assert_eq!(whole.with(b"a"), whole.with(b"a"));
        let zero = FilesystemIdentity([0; 32]);
        assert!(zero.as_u32() != 0 && zero.as_u64() > u64::from(u32::MAX));
    }

    #[test]
    fn udev_names_a_device_that_the_kernel_does_not_identify() {
        let by_uuid = tempfile::tempdir().unwrap();
        let null = std::fs::metadata("/dev/null").unwrap().rdev();
        std::os::unix::fs::symlink("/dev/null", by_uuid.path().join("1234-ABCD")).unwrap();
        std::os::unix::fs::symlink("/dev/nothing", by_uuid.path().join("dangling")).unwrap();
        let device = (libc::major(null), libc::minor(null));
        let found = device_uuid(&mount("vfat", "/dev/null", device), by_uuid.path());
        assert!(found.is_some());
        assert_eq!(
            device_uuid(&mount("vfat", "/dev/zero", (device.0, 5)), by_uuid.path()),
            None
        );
        assert_eq!(
            device_uuid(&mount("vfat", "/dev/null", device), &by_uuid.path().join("none")),
            None
        );
    }

    /// linux/btrfs.h, linux/fs.h and xfs_fs.h.
    #[test]
    fn request_numbers_are_the_kernels() {
        assert_eq!(ioctl_read(0x94, 31, 1024), 0x8400_941f);
        assert_eq!(ioctl_read(0x15, 0, 17), 0x8011_1500);
        assert_eq!(ioctl_read(b'X', 100, 112), 0x8070_5864);
    }
}
