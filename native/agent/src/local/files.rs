//! What serves the files of local programs: the channel, or whatever a test puts in its place.

use std::io;
use std::os::fd::BorrowedFd;

use crate::local::frames::AttributeBytes;
use crate::local::peer_unsafe::Peer;
use crate::local::window::Window;

/// Errors have an errno number (`io::Error::raw_os_error`), which the program gets.
pub trait Files: Send + Sync {
    /// Opens, on behalf of `peer`, the file that the kernel opened for it. The descriptor is a regular file's of one of the
    /// agent's mounts, and its access mode bounds what may be done.
    fn open(&self, descriptor: BorrowedFd<'_>, peer: &Peer) -> io::Result<Box<dyn OpenFile>>;
}

/// One file of one program; released when it is dropped. Used by one thread at a time, and may block.
pub trait OpenFile: Send {
    fn getattr(&self) -> io::Result<AttributeBytes>;

    fn read(&self, offset: u64, into: Window<'_>) -> io::Result<FileRead>;

    /// The number of bytes written, which may be fewer than there are. They are safe after an `fsync`.
    fn write(&self, offset: u64, from: Window<'_>) -> io::Result<usize>;

    /// ECONNRESET: what was written since the last one may be lost, because the server was started anew: write it again.
    fn fsync(&self) -> io::Result<()>;
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileRead {
    pub bytes: usize,
    pub end_of_file: bool,
}
