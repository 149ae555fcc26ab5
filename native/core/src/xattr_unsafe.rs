//! Extended attributes of the object behind an O_PATH descriptor, with the calling thread's credentials. By way of
//! /proc: the system calls that take a descriptor refuse one of O_PATH.

use std::ffi::CStr;
use std::os::fd::BorrowedFd;

use crate::errno::{Errno, Result};
use crate::syscalls_unsafe::DescriptorPath;

/// The number of bytes of the value; ERANGE if the buffer is too small for it.
pub fn getxattr(fd: BorrowedFd<'_>, name: &CStr, buffer: &mut [u8]) -> Result<usize> {
    let path = DescriptorPath::new(fd);
    // SAFETY: path and name are NUL-terminated and buffer has the length given.
    let returned = unsafe {
        libc::getxattr(
            path.as_c_str().as_ptr(),
            name.as_ptr(),
            buffer.as_mut_ptr().cast(),
            buffer.len(),
        )
    };
    Errno::check(returned as libc::c_long).map(|length| length as usize)
}

pub fn setxattr(fd: BorrowedFd<'_>, name: &CStr, value: &[u8]) -> Result<()> {
    let path = DescriptorPath::new(fd);
    // SAFETY: path and name are NUL-terminated and value has the length given.
    let returned = unsafe {
        libc::setxattr(
            path.as_c_str().as_ptr(),
            name.as_ptr(),
            value.as_ptr().cast(),
            value.len(),
            0,
        )
    };
    Errno::check(returned.into()).map(drop)
}

/// ENODATA if there is none.
pub fn removexattr(fd: BorrowedFd<'_>, name: &CStr) -> Result<()> {
    let path = DescriptorPath::new(fd);
    // SAFETY: path and name are NUL-terminated.
    let returned = unsafe { libc::removexattr(path.as_c_str().as_ptr(), name.as_ptr()) };
    Errno::check(returned.into()).map(drop)
}
