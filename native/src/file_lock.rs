//! flock(2), which Node lacks: one process at a time, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;

use napi::Result;
use napi_derive::napi;

use crate::core::failure;

/// Held until it is released, or the process ends.
#[napi]
pub struct NativeFileLock {
    file: Option<File>,
}

#[napi]
impl NativeFileLock {
    /// Makes the file if there is none. Null: another process holds it. Throws if the file cannot be used.
    #[napi]
    pub fn take(path: String) -> Result<Option<NativeFileLock>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(&path)
            .map_err(failure)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(NativeFileLock { file: Some(file) })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failure(error)),
        }
    }

    #[napi]
    pub fn release(&mut self) {
        self.file = None;
    }
}
