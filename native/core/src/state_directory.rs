//! The state directory: what must survive a restart (the MAC key, the handle tables), for one server at a time.

use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::handle_table::HandleTable;
use crate::handle_tables::HandleTables;

pub const KEY_BYTES: usize = 32;
const KEY_FILE: &str = "handle-key";
const NEW_KEY_FILE: &str = "handle-key.new";
const LOCK_FILE: &str = "lock";

/// The server's secret. It makes every file handle; whoever has it can forge them.
#[derive(Clone)]
pub struct MacKey([u8; KEY_BYTES]);

impl MacKey {
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> MacKey {
        MacKey(bytes)
    }
    pub fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

#[derive(Debug)]
pub enum StateDirectoryError {
    Io {
        path: PathBuf,
        doing: &'static str,
        error: io::Error,
    },
    InUse {
        path: PathBuf,
        process: String,
    },
    NotPrivate {
        path: PathBuf,
        why: &'static str,
    },
    KeyLength {
        path: PathBuf,
        bytes: usize,
    },
}

impl fmt::Display for StateDirectoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, doing, error } => write!(f, "cannot {doing} {}: {error}", path.display()),
            Self::InUse { path, process } => write!(
                f,
                "state directory {} is in use by another server ({process}): give each server its own",
                path.display()
            ),
            Self::NotPrivate { path, why } => write!(f, "{} {why}", path.display()),
            Self::KeyLength { path, bytes } => write!(
                f,
                "{} has {bytes} bytes instead of {KEY_BYTES}: restore it from a backup, or remove it and have every client mount again",
                path.display()
            ),
        }
    }
}

impl std::error::Error for StateDirectoryError {}

type Result<T> = std::result::Result<T, StateDirectoryError>;

/// An open and locked state directory; the lock ends with this value, or with the process.
pub struct StateDirectory {
    path: PathBuf,
    key: MacKey,
    tables: HandleTables,
    _lock: File,
}

impl StateDirectory {
    /// Creates the directory (0700; its parent must exist) and the key if they are not there yet.
    pub fn open(path: &Path) -> Result<StateDirectory> {
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(failed(path, "create state directory", error));
            }
            _ => {}
        }
        let metadata = std::fs::metadata(path).map_err(|error| failed(path, "use state directory", error))?;
        if !metadata.is_dir() {
            return Err(not_private(path, "is not a directory"));
        }
        if metadata.uid() != effective_uid() {
            return Err(not_private(
                path,
                "belongs to another user: the state directory must be the server's own",
            ));
        }
        if metadata.mode() & 0o022 != 0 {
            return Err(not_private(path, "may be written by other users: chmod 700 it"));
        }
        let lock = lock(path)?;
        let key = read_or_create_key(path)?;
        Ok(StateDirectory {
            path: path.to_owned(),
            key,
            tables: HandleTables::default(),
            _lock: lock,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The handle table of that name, created if there is none: one value for all who ask for it.
    pub fn handle_table(&self, name: &str) -> io::Result<Arc<HandleTable>> {
        self.tables.get(&self.path.join(name))
    }

    pub fn key(&self) -> &MacKey {
        &self.key
    }
}

fn lock(directory: &Path) -> Result<File> {
    let path = directory.join(LOCK_FILE);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(&path)
        .map_err(|error| failed(&path, "open", error))?;
    // SAFETY: the descriptor is open for the whole call; flock touches no memory of ours.
    if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } != 0 {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::WouldBlock {
            return Err(failed(&path, "lock", error));
        }
        let mut process = String::new();
        let _ = (&file).take(64).read_to_string(&mut process);
        return Err(StateDirectoryError::InUse {
            path: directory.to_owned(),
            process: process.trim().to_owned(),
        });
    }
    // Only to be read by people: the lock itself is what counts.
    let _ = file.set_len(0);
    let _ = writeln!(file, "process {}", std::process::id());
    Ok(file)
}

/// A key that is there but cannot be used is an error, never a reason to make another: that would turn every handle
/// that clients hold into NFS3ERR_BADHANDLE.
fn read_or_create_key(directory: &Path) -> Result<MacKey> {
    let path = directory.join(KEY_FILE);
    match read_key(&path) {
        Err(StateDirectoryError::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => {}
        other => return other,
    }
    let new_path = directory.join(NEW_KEY_FILE);
    // Left by a crash before it got its name, so no handle was made with it; we hold the lock.
    let _ = std::fs::remove_file(&new_path);
    let mut bytes = [0; KEY_BYTES];
    random_bytes(&mut bytes).map_err(|error| failed(&path, "get random bytes for", error))?;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new_path)
        .and_then(|mut file| {
            file.write_all(&bytes)?;
            file.sync_all()
        })
        // link() rather than rename(): it fails if the name exists.
        .and_then(|()| std::fs::hard_link(&new_path, &path))
        .and_then(|()| std::fs::remove_file(&new_path))
        .and_then(|()| File::open(directory)?.sync_all())
        .map_err(|error| failed(&path, "create", error))?;
    read_key(&path)
}

fn read_key(path: &Path) -> Result<MacKey> {
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
        .map_err(|error| failed(path, "open", error))?;
    let metadata = file.metadata().map_err(|error| failed(path, "read", error))?;
    if !metadata.is_file() {
        return Err(not_private(path, "is not a regular file"));
    }
    if metadata.uid() != effective_uid() {
        return Err(not_private(path, "belongs to another user"));
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(not_private(
            path,
            "may be used by other users: whoever read it can forge file handles; remove it, or chmod 600 it if nobody did",
        ));
    }
    let mut bytes = Vec::with_capacity(KEY_BYTES + 1);
    (&mut file)
        .take(KEY_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| failed(path, "read", error))?;
    match bytes.as_slice().try_into() {
        Ok(key) => Ok(MacKey(key)),
        Err(_) => Err(StateDirectoryError::KeyLength {
            path: path.to_owned(),
            bytes: metadata.len() as usize,
        }),
    }
}

fn failed(path: &Path, doing: &'static str, error: io::Error) -> StateDirectoryError {
    StateDirectoryError::Io {
        path: path.to_owned(),
        doing,
        error,
    }
}

fn not_private(path: &Path, why: &'static str) -> StateDirectoryError {
    StateDirectoryError::NotPrivate {
        path: path.to_owned(),
        why,
    }
}

fn effective_uid() -> u32 {
    // SAFETY: geteuid takes and touches no memory and cannot fail.
    unsafe { libc::geteuid() }
}

/// Fills `bytes` from the kernel's random source.
pub fn random_bytes(bytes: &mut [u8]) -> io::Result<()> {
    // Up to 256 bytes are given whole and uninterrupted (getrandom(2)).
    assert!(bytes.len() <= 256);
    // SAFETY: pointer and length describe the slice, which getrandom writes into.
    let got = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
    if got == bytes.len() as isize {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

#[cfg(test)]
mod tests;
