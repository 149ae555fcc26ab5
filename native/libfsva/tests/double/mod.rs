//! An agent whose files are this machine's own: everything is real but the channel, in whose place the kernel reads and
//! writes the descriptor that was sent.

// Each test program uses a part of it.
#![allow(dead_code)]

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use fsva_agent::local::files::{FileRead, Files, OpenFile};
use fsva_agent::local::frames::AttributeBytes;
use fsva_agent::local::listener::{Limits, LocalAgent, LocalOptions};
use fsva_agent::local::peer_unsafe::Peer;
use fsva_agent::local::window::Window;

/// What the double does, and what it is told to do wrong.
#[derive(Default)]
pub struct Conduct {
    pub peers: Mutex<Vec<Peer>>,
    pub open: AtomicU64,
    /// Reads wait while it is closed.
    pub closed: Mutex<bool>,
    pub opened: Condvar,
    pub waiting: AtomicU64,
    /// Bytes that may still be written before there is no space; None: any number.
    pub space: Mutex<Option<u64>>,
    pub restarted: AtomicBool,
}

impl Conduct {
    pub fn close_gate(&self) {
        *self.closed.lock().unwrap() = true;
    }

    pub fn open_gate(&self) {
        *self.closed.lock().unwrap() = false;
        self.opened.notify_all();
    }

    fn pass(&self) {
        let closed = self.closed.lock().unwrap();
        self.waiting.fetch_add(1, Ordering::SeqCst);
        drop(self.opened.wait_while(closed, |closed| *closed).unwrap());
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Kernel(Arc<Conduct>);

struct KernelFile {
    file: File,
    conduct: Arc<Conduct>,
}

impl Files for Kernel {
    fn open(&self, descriptor: BorrowedFd<'_>, peer: &Peer) -> io::Result<Box<dyn OpenFile>> {
        self.0.peers.lock().unwrap().push(peer.clone());
        self.0.open.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(KernelFile {
            file: descriptor.try_clone_to_owned()?.into(),
            conduct: self.0.clone(),
        }))
    }
}

impl OpenFile for KernelFile {
    fn getattr(&self) -> io::Result<AttributeBytes> {
        use std::os::unix::fs::MetadataExt;
        let found = self.file.metadata()?;
        let mut bytes = [0; 88];
        bytes[..8].copy_from_slice(&found.size().to_le_bytes());
        bytes[24..32].copy_from_slice(&found.ino().to_le_bytes());
        for (at, value) in [
            (32, 1),
            (36, 1),
            (40, found.mode() & 0o7777),
            (44, found.nlink() as u32),
            (48, found.uid()),
            (52, found.gid()),
            (72, found.mtime() as u32),
            (76, found.mtime_nsec() as u32),
        ] {
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        Ok(bytes)
    }

    fn read(&self, offset: u64, into: Window<'_>) -> io::Result<FileRead> {
        self.conduct.pass();
        let bytes = into
            .memory()
            .pread(self.file.as_fd(), offset, into.at(), into.bytes())?;
        Ok(FileRead {
            bytes,
            end_of_file: offset + bytes as u64 >= self.file.metadata()?.len(),
        })
    }

    fn write(&self, offset: u64, from: Window<'_>) -> io::Result<usize> {
        let mut space = self.conduct.space.lock().unwrap();
        let bytes = space.map_or(from.bytes(), |space| from.bytes().min(space as usize));
        if bytes == 0 && from.bytes() > 0 {
            return Err(io::Error::from_raw_os_error(libc::ENOSPC));
        }
        let written = from
            .memory()
            .pwrite(self.file.as_fd(), offset, from.at(), bytes)?;
        if let Some(space) = space.as_mut() {
            *space -= written as u64;
        }
        Ok(written)
    }

    fn fsync(&self) -> io::Result<()> {
        if self.conduct.restarted.swap(false, Ordering::SeqCst) {
            return Err(io::Error::from_raw_os_error(libc::ECONNRESET));
        }
        self.file.sync_all()
    }
}

impl Drop for KernelFile {
    fn drop(&mut self) {
        self.conduct.open.fetch_sub(1, Ordering::SeqCst);
    }
}

pub fn files(conduct: &Arc<Conduct>) -> Arc<dyn Files> {
    Arc::new(Kernel(conduct.clone()))
}

/// A directory, an agent in it that serves whatever is mounted below `/` unless told otherwise, and its conduct.
pub struct Double {
    pub directory: tempfile::TempDir,
    pub conduct: Arc<Conduct>,
    pub agent: Option<LocalAgent>,
}

impl Double {
    pub fn start() -> Double {
        Double::with("/", Limits::default())
    }

    pub fn with(mount_point: &str, limits: Limits) -> Double {
        let mut double = Double {
            directory: tempfile::tempdir().unwrap(),
            conduct: Arc::default(),
            agent: None,
        };
        double.agent = Some(double.start_agent(mount_point, limits).unwrap());
        double
    }

    pub fn start_agent(&self, mount_point: &str, limits: Limits) -> io::Result<LocalAgent> {
        LocalAgent::start(LocalOptions {
            socket: self.socket(),
            mount_points: vec![mount_point.into()],
            files: files(&self.conduct),
            limits,
        })
    }

    pub fn restart(&mut self) {
        self.agent = None;
        self.agent = Some(self.start_agent("/", Limits::default()).unwrap());
    }

    pub fn socket(&self) -> PathBuf {
        self.directory.path().join("run").join("agent.sock")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

/// Bytes that are nowhere the same.
pub fn pattern(bytes: usize, seed: u64) -> Vec<u8> {
    (0..bytes as u64)
        .map(|at| ((at ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8)
        .collect()
}

/// Until it is so; only a hang is a failure.
pub fn eventually(mut is_so: impl FnMut() -> bool) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(120);
    while !is_so() {
        assert!(std::time::Instant::now() < end, "it never came to be");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}
