//! name_to_handle_at(2) and open_by_handle_at(2).

use std::ffi::CStr;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use crate::errno::{Errno, Result};
use crate::handle::{KERNEL_BYTES_MAX, Object};

/// MAX_HANDLE_SZ of the kernel, since Linux 2.6.39.
const KERNEL_HANDLE_BYTES_MAX: usize = 128;

/// struct file_handle with room for any handle.
#[repr(C)]
struct RawHandle {
    handle_bytes: u32,
    handle_type: i32,
    bytes: [u8; KERNEL_HANDLE_BYTES_MAX],
}

/// A kernel handle that fits into a wire handle.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct KernelHandle {
    handle_type: u8,
    length: u8,
    bytes: [u8; KERNEL_BYTES_MAX],
}

impl KernelHandle {
    /// None if it does not fit into a wire handle.
    pub fn new(handle_type: u8, bytes: &[u8]) -> Option<KernelHandle> {
        if bytes.is_empty() || bytes.len() > KERNEL_BYTES_MAX {
            return None;
        }
        let mut handle = KernelHandle {
            handle_type,
            length: bytes.len() as u8,
            bytes: [0; KERNEL_BYTES_MAX],
        };
        handle.bytes[..bytes.len()].copy_from_slice(bytes);
        Some(handle)
    }

    /// The handle of an open object (O_PATH will do). EOPNOTSUPP if its file system has none, EOVERFLOW if the
    /// handle does not fit into a wire handle.
    pub fn of(object: BorrowedFd) -> Result<KernelHandle> {
        KernelHandle::at(object, c"", libc::AT_EMPTY_PATH).map(|(handle, _)| handle)
    }

    /// The handle of a directory's entry, a symbolic link's being that of the link. EXDEV where another file system than
    /// that of `mount_id` is mounted.
    pub fn of_entry(directory: BorrowedFd, name: &CStr, mount_id: u64) -> Result<KernelHandle> {
        let (handle, mount) = KernelHandle::at(directory, name, 0)?;
        if u64::try_from(mount) == Ok(mount_id) {
            Ok(handle)
        } else {
            Err(Errno::XDEV)
        }
    }

    /// With the mount's id.
    fn at(directory: BorrowedFd, name: &CStr, flags: i32) -> Result<(KernelHandle, i32)> {
        let mut raw = RawHandle {
            handle_bytes: KERNEL_HANDLE_BYTES_MAX as u32,
            handle_type: 0,
            bytes: [0; KERNEL_HANDLE_BYTES_MAX],
        };
        let mut mount_id = 0i32;
        // SAFETY: `name` is NUL-terminated, `raw` has the layout of struct file_handle and as many bytes as
        // handle_bytes says, `mount_id` is an int; all live through the call.
        let returned = unsafe {
            libc::syscall(
                libc::SYS_name_to_handle_at,
                directory.as_raw_fd(),
                name.as_ptr(),
                &raw mut raw,
                &raw mut mount_id,
                flags,
            )
        };
        Errno::check(returned)?;
        let handle_type = u8::try_from(raw.handle_type).map_err(|_| Errno::OVERFLOW)?;
        let bytes = raw
            .bytes
            .get(..raw.handle_bytes as usize)
            .ok_or(Errno::OVERFLOW)?;
        let handle = KernelHandle::new(handle_type, bytes).ok_or(Errno::OVERFLOW)?;
        Ok((handle, mount_id))
    }

    /// Opens it on the file system that `mount` (not O_PATH) is any open file or directory of. Needs root's
    /// CAP_DAC_READ_SEARCH (EPERM), may block, and checks no permission but that. ESTALE if the object is gone.
    pub fn open(&self, mount: BorrowedFd, flags: i32) -> Result<OwnedFd> {
        let mut raw = RawHandle {
            handle_bytes: u32::from(self.length),
            handle_type: i32::from(self.handle_type),
            bytes: [0; KERNEL_HANDLE_BYTES_MAX],
        };
        raw.bytes[..KERNEL_BYTES_MAX].copy_from_slice(&self.bytes);
        // SAFETY: `raw` has the layout of struct file_handle and lives through the call.
        let returned = unsafe {
            libc::syscall(
                libc::SYS_open_by_handle_at,
                mount.as_raw_fd(),
                &raw mut raw,
                flags | libc::O_CLOEXEC,
            )
        };
        let descriptor = Errno::check(returned)?;
        // SAFETY: the kernel has just made this descriptor for us.
        Ok(unsafe { OwnedFd::from_raw_fd(descriptor as i32) })
    }

    pub fn handle_type(&self) -> u8 {
        self.handle_type
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    pub fn object(&self) -> Object<'_> {
        Object::Kernel {
            handle_type: self.handle_type,
            bytes: self.bytes(),
        }
    }
}
