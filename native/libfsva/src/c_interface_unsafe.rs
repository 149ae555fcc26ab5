//! `include/fsva.h`: the same as functions of C. Pointers are the caller's promise, as fsva.h and libfsva(3) state it;
//! what fails sets errno.

use std::ffi::{CStr, OsStr, c_char, c_int, c_uint, c_void};
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::agents::{Agents, usual_sockets};
use crate::file::File;
use crate::private_copy_unsafe as private_copy;
use crate::status::Status;

/// `fsva_connect`: whatever the agent does not do is done with the kernel's descriptor.
pub const FSVA_FALLBACK: c_uint = 1;

pub struct Connected {
    agents: Agents,
    fallback: bool,
}

fn set_errno(error: &io::Error) {
    let number = error.raw_os_error().unwrap_or(libc::EIO);
    // SAFETY: the calling thread's own errno.
    unsafe { *libc::__errno_location() = number };
}

fn errno(number: c_int) -> io::Error {
    io::Error::from_raw_os_error(number)
}

fn pointer<T>(result: io::Result<T>) -> *mut T {
    match result {
        Ok(value) => Box::into_raw(Box::new(value)),
        Err(error) => {
            set_errno(&error);
            std::ptr::null_mut()
        }
    }
}

fn count(result: io::Result<usize>) -> isize {
    match result {
        // Never more than asked for, which was bounded.
        Ok(bytes) => bytes.cast_signed(),
        Err(error) => {
            set_errno(&error);
            -1
        }
    }
}

fn code(result: io::Result<()>) -> c_int {
    match result {
        Ok(()) => 0,
        Err(error) => {
            set_errno(&error);
            -1
        }
    }
}

/// As pread(2) and pwrite(2): what is wrong with the range.
fn checked(bytes: usize, offset: i64) -> io::Result<u64> {
    if bytes > isize::MAX as usize {
        return Err(errno(libc::EINVAL));
    }
    u64::try_from(offset).map_err(|_| errno(libc::EINVAL))
}

/// # Safety
/// `socket` is null or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fsva_connect(socket: *const c_char, flags: c_uint) -> *mut Connected {
    let connect = || {
        if flags & !FSVA_FALLBACK != 0 {
            return Err(errno(libc::EINVAL));
        }
        let fallback = flags & FSVA_FALLBACK != 0;
        // SAFETY: null was looked for; else the caller's promise.
        let path = (!socket.is_null()).then(|| unsafe { CStr::from_ptr(socket) });
        let sockets = match path {
            Some(path) => vec![PathBuf::from(OsStr::from_bytes(path.to_bytes()))],
            None => usual_sockets(),
        };
        let agents = match Agents::connect(sockets) {
            Err(_) if fallback => Agents::none(),
            connected => connected?,
        };
        Ok(Connected { agents, fallback })
    };
    pointer(connect())
}

/// # Safety
/// `connected` is null or of `fsva_connect`, and not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fsva_disconnect(connected: *mut Connected) {
    if !connected.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(connected) });
    }
}

/// # Safety
/// `connected` is of `fsva_connect`; `descriptor` stays open during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fsva_open(connected: *const Connected, descriptor: c_int) -> *mut File {
    let open = || {
        // SAFETY: the caller's promise; null was looked for by as_ref.
        let connected = unsafe { connected.as_ref() }.ok_or_else(|| errno(libc::EINVAL))?;
        if descriptor < 0 {
            return Err(errno(libc::EBADF));
        }
        // SAFETY: not negative, and the caller keeps it open; a number that is not open is refused by the kernel.
        let descriptor = unsafe { BorrowedFd::borrow_raw(descriptor) };
        connected.agents.open(descriptor, connected.fallback)
    };
    pointer(open())
}

/// # Safety
/// `file` is of `fsva_open`, and not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fsva_close(file: *mut File) -> c_int {
    if file.is_null() {
        return code(Err(errno(libc::EINVAL)));
    }
    // SAFETY: the caller's promise.
    drop(unsafe { Box::from_raw(file) });
    0
}

/// # Safety
/// `file` is of `fsva_open`.
unsafe fn file<'file>(file: *const File) -> io::Result<&'file File> {
    // SAFETY: the caller's promise; null is looked for.
    unsafe { file.as_ref() }.ok_or_else(|| errno(libc::EINVAL))
}

