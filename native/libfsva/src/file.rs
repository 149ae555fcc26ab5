//! A file through the agent, or through the kernel's descriptor where that is allowed to take its place.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, MutexGuard};

use fsva_agent::local::frames::{Answer, END_OF_FILE, LocalOp, Request};

use crate::connection::Connection;
use crate::status::Status;

fn errno(number: i32) -> io::Error {
    io::Error::from_raw_os_error(number)
}

fn is_lost(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ENOTCONN)
}

/// How the file is reached.
#[derive(Debug)]
enum Way {
    /// By the agent's number for it; `unsynced`: written, and not known to be safe.
    Agent { number: u32, unsynced: bool },
    /// The agent is not there, or does not serve this file. `lost`: what the agent wrote and did not sync may be lost.
    Kernel { file: Arc<std::fs::File>, lost: bool },
}

/// What to do with one request.
enum Route {
    Agent(u32),
    Kernel(Arc<std::fs::File>),
}

/// Usable from several threads.
#[derive(Debug)]
pub struct File {
    connection: Option<Arc<Connection>>,
    /// Kept only where it may have to take over.
    descriptor: Option<std::fs::File>,
    way: Mutex<Way>,
}

const NOTHING: Request = Request {
    op: 0,
    flags: 0,
    file: 0,
    id: 0,
    offset: 0,
    length: 0,
    place: 0,
};

impl File {
    /// The descriptor stays the caller's. With `fallback`, whatever the agent refuses is done by the kernel, and so is
    /// everything after the agent is lost; `connection` may then be missing altogether.
    pub fn open(
        connection: Option<Arc<Connection>>,
        descriptor: BorrowedFd<'_>,
        fallback: bool,
    ) -> io::Result<File> {
        let opened = match &connection {
            Some(connection) => connection.call(LocalOp::Open, &NOTHING, Some(descriptor)),
            None => Err(errno(libc::ENOTCONN)),
        };
        let kept = fallback
            .then(|| descriptor.try_clone_to_owned().map(std::fs::File::from))
            .transpose()?;
        let way = match opened {
            Ok(Answer { file, .. }) => Way::Agent {
                number: file,
                unsynced: false,
            },
            Err(error) => Way::Kernel {
                file: Arc::new(kept.as_ref().ok_or(error)?.try_clone()?),
                lost: false,
            },
        };
        Ok(File {
            connection,
            descriptor: kept,
            way: Mutex::new(way),
        })
    }

    /// From now on the kernel takes over if the agent is lost.
    pub fn with_fallback(mut self, descriptor: BorrowedFd<'_>) -> io::Result<File> {
        self.descriptor = Some(descriptor.try_clone_to_owned()?.into());
        Ok(self)
    }

    /// Whether the agent serves it.
    pub fn is_direct(&self) -> bool {
        matches!(*self.way(), Way::Agent { .. })
    }

