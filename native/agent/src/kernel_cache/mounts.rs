//! The NFS mounts whose cache is looked after: the one that was named, and those that the client made below it for other
//! file systems of the export.

use std::ffi::{CString, OsString};
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::syscalls_unsafe::{open_at, statx};
use crate::local::mounts::unescape;

/// One file system of the server, as /proc/self/mountinfo (proc(5)) and the client's own list of them describe it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mount {
    pub path: PathBuf,
    pub device: (u32, u32),
    /// As in fattr3.
    pub fsid: u64,
    /// Opening a file asks the server for its attributes (no `nocto`).
    pub close_to_open: bool,
    /// fcntl(2)'s and flock(2)'s locks are the VM's own business (`nolock`, `local_lock`).
    pub local_locks: bool,
    pub local_flocks: bool,
    /// With READDIRPLUS (no `nordirplus`).
    pub lists_attributes: bool,
}

impl Mount {
    /// Opens its root; ENOENT if something else, or nothing, is mounted there by now. While it is open, umount(8) says that
    /// the file system is busy.
    pub fn open(&self) -> io::Result<OwnedFd> {
        let path = CString::new(self.path.as_os_str().as_bytes()).expect("a path of the kernel's");
        let root = open_at(None, &path, libc::O_RDONLY | libc::O_DIRECTORY)?;
        let found = statx(root.as_fd(), libc::AT_STATX_DONT_SYNC)?;
        if (found.stx_dev_major, found.stx_dev_minor) == self.device {
            Ok(root)
        } else {
            Err(io::Error::from_raw_os_error(libc::ENOENT))
        }
    }
}

/// All NFSv3 mounts at and below a path. Of several on one path only the last can be reached.
pub fn nfs_mounts(point: &Path) -> io::Result<Vec<Mount>> {
    let table = fs::read("/proc/self/mountinfo")?;
    let volumes = fs::read("/proc/fs/nfsfs/volumes")?;
    Ok(find(&table, &volumes, point))
}

fn find(table: &[u8], volumes: &[u8], point: &Path) -> Vec<Mount> {
    let mut mounts: Vec<Mount> = Vec::new();
    for line in table.split(|byte| *byte == b'\n') {
        let Some((path, device, options)) = nfs_line(line) else {
            continue;
        };
        let path = PathBuf::from(path);
        let Some(fsid) = fsid_of(volumes, device) else {
            continue;
        };
        if !path.starts_with(point) {
            continue;
        }
        let has = |wanted: &[&str]| options.split(',').any(|option| wanted.contains(&option));
        let mount = Mount {
            device,
            fsid,
            close_to_open: !has(&["nocto"]),
            local_locks: has(&["local_lock=all", "local_lock=posix"]),
            local_flocks: has(&["local_lock=all", "local_lock=flock"]),
            lists_attributes: !has(&["nordirplus"]),
            path,
        };
        mounts.retain(|other| other.path != mount.path);
        mounts.push(mount);
    }
    mounts
}

type Device = (u32, u32);

fn device(field: &[u8]) -> Option<Device> {
    let (major, minor) = std::str::from_utf8(field).ok()?.split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Mount point, device and the file system's own options of a line, if it is of NFS.
fn nfs_line(line: &[u8]) -> Option<(OsString, Device, &str)> {
    let fields: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let separator = fields.iter().position(|field| *field == b"-")?;
    let (kind, options) = (fields.get(separator + 1)?, fields.last()?);
    if *kind != b"nfs" {
        return None;
    }
    Some((
        unescape(fields.get(4)?),
        device(fields.get(2)?)?,
        std::str::from_utf8(options).ok()?,
    ))
}

/// From lines like "v3 0a4d0001  801 0:25 d48802d1ea5248a5:0 no": version, server, port, device, fsid, cached on disk.
fn fsid_of(volumes: &[u8], wanted: Device) -> Option<u64> {
    std::str::from_utf8(volumes).ok()?.lines().find_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let version = fields.next()?;
        let (of, fsid) = (fields.nth(2)?, fields.next()?);
        (version == "v3" && device(of.as_bytes()) == Some(wanted))
            .then(|| u64::from_str_radix(fsid.split(':').next()?, 16).ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const VOLUMES: &[u8] = b"\
NV SERVER   PORT DEV          FSID                              FSC
v3 0a4d0001  801 0:25         d48802d1ea5248a5:0                no 
v3 0a4d0001  801 0:26         2:0                               no 
v4 0a4d0001  801 0:27         3:4                               no 
";
    const TABLE: &[u8] = b"\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
28 1 0:25 / /mnt rw,relatime shared:2 - nfs 10.77.0.1:/export rw,vers=3,nolock,local_lock=all,addr=10.77.0.1
29 28 0:26 / /mnt/with\\040space rw - nfs 10.77.0.1:/export/with\\040space rw,vers=3,nocto,nordirplus,local_lock=none
30 28 0:27 / /mnt/four rw - nfs4 10.77.0.1:/ rw,vers=4.2
31 28 0:28 / /mnt/unknown rw - nfs 10.77.0.1:/ rw,vers=3
32 1 0:25 / /elsewhere rw - nfs 10.77.0.1:/export rw,vers=3
";

    #[test]
    fn mounts_below_a_path_are_found_with_their_fsid() {
        let found = find(TABLE, VOLUMES, Path::new("/mnt"));
        let mount = Mount {
            path: "/mnt".into(),
            device: (0, 25),
            fsid: 0xd488_02d1_ea52_48a5,
            close_to_open: true,
            local_locks: true,
            local_flocks: true,
            lists_attributes: true,
        };
        let inner = Mount {
            path: "/mnt/with space".into(),
            device: (0, 26),
            fsid: 2,
            close_to_open: false,
            local_locks: false,
            local_flocks: false,
            lists_attributes: false,
        };
        assert_eq!(found, [mount, inner]);
    }

    #[test]
    fn what_is_mounted_over_another_mount_hides_it() {
        let over = [TABLE, b"33 28 0:26 / /mnt rw - nfs 10.77.0.1:/other rw,vers=3\n"].concat();
        let found = find(&over, VOLUMES, Path::new("/mnt"));
        let top = found.iter().find(|mount| mount.path == Path::new("/mnt"));
        assert_eq!(top.unwrap().device, (0, 26));
    }
}
