//! Whether the mounts of this process's mount namespace have changed.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::Mutex;

/// Never held while anything is waited for.
pub struct MountWatch(Mutex<Watched>);

struct Watched {
    /// poll(2) tells when the mounts have changed since it was last asked.
    mountinfo: File,
    changes: u64,
}

impl MountWatch {
    pub fn open() -> io::Result<MountWatch> {
        Ok(MountWatch(Mutex::new(Watched {
            mountinfo: File::open("/proc/self/mountinfo")?,
            changes: 0,
        })))
    }

    /// Another number than before if there has been a mount, an unmount or a remount since. The kernel counts them before whoever
    /// made one goes on.
    pub fn changes(&self) -> u64 {
        let mut watched = self.0.lock().unwrap();
        if has_changed(&watched.mountinfo) {
            watched.changes += 1;
        }
        watched.changes
    }
}

/// Also takes note: the next call is about changes after this one.
fn has_changed(mountinfo: &File) -> bool {
    let mut poll = libc::pollfd {
        fd: mountinfo.as_raw_fd(),
        events: libc::POLLPRI,
        revents: 0,
    };
    // SAFETY: poll is one pollfd; with a timeout of 0 the call does not wait.
    let ready = unsafe { libc::poll(&raw mut poll, 1, 0) };
    ready > 0 && poll.revents & (libc::POLLPRI | libc::POLLERR) != 0
}
