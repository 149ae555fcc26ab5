//! What a descriptor is that a program sent. Asked without a word to the file system, which may be the program's own.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Description {
    /// File type bits of its mode.
    pub kind: u32,
    /// Device number of the file system, as in /proc/self/mountinfo.
    pub device: (u32, u32),
    pub readable: bool,
    pub writable: bool,
    /// O_APPEND: where a write goes is not the writer's to say.
    pub append: bool,
}

/// EBADF for one that was opened with O_PATH, and so without any check.
pub fn describe(descriptor: BorrowedFd<'_>) -> io::Result<Description> {
    // SAFETY: no memory involved.
    let flags = unsafe { libc::fcntl(descriptor.as_raw_fd(), libc::F_GETFL) };
    if flags < 0 {
        return Err(io::Error::last_os_error());
    }
    if flags & libc::O_PATH != 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    let mut stat = MaybeUninit::<libc::statx>::zeroed();
    // SAFETY: the path is a C string, and stat is valid for writing.
    let returned = unsafe {
        let how = libc::AT_EMPTY_PATH | libc::AT_STATX_DONT_SYNC;
        let mask = libc::STATX_TYPE;
        libc::statx(descriptor.as_raw_fd(), c"".as_ptr(), how, mask, stat.as_mut_ptr())
    };
    if returned != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: all zeros are a valid statx, over which the kernel wrote.
    let stat = unsafe { stat.assume_init() };
    let mode = flags & libc::O_ACCMODE;
    Ok(Description {
        kind: u32::from(stat.stx_mode) & libc::S_IFMT,
        device: (stat.stx_dev_major, stat.stx_dev_minor),
        readable: mode == libc::O_RDONLY || mode == libc::O_RDWR,
        writable: mode == libc::O_WRONLY || mode == libc::O_RDWR,
        append: flags & libc::O_APPEND != 0,
    })
}

#[cfg(test)]
mod tests {
    use std::fs::{File, OpenOptions};
    use std::os::fd::AsFd;
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

    use super::*;

    #[test]
    fn descriptors_are_what_they_were_opened_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let file = File::create(&path).unwrap();
        let write = describe(file.as_fd()).unwrap();
        let device = file.metadata().unwrap().dev();
        assert_eq!(write.device, (libc::major(device), libc::minor(device)));
        assert_eq!(write.kind, libc::S_IFREG);
        assert_eq!(
            (write.readable, write.writable, write.append),
            (false, true, false)
        );
        let both = OpenOptions::new().read(true).append(true).open(&path).unwrap();
        let both = describe(both.as_fd()).unwrap();
        assert_eq!((both.readable, both.writable, both.append), (true, true, true));
        let read = describe(File::open(&path).unwrap().as_fd()).unwrap();
        assert_eq!((read.readable, read.writable), (true, false));
        assert_eq!(
            describe(File::open(directory.path()).unwrap().as_fd())
                .unwrap()
                .kind,
            libc::S_IFDIR
        );
    }

    #[test]
    fn a_descriptor_that_nobody_checked_is_refused() {
        let path = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_PATH)
            .open("/")
            .unwrap();
        assert_eq!(
            describe(path.as_fd()).unwrap_err().raw_os_error(),
            Some(libc::EBADF)
        );
    }
}
