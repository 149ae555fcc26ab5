//! Which file systems are the agent's.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// The agent's mount points, and the file systems that are mounted there or below: the NFS client makes a mount of its own
/// for each file system that it meets in an export.
#[derive(Debug)]
pub struct Mounts {
    points: Vec<PathBuf>,
}

impl Mounts {
    pub fn new(points: Vec<PathBuf>) -> Mounts {
        Mounts { points }
    }

    /// Whether files of this device number are the agent's to serve. By device and not by mount, so that a bind mount, or a
    /// mount in another namespace, of the same file system is served, too.
    pub fn have(&self, device: (u32, u32)) -> io::Result<bool> {
        // Looked up each time: a number may be another file system's by now.
        let table = fs::read("/proc/self/mountinfo")?;
        Ok(mounted_below(&table, &self.points).contains(&device))
    }
}

/// Device numbers of what is mounted at or below the points, from the lines of /proc/self/mountinfo (proc(5)).
fn mounted_below(table: &[u8], points: &[PathBuf]) -> HashSet<(u32, u32)> {
    table
        .split(|byte| *byte == b'\n')
        .filter_map(|line| {
            let mut fields = line.split(|byte| *byte == b' ');
            let device = std::str::from_utf8(fields.nth(2)?).ok()?;
            let (major, minor) = device.split_once(':')?;
            let at = unescape(fields.nth(1)?);
            points
                .iter()
                .any(|point| Path::new(&at).starts_with(point))
                .then_some((major.parse().ok()?, minor.parse().ok()?))
        })
        .collect()
}

/// Space, tab, newline and backslash stand there as octal numbers.
pub(crate) fn unescape(field: &[u8]) -> OsString {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, behind)) = rest.split_first() {
        let octal = (*first == b'\\')
            .then(|| behind.get(..3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        bytes.push(octal.unwrap_or(*first));
        rest = if octal.is_some() { &behind[3..] } else { behind };
    }
    OsString::from_vec(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[u8] = b"\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /mnt rw,relatime - nfs server:/srv rw,vers=3
31 30 0:41 / /mnt/inner\\040one rw,relatime - nfs server:/srv/inner rw,vers=3
32 22 0:42 / /mnt2 rw,relatime - nfs evil:/srv rw,vers=3
33 22 0:43 / /with\\040space\\134 rw - nfs server:/srv rw
garbage
34 22 x:y / /mnt/odd rw - nfs server:/srv rw
";

    fn devices(point: &str) -> HashSet<(u32, u32)> {
        mounted_below(TABLE, &[PathBuf::from(point)])
    }

    #[test]
    fn what_is_mounted_at_and_below_a_mount_point_is_found() {
        assert_eq!(devices("/mnt"), [(0, 40), (0, 41)].into());
        assert_eq!(devices("/mnt/inner one"), [(0, 41)].into());
        assert_eq!(devices("/with space\\"), [(0, 43)].into());
        assert_eq!(devices("/nowhere"), [].into());
        assert_eq!(devices("/").len(), 5);
        assert_eq!(mounted_below(TABLE, &[]), [].into());
    }

    #[test]
    fn this_machines_own_table_is_read() {
        let device = std::os::unix::fs::MetadataExt::dev(&fs::metadata("/proc").unwrap());
        let device = (libc::major(device), libc::minor(device));
        assert!(Mounts::new(vec!["/proc".into()]).have(device).unwrap());
        assert!(!Mounts::new(vec!["/sys".into()]).have(device).unwrap());
    }
}