/// # Safety
/// `file` is of `fsva_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fsva_is_direct(pointer: *const File) -> c_int {
    // SAFETY: the caller's promise.
    match unsafe { file(pointer) } {
        Ok(file) => c_int::from(file.is_direct()),
        Err(error) => code(Err(error)),
    }
}

/// # Safety
/// `pointer` is of `fsva_open`; `buffer` has room for `bytes`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fsva_read(
    pointer: *const File,
    buffer: *mut c_void,
    bytes: usize,
    offset: i64,
) -> isize {
    let read = || {
        // SAFETY: the caller's promise.
        let file = unsafe { file(pointer)? };
        let offset = checked(bytes, offset)?;
        if bytes == 0 {
            return Ok(0);
        }
        if buffer.is_null() {
            return Err(errno(libc::EFAULT));
        }
        // SAFETY: the caller's promise.
        file.read_at(
            unsafe { std::slice::from_raw_parts_mut(buffer.cast(), bytes) },
            offset,
        )
    };
    count(read())
}

/// # Safety
/// `pointer` is of `fsva_open`; `buffer` has `bytes` bytes, which nobody changes meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fsva_write(
    pointer: *const File,
    buffer: *const c_void,
    bytes: usize,
    offset: i64,
) -> isize {
    let write = || {
        // SAFETY: the caller's promise.
        let file = unsafe { file(pointer)? };
        let offset = checked(bytes, offset)?;
        if bytes == 0 {
            return Ok(0);
        }
        if buffer.is_null() {
            return Err(errno(libc::EFAULT));
        }
        // SAFETY: the caller's promise.
        file.write_at(
            unsafe { std::slice::from_raw_parts(buffer.cast(), bytes) },
            offset,
        )
    };
    count(write())
}

/// # Safety
/// `pointer` is of `fsva_open`; `into` is valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fsva_getattr(pointer: *const File, into: *mut Status) -> c_int {
    let getattr = || {
        if into.is_null() {
            return Err(errno(libc::EFAULT));
        }
        // SAFETY: the caller's promise.
        let status = unsafe { file(pointer)? }.status()?;
        // SAFETY: the caller's promise.
        unsafe { into.write(status) };
        Ok(())
    };
    code(getattr())
}

/// # Safety
/// `pointer` is of `fsva_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fsva_fsync(pointer: *const File) -> c_int {
    // SAFETY: the caller's promise.
    code(unsafe { file(pointer) }.and_then(File::fsync))
}

/// # Safety
/// `pointer` is of `fsva_open`; `address` is valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fsva_map(
    pointer: *const File,
    offset: i64,
    bytes: usize,
    address: *mut *const c_void,
) -> isize {
    let map = || {
        // SAFETY: the caller's promise.
        let file = unsafe { file(pointer)? };
        let offset = checked(bytes, offset)?;
        if bytes == 0 || address.is_null() {
            return Err(errno(libc::EINVAL));
        }
        let (pages, filled) = private_copy::map(bytes, |into| file.read_at(into, offset))?;
        // SAFETY: the caller's promise.
        unsafe { address.write(pages.as_ptr().cast()) };
        Ok(filled)
    };
    count(map())
}

/// # Safety
/// `address` and `bytes` are of `fsva_map`, and the pages are not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fsva_unmap(address: *const c_void, bytes: usize) -> c_int {
    // SAFETY: the caller's promise.
    code(unsafe { private_copy::unmap(address.cast_mut(), bytes) })
}

/// What an errno number means here, where that is more than the system says. Never freed.
#[unsafe(no_mangle)]
pub extern "C" fn fsva_strerror(number: c_int) -> *const c_char {
    let text = match number {
        libc::ENOTCONN => c"The agent is not running, or has gone",
        libc::EXDEV => c"The file is in no file system of an agent",
        libc::EUSERS => c"Too many programs are connected to the agent",
        libc::EMFILE => c"Too many files are open on this connection",
        libc::ECONNRESET => c"The server was started anew: what was written since the last fsync may be lost",
        libc::EPROTO => c"What listens there is no agent of this version",
        libc::EOPNOTSUPP => c"The agent serves only regular files, not opened with O_APPEND",
        // SAFETY: any number has a text, which is not changed by other threads (glibc 2.32).
        other => return unsafe { libc::strerror(other) },
    };
    text.as_ptr()
}
