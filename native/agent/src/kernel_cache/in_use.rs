//! What processes have open, mapped, or are in: what the kernel cannot forget when it is told to drop its caches.

use std::collections::HashSet;
use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::syscalls_unsafe::{open_at, statx};

type Device = (u32, u32);

/// Gives `visit` each object of these devices that a process uses (descriptors, mappings, working directory, root, program)
/// and each directory above one, once, open with O_PATH. Whatever ends meanwhile is passed over.
pub fn visit_in_use(devices: &[Device], visit: &mut dyn FnMut(BorrowedFd<'_>, Device)) -> io::Result<()> {
    let mut seen = Seen {
        devices,
        objects: HashSet::new(),
        visit,
    };
    for process in fs::read_dir("/proc")?.flatten() {
        let is_process = process.file_name().as_bytes().iter().all(u8::is_ascii_digit);
        if !is_process {
            continue;
        }
        let process = process.path();
        for link in ["cwd", "root", "exe"] {
            seen.link(&process.join(link));
        }
        for descriptor in fs::read_dir(process.join("fd")).into_iter().flatten().flatten() {
            seen.link(&descriptor.path());
        }
        let maps = fs::read(process.join("maps")).unwrap_or_default();
        for range in mapped(&maps, devices) {
            seen.link(&process.join("map_files").join(range));
        }
    }
    Ok(())
}

struct Seen<'a> {
    devices: &'a [Device],
    objects: HashSet<(Device, u64)>,
    visit: &'a mut dyn FnMut(BorrowedFd<'_>, Device),
}

impl Seen<'_> {
    /// What a link of /proc leads to. Nothing is asked of any server to find out what that is.
    fn link(&mut self, link: &Path) {
        let Some(object) = open_path(link) else { return };
        let Some(found) = self.object(object.as_fd()) else {
            return;
        };
        let above = if found.is_directory {
            parent(object.as_fd())
        } else {
            // A file that was seen before may have another name here.
            fs::read_link(link)
                .ok()
                .and_then(|path| open_path(path.parent()?))
        };
        self.climb(above);
    }

    /// Up to the root of the file system, or to where somebody was before.
    fn climb(&mut self, mut above: Option<OwnedFd>) {
        while let Some(directory) = above {
            let found = self.object(directory.as_fd());
            if !found.is_some_and(|found| found.is_new) {
                return;
            }
            above = parent(directory.as_fd());
        }
    }

    /// None: not one of ours.
    fn object(&mut self, object: BorrowedFd<'_>) -> Option<Found> {
        let found = statx(object, libc::AT_STATX_DONT_SYNC).ok()?;
        let device = (found.stx_dev_major, found.stx_dev_minor);
        if !self.devices.contains(&device) {
            return None;
        }
        let is_new = self.objects.insert((device, found.stx_ino));
        if is_new {
            (self.visit)(object, device);
        }
        Some(Found {
            is_new,
            is_directory: u32::from(found.stx_mode) & libc::S_IFMT == libc::S_IFDIR,
        })
    }
}

struct Found {
    is_new: bool,
    is_directory: bool,
}

fn parent(directory: BorrowedFd<'_>) -> Option<OwnedFd> {
    open_at(Some(directory), c"..", libc::O_PATH | libc::O_DIRECTORY).ok()
}

fn open_path(path: &Path) -> Option<OwnedFd> {
    open_at(
        None,
        &CString::new(path.as_os_str().as_bytes()).ok()?,
        libc::O_PATH,
    )
    .ok()
}

/// The names in map_files of the mappings of these devices, by /proc/PID/maps (proc(5)).
fn mapped(maps: &[u8], devices: &[Device]) -> Vec<PathBuf> {
    let line = |line: &[u8]| {
        let mut fields = line.split(|byte| *byte == b' ');
        let range = std::str::from_utf8(fields.next()?).ok()?;
        let (major, minor) = std::str::from_utf8(fields.nth(2)?).ok()?.split_once(':')?;
        let device = (
            u32::from_str_radix(major, 16).ok()?,
            u32::from_str_radix(minor, 16).ok()?,
        );
        let (from, to) = range.split_once('-')?;
        let number = |digits| u64::from_str_radix(digits, 16).ok();
        // There the numbers have no leading zeros.
        devices
            .contains(&device)
            .then_some(PathBuf::from(format!("{:x}-{:x}", number(from)?, number(to)?)))
    };
    maps.split(|byte| *byte == b'\n').filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn mappings_are_found_by_device() {
        let maps = b"00400000-00401000 r-xp 00000000 00:19 12 /mnt/a program\n\
            7f0000000000-7f0000001000 r--s 00000000 00:1a 13 /mnt/b\n7f1000000000-7f1000001000 rw-p 00000000 00:00 0 \n";
        assert_eq!(mapped(maps, &[(0, 0x19)]), [PathBuf::from("400000-401000")]);
        assert_eq!(
            mapped(maps, &[(0, 0x1a), (8, 1)]),
            [PathBuf::from("7f0000000000-7f0000001000")]
        );
    }

    #[test]
    fn what_this_process_has_open_is_found_with_all_above() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("below")).unwrap();
        let path = directory.path().join("below/file");
        let file = File::create(&path).unwrap();
        let metadata = file.metadata().unwrap();
        let device = (libc::major(metadata.dev()), libc::minor(metadata.dev()));
        let mut found = Vec::new();
        visit_in_use(&[device], &mut |object, of| {
            assert_eq!(of, device);
            assert!(object.as_raw_fd() >= 0);
            found.push(statx(object, 0).unwrap().stx_ino);
        })
        .unwrap();
        for wanted in [&path, &directory.path().join("below"), directory.path()] {
            let ino = fs::metadata(wanted).unwrap().ino();
            assert_eq!(
                found.iter().filter(|other| **other == ino).count(),
                1,
                "{wanted:?}"
            );
        }
    }
}
