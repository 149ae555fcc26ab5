//! A file that is open at the server, on behalf of whoever opened it here.

use std::ops::Range;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fsva_channel::grant_word::Access;
use fsva_channel::message::Message;
use fsva_channel::protocol::{ACCESS_READ, ACCESS_WRITE, ATTRIBUTES_BYTES, END_OF_FILE, Op, OpenRequest};

use crate::attributes::Attributes;
use crate::client::Shared;
use crate::error::ClientError;
use crate::figures::Counters;
use crate::lending::Pages;
use crate::lent_buffer::LentBuffer;
use crate::link::Link;
use crate::window::{Loaned, Waiter};

/// Of linux/errno.h, which programs never see.
const EBADHANDLE: u32 = 521;
const EJUKEBOX: u32 = 528;

/// stable_how of RFC 1813, section 3.3.7.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u16)]
pub enum Stability {
    /// Safe after `fsync`.
    Unstable = 0,
    DataSync = 1,
    FileSync = 2,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReadResult {
    /// As of pread: fewer than asked for at the end of the file, or if the server takes no more at once.
    pub bytes: usize,
    pub end_of_file: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WriteResult {
    /// As of pwrite.
    pub bytes: usize,
    /// Whether it is safe already.
    pub committed: bool,
}

struct Opened {
    link: Arc<Link>,
    index: u32,
}

/// What was written and is not known to be safe.
#[derive(Default)]
struct Unsafe {
    /// Of the first such write.
    verifier: Option<u64>,
    /// The server may have lost it.
    lost: bool,
}

pub struct File {
    pub(crate) shared: Arc<Shared>,
    /// With which it can be opened again at a server that does not know it.
    request: OpenRequest,
    opened: Mutex<Opened>,
    attributes: Mutex<Attributes>,
    written: Mutex<Unsafe>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The answer, unless it is an errno number.
pub(crate) fn checked(answer: Message, what: &'static str) -> Result<Message, ClientError> {
    let errno = match answer.status {
        0 => return Ok(answer),
        // Of a handle that is not the server's, as NFS's own client says it to programs.
        EBADHANDLE => libc::ESTALE,
        EJUKEBOX => libc::EAGAIN,
        status @ 1..4096 => status as i32,
        _ => return Err(ClientError::Nonsense("an impossible error number")),
    };
    Err(ClientError::Errno { errno, what })
}

fn open(shared: &Shared, request: &OpenRequest) -> Result<(Opened, Attributes), ClientError> {
    let bytes = request
        .encode()
        .ok_or(ClientError::Invalid("the handle or the groups are too long"))?;
    loop {
        let link = shared.link();
        let pages = link.lending.allocate(bytes.len() as u32)?;
        pages.memory().copy_in(pages.start(), &bytes);
        let message = Message {
            op: Op::Open as u16,
            ..Message::default()
        };
        match lend_and_call(
            &link,
            message,
            &pages,
            0..bytes.len(),
            Access::Write,
            shared.deadline,
        ) {
            // The call had no effect that outlives the region.
            Err(ClientError::RegionLost) if !shared.is_current(&link) => continue,
            answer => {
                let answer = checked(answer?, "opening the file")?;
                // Opened by a server that was killed before it said so: the next one does not know them.
                let attributes = match answer.length {
                    0 => Attributes::default(),
                    length => read_attributes(&pages, length)?,
                };
                let index = answer.handle_index;
                return Ok((Opened { link, index }, attributes));
            }
        }
    }
}

pub(crate) fn read_attributes(pages: &Arc<Pages>, length: u32) -> Result<Attributes, ClientError> {
    if (length as usize) < ATTRIBUTES_BYTES {
        return Err(ClientError::Nonsense("attributes that are too short"));
    }
    let mut bytes = [0; ATTRIBUTES_BYTES];
    pages.memory().copy_out(pages.start(), &mut bytes);
    Attributes::decode(&bytes).ok_or(ClientError::Nonsense("no attributes"))
}

pub(crate) fn lend(
    link: &Link,
    message: &mut Message,
    pages: &Arc<Pages>,
    range: Range<usize>,
    access: Access,
) -> Result<Loaned, ClientError> {
    let number = |number: usize| u32::try_from(number).map_err(|_| ClientError::Invalid("no such range"));
    let bytes = number(range.end.saturating_sub(range.start))?;
    let reference = link.lending.lend(pages, number(range.start)?, bytes, access)?;
    message.grants[0] = reference;
    message.length = bytes;
    Ok(Some((reference, pages.clone())))
}

fn lend_and_call(
    link: &Link,
    mut message: Message,
    pages: &Arc<Pages>,
    range: Range<usize>,
    access: Access,
    limit: Duration,
) -> Result<Message, ClientError> {
    let loaned = lend(link, &mut message, pages, range, access)?;
    link.call(message, loaned, limit)
}

impl File {
    pub(crate) fn open(shared: &Arc<Shared>, request: OpenRequest) -> Result<File, ClientError> {
        let (opened, attributes) = open(shared, &request)?;
        Ok(File {
            shared: shared.clone(),
            request,
            opened: Mutex::new(opened),
            attributes: Mutex::new(attributes),
            written: Mutex::default(),
        })
    }

    /// As last heard of.
    pub fn attributes(&self) -> Attributes {
        *lock(&self.attributes)
    }

    /// An or of ACCESS_*.
    pub fn access(&self) -> u32 {
        self.request.access
    }

    /// Reads into a part of the buffer, which begins at a multiple of 4096 of it, from `offset` of the file on.
    pub fn read(
        &self,
        buffer: &LentBuffer,
        range: Range<usize>,
        offset: u64,
    ) -> Result<ReadResult, ClientError> {
        self.may(ACCESS_READ)?;
        let answer = self.transfer(Op::Read, 0, buffer, range.clone(), offset)?;
        self.read_result(answer, range.len())
    }

    /// Writes a part of the buffer, which begins at a multiple of 4096 of it, to `offset` of the file.
    pub fn write(
        &self,
        buffer: &LentBuffer,
        range: Range<usize>,
        offset: u64,
    ) -> Result<WriteResult, ClientError> {
        self.write_with(buffer, range, offset, Stability::Unstable)
    }

    pub fn write_with(
        &self,
        buffer: &LentBuffer,
        range: Range<usize>,
        offset: u64,
        stability: Stability,
    ) -> Result<WriteResult, ClientError> {
        self.may(ACCESS_WRITE)?;
        let answer = self.transfer(Op::Write, stability as u16, buffer, range.clone(), offset)?;
        self.write_result(answer, range.len())
    }

    pub(crate) fn may(&self, access: u32) -> Result<(), ClientError> {
        if self.request.access & access == 0 {
            return Err(ClientError::Errno {
                errno: libc::EBADF,
                what: "the file was not opened for that",
            });
        }
        Ok(())
    }

    pub(crate) fn read_result(&self, answer: Message, asked: usize) -> Result<ReadResult, ClientError> {
        let answer = checked(answer, "reading")?;
        let bytes = bounded(answer.length, asked)?;
        Counters::add(&self.shared.surroundings.counters.bytes_read, bytes as u64);
        Ok(ReadResult {
            bytes,
            end_of_file: answer.flags & END_OF_FILE != 0,
        })
    }

    pub(crate) fn write_result(&self, answer: Message, asked: usize) -> Result<WriteResult, ClientError> {
        let answer = checked(answer, "writing")?;
        let bytes = bounded(answer.length, asked)?;
        Counters::add(&self.shared.surroundings.counters.bytes_written, bytes as u64);
        let committed = answer.flags >= Stability::DataSync as u16;
        let mut written = lock(&self.written);
        if !committed {
            let first = *written.verifier.get_or_insert(answer.offset);
            written.lost |= first != answer.offset;
        }
        Ok(WriteResult { bytes, committed })
    }

    fn transfer(
        &self,
        op: Op,
        flags: u16,
        buffer: &LentBuffer,
        range: Range<usize>,
        offset: u64,
    ) -> Result<Message, ClientError> {
        self.with_handle(|link, index| {
            let (message, loaned) = self.prepare(link, index, op, flags, buffer, range.clone(), offset)?;
            link.call(message, loaned, self.shared.deadline)
        })
    }

    /// A request about a part of a buffer, ready to be sent.
    #[allow(clippy::too_many_arguments, reason = "the fields of one message")]
    pub(crate) fn prepare(
        &self,
        link: &Link,
        index: u32,
        op: Op,
        flags: u16,
        buffer: &LentBuffer,
        range: Range<usize>,
        offset: u64,
    ) -> Result<(Message, Loaned), ClientError> {
        if !Arc::ptr_eq(buffer.pages().lending(), &link.lending) {
            return Err(ClientError::RegionLost);
        }
        let mut message = Message {
            op: op as u16,
            flags,
            handle_index: index,
            offset,
            ..Message::default()
        };
        let access = if op == Op::Read {
            Access::Write
        } else {
            Access::Read
        };
        let loaned = lend(link, &mut message, buffer.pages(), range, access)?;
        Ok((message, loaned))
    }

    pub fn getattr(&self) -> Result<Attributes, ClientError> {
        let attributes = self.again_in_a_new_region(|link, index| {
            let pages = link.lending.allocate(ATTRIBUTES_BYTES as u32)?;
            let message = Message {
                op: Op::Getattr as u16,
                handle_index: index,
                ..Message::default()
            };
            let range = 0..ATTRIBUTES_BYTES;
            let answer = lend_and_call(link, message, &pages, range, Access::Write, self.shared.deadline)?;
            Ok((answer, Some(pages)))
        });
        let (answer, pages) = attributes?;
        let answer = checked(answer, "asking for attributes")?;
        let pages = pages.ok_or(ClientError::Nonsense("no attributes"))?;
        self.heard(read_attributes(&pages, answer.length)?)
    }

    pub(crate) fn heard(&self, attributes: Attributes) -> Result<Attributes, ClientError> {
        *lock(&self.attributes) = attributes;
        Ok(attributes)
    }

    /// What was written is safe when this succeeds. DataLost: the server may have lost some of it, and it has to be written again.
    pub fn fsync(&self) -> Result<(), ClientError> {
        // What is answered from now on is not covered.
        let written = std::mem::take(&mut *lock(&self.written));
        let synced = self.simple(Op::Fsync, 0, 0);
        let answer = match synced.and_then(|answer| checked(answer, "syncing")) {
            Ok(answer) => answer,
            Err(error) => {
                let mut now = lock(&self.written);
                now.lost |= written.lost;
                if let Some(first) = written.verifier {
                    now.lost |= now.verifier.is_some_and(|later| later != first);
                    now.verifier = Some(first);
                }
                return Err(error);
            }
        };
        if written.lost || written.verifier.is_some_and(|verifier| verifier != answer.offset) {
            return Err(ClientError::DataLost);
        }
        Ok(())
    }

    /// These bytes are cached here, or not needed any more: the server need not keep them in its memory. 0 bytes: to the end.
    pub fn evict(&self, offset: u64, bytes: u32) -> Result<(), ClientError> {
        let answer = self.simple(Op::EvictPage, offset, bytes)?;
        checked(answer, "evicting").map(drop)
    }

    fn simple(&self, op: Op, offset: u64, length: u32) -> Result<Message, ClientError> {
        let message = Message {
            op: op as u16,
            offset,
            length,
            ..Message::default()
        };
        self.again_in_a_new_region(|link, index| {
            let mut message = message;
            message.handle_index = index;
            Ok((link.call(message, None, self.shared.deadline)?, None::<()>))
        })
        .map(|(answer, _)| answer)
    }

    /// As `current`, without waiting. RegionLost: it has to be opened again, which waits.
    pub(crate) fn current_now(&self) -> Result<(Arc<Link>, u32), ClientError> {
        let opened = lock(&self.opened);
        if !self.shared.is_current(&opened.link) {
            return Err(ClientError::RegionLost);
        }
        Ok((opened.link.clone(), opened.index))
    }

    /// Where it is open, and by which number.
    pub(crate) fn current(&self) -> Result<(Arc<Link>, u32), ClientError> {
        let opened = lock(&self.opened);
        if self.shared.is_current(&opened.link) {
            return Ok((opened.link.clone(), opened.index));
        }
        drop(opened);
        self.reopen()
    }

    fn reopen(&self) -> Result<(Arc<Link>, u32), ClientError> {
        let (opened, attributes) = open(&self.shared, &self.request)?;
        let current = (opened.link.clone(), opened.index);
        *lock(&self.opened) = opened;
        *lock(&self.attributes) = attributes;
        Ok(current)
    }

    /// A server that does not know the number has done nothing: then the file is opened again, and it is asked once more.
    pub(crate) fn with_handle(
        &self,
        ask: impl Fn(&Arc<Link>, u32) -> Result<Message, ClientError>,
    ) -> Result<Message, ClientError> {
        let (link, index) = self.current()?;
        let answer = ask(&link, index)?;
        if answer.status == libc::EBADF as u32 {
            let (link, index) = self.reopen()?;
            return ask(&link, index);
        }
        Ok(answer)
    }

    /// For what needs no memory of the caller's: when the region was made anew, it is asked in the new one.
    fn again_in_a_new_region<T>(
        &self,
        ask: impl Fn(&Arc<Link>, u32) -> Result<(Message, Option<T>), ClientError>,
    ) -> Result<(Message, Option<T>), ClientError> {
        let mut reopened = false;
        loop {
            let (link, index) = if reopened { self.reopen()? } else { self.current()? };
            match ask(&link, index) {
                Err(ClientError::RegionLost) if !self.shared.is_current(&link) => {}
                Ok((answer, _)) if answer.status == libc::EBADF as u32 && !reopened => reopened = true,
                other => return other,
            }
        }
    }
}

fn bounded(length: u32, asked: usize) -> Result<usize, ClientError> {
    let length = length as usize;
    if length > asked {
        return Err(ClientError::Nonsense("more bytes than were asked for"));
    }
    Ok(length)
}

impl Drop for File {
    fn drop(&mut self) {
        let opened = lock(&self.opened);
        if self.shared.surroundings.closed.load(Ordering::Acquire) || !self.shared.is_current(&opened.link) {
            return;
        }
        let message = Message {
            op: Op::Release as u16,
            handle_index: opened.index,
            ..Message::default()
        };
        // Not told, the server keeps it open until the client's process ends.
        let _ = opened
            .link
            .submit(message, None, Waiter::Nobody, Duration::from_millis(100));
    }
}
