//! The system calls that say what a descriptor is.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};

/// MAX_HANDLE_SZ of linux/exportfs.h.
const HANDLE_ROOM: usize = 128;

/// struct file_handle of name_to_handle_at(2), with room.
#[repr(C)]
pub struct KernelHandle {
    length: u32,
    pub kind: i32,
    data: [u8; HANDLE_ROOM],
}

impl KernelHandle {
    #[cfg(test)]
    pub fn new(kind: i32, bytes: &[u8]) -> KernelHandle {
        let mut data = [0; HANDLE_ROOM];
        data[..bytes.len()].copy_from_slice(bytes);
        KernelHandle {
            length: bytes.len() as u32,
            kind,
            data,
        }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.data[..(self.length as usize).min(HANDLE_ROOM)]
    }
}

fn check(returned: i32) -> io::Result<i32> {
    if returned < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(returned)
    }
}

pub fn file_system_magic(descriptor: BorrowedFd<'_>) -> io::Result<i64> {
    let mut found = MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: there is room for a statfs, which is filled if the call succeeds.
    unsafe {
        check(libc::fstatfs(descriptor.as_raw_fd(), found.as_mut_ptr()))?;
        #[allow(clippy::unnecessary_cast, reason = "its type differs between architectures")]
        Ok(found.assume_init().f_type as i64)
    }
}

pub fn status_flags(descriptor: BorrowedFd<'_>) -> io::Result<i32> {
    // SAFETY: no memory involved.
    check(unsafe { libc::fcntl(descriptor.as_raw_fd(), libc::F_GETFL) })
}

pub fn handle_of(descriptor: BorrowedFd<'_>) -> io::Result<KernelHandle> {
    let mut handle = KernelHandle {
        length: HANDLE_ROOM as u32,
        kind: 0,
        data: [0; HANDLE_ROOM],
    };
    let mut mount = 0;
    // SAFETY: the path is a C string; handle has the head of a struct file_handle and the room that its length says.
    check(unsafe {
        libc::name_to_handle_at(
            descriptor.as_raw_fd(),
            c"".as_ptr(),
            (&raw mut handle).cast(),
            &raw mut mount,
            libc::AT_EMPTY_PATH,
        )
    })?;
    Ok(handle)
}

/// Sends the server all that this kernel holds of the file, whoever wrote it: fsync works on the file, not on what was written
/// by this descriptor, and needs no permission to write.
pub fn flush(descriptor: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: no memory involved.
    check(unsafe { libc::fsync(descriptor.as_raw_fd()) }).map(drop)
}