    fn way(&self) -> MutexGuard<'_, Way> {
        self.way.lock().expect("no holder panics")
    }

    fn route(&self) -> Route {
        match &*self.way() {
            Way::Agent { number, .. } => Route::Agent(*number),
            Way::Kernel { file, .. } => Route::Kernel(file.clone()),
        }
    }

    /// After the agent was lost: the kernel takes over, or there is nothing to be done.
    fn take_over(&self, error: io::Error) -> io::Result<()> {
        let kept = self.descriptor.as_ref().ok_or(error)?;
        let mut way = self.way();
        if let Way::Agent { unsynced, .. } = *way {
            *way = Way::Kernel {
                file: Arc::new(reopened(kept)?),
                lost: unsynced,
            };
        }
        Ok(())
    }

    fn call(&self, op: LocalOp, request: &Request) -> io::Result<Answer> {
        let connection = self
            .connection
            .as_ref()
            .expect("there is one if it opened the file");
        connection.call(op, request, None)
    }

    /// Does it by the agent, or by the kernel if there is no agent any more.
    fn either<T>(
        &self,
        by_agent: impl Fn(u32) -> io::Result<T>,
        by_kernel: impl Fn(&std::fs::File) -> io::Result<T>,
    ) -> io::Result<T> {
        if let Route::Agent(number) = self.route() {
            match by_agent(number) {
                Err(error) if is_lost(&error) => self.take_over(error)?,
                other => return other,
            }
        }
        match self.route() {
            Route::Kernel(file) => by_kernel(&file),
            Route::Agent(_) => Err(errno(libc::ENOTCONN)),
        }
    }

    pub fn status(&self) -> io::Result<Status> {
        self.either(
            |number| {
                let answer = self.call(
                    LocalOp::Getattr,
                    &Request {
                        file: number,
                        ..NOTHING
                    },
                )?;
                Ok(Status::of_attributes(&answer.attributes))
            },
            |file| Ok(Status::of_metadata(&file.metadata()?)),
        )
    }

    /// Fills the buffer, up to the end of the file. An error after some bytes is not told until the next call.
    pub fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut done = 0;
        while done < into.len() {
            match self.read_part(&mut into[done..], offset.saturating_add(done as u64)) {
                Ok((bytes, end)) => {
                    done += bytes;
                    if end {
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) if done > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn read_part(&self, into: &mut [u8], offset: u64) -> io::Result<(usize, bool)> {
        if let Route::Agent(number) = self.route() {
            match self.read_by_agent(number, into, offset) {
                Err(error) if is_lost(&error) => self.take_over(error)?,
                other => return other,
            }
        }
        match self.route() {
            Route::Kernel(file) => file.read_at(into, offset).map(|bytes| (bytes, bytes == 0)),
            Route::Agent(_) => Err(errno(libc::ENOTCONN)),
        }
    }

    fn read_by_agent(&self, number: u32, into: &mut [u8], offset: u64) -> io::Result<(usize, bool)> {
        let connection = self
            .connection
            .as_ref()
            .expect("there is one if it opened the file");
        let place = connection.place();
        let request = Request {
            file: number,
            offset,
            length: into.len().min(connection.transfer_bytes() as usize) as u32,
            place: place.at(),
            ..NOTHING
        };
        let answer = self.call(LocalOp::Read, &request)?;
        let bytes = answer.length as usize;
        connection
            .memory()
            .copy_out(place.at() as usize, &mut into[..bytes]);
        Ok((bytes, bytes == 0 || answer.flags & END_OF_FILE != 0))
    }

    /// Writes all of it, or as much as can be: an error after some bytes is not told until the next call.
    pub fn write_at(&self, from: &[u8], offset: u64) -> io::Result<usize> {
        let mut done = 0;
        while done < from.len() {
            match self.write_part(&from[done..], offset.saturating_add(done as u64)) {
                Ok(0) => break,
                Ok(bytes) => done += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) if done > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn write_part(&self, from: &[u8], offset: u64) -> io::Result<usize> {
        self.either(
            |number| self.write_by_agent(number, from, offset),
            |file| file.write_at(from, offset),
        )
    }

    fn write_by_agent(&self, number: u32, from: &[u8], offset: u64) -> io::Result<usize> {
        let connection = self
            .connection
            .as_ref()
            .expect("there is one if it opened the file");
        let place = connection.place();
        let part = &from[..from.len().min(connection.transfer_bytes() as usize)];
        connection.memory().copy_in(place.at() as usize, part);
        let request = Request {
            file: number,
            offset,
            length: part.len() as u32,
            place: place.at(),
            ..NOTHING
        };
        // Before the answer: if there is none, it may have been written all the same.
        if let Way::Agent { unsynced, .. } = &mut *self.way() {
            *unsynced = true;
        }
        Ok(self.call(LocalOp::Write, &request)?.length as usize)
    }

    /// ECONNRESET, once: what was written since the last fsync may be lost; write it again.
    pub fn fsync(&self) -> io::Result<()> {
        if let Some((number, unsynced)) = self.begin_sync() {
            match self.call(
                LocalOp::Fsync,
                &Request {
                    file: number,
                    ..NOTHING
                },
            ) {
                Ok(_) => return Ok(()),
                Err(error) => {
                    self.sync_failed(unsynced);
                    if !is_lost(&error) {
                        return Err(error);
                    }
                    self.take_over(error)?;
                }
            }
        }
        let file = match &mut *self.way() {
            Way::Kernel { file, lost } => {
                if std::mem::take(lost) {
                    return Err(errno(libc::ECONNRESET));
                }
                file.clone()
            }
            Way::Agent { .. } => return Err(errno(libc::ENOTCONN)),
        };
        file.sync_all()
    }

    /// The agent's number, and whether there is something to sync. A write that another thread begins from now on is not
    /// covered.
    fn begin_sync(&self) -> Option<(u32, bool)> {
        match &mut *self.way() {
            Way::Agent { number, unsynced } => Some((*number, std::mem::take(unsynced))),
            Way::Kernel { .. } => None,
        }
    }

    fn sync_failed(&self, was_unsynced: bool) {
        match &mut *self.way() {
            Way::Agent { unsynced, .. } => *unsynced |= was_unsynced,
            Way::Kernel { lost, .. } => *lost |= was_unsynced,
        }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        if let Route::Agent(number) = self.route() {
            // An agent that is gone has closed it.
            let _ = self.call(
                LocalOp::Close,
                &Request {
                    file: number,
                    ..NOTHING
                },
            );
        }
    }
}

/// Opened anew, so that the kernel's client looks whether what it has cached is still so (close-to-open): the agent may
/// have written behind its back. Where that is not possible (the file was removed, or may not be opened any more), the
/// descriptor itself.
fn reopened(descriptor: &std::fs::File) -> io::Result<std::fs::File> {
    let number = descriptor.as_fd().as_raw_fd();
    let path = format!("/proc/self/fd/{number}");
    let open = |read, write| std::fs::OpenOptions::new().read(read).write(write).open(&path);
    let flags = std::fs::read_to_string(format!("/proc/self/fdinfo/{number}"))?;
    let mode = flags
        .lines()
        .find_map(|line| line.strip_prefix("flags:"))
        .and_then(|octal| i32::from_str_radix(octal.trim(), 8).ok())
        .map(|flags| flags & libc::O_ACCMODE);
    let again = match mode {
        Some(libc::O_RDONLY) => open(true, false),
        Some(libc::O_WRONLY) => open(false, true),
        Some(libc::O_RDWR) => open(true, true),
        _ => return descriptor.try_clone(),
    };
    again.or_else(|_| descriptor.try_clone())
}
