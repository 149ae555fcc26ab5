//! The files of local programs over the channel: each request lends memory of the region, and copies once between that and
//! the program's.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fsva_channel::layout::SMALL_PAGE_BYTES;

use crate::client::{Client, DEADLINE, Who};
use crate::error::ClientError;
use crate::file::File;
use crate::lent_buffer::LentBuffer;
use crate::local::files::{FileRead, Files, OpenFile};
use crate::local::frames::AttributeBytes;
use crate::local::peer_unsafe::Peer;
use crate::local::turns::{TurnLimits, Turns};
use crate::local::window::Window;

/// Requests that move data at once, of one megabyte each at most.
const TURNS: TurnLimits = TurnLimits {
    at_once: 16,
    of_user: 8,
    of_file_system: 8,
    of_user_and_file_system: 4,
};
/// How long to wait before a server is asked again that is too busy.
const BUSY_PAUSE: Duration = Duration::from_millis(50);
/// A region can be made anew under a request, and then again.
const REGIONS_MAX: usize = 5;

/// Opens what a descriptor is of; how is the kernel's affair, or a test's.
type Opener = dyn Fn(&Client, BorrowedFd<'_>, &Who) -> Result<File, ClientError> + Send + Sync;

struct Shared {
    client: Arc<Client>,
    turns: Turns,
}

pub struct ChannelFiles {
    shared: Arc<Shared>,
    opener: Box<Opener>,
}

impl ChannelFiles {
    pub fn new(client: Arc<Client>) -> ChannelFiles {
        ChannelFiles::opening(client, |client, descriptor, who| client.open(descriptor, who))
    }

    /// With another way to find the file of a descriptor, where that is not a file on NFS.
    pub fn opening(
        client: Arc<Client>,
        opener: impl Fn(&Client, BorrowedFd<'_>, &Who) -> Result<File, ClientError> + Send + Sync + 'static,
    ) -> ChannelFiles {
        ChannelFiles {
            shared: Arc::new(Shared {
                client,
                turns: Turns::new(TURNS),
            }),
            opener: Box::new(opener),
        }
    }
}

struct ChannelFile {
    shared: Arc<Shared>,
    uid: u32,
    file: File,
}

impl Files for ChannelFiles {
    fn open(&self, descriptor: BorrowedFd<'_>, peer: &Peer) -> io::Result<Box<dyn OpenFile>> {
        let who = Who {
            uid: peer.uid,
            gid: peer.gid,
            gids: peer.gids.clone(),
        };
        let opened = patiently(|| (self.opener)(&self.shared.client, descriptor, &who));
        let file = opened.map_err(|error| match error {
            // Of one of the mounts, but not such a file as the kernel gives handles of.
            ClientError::Invalid(_) => io::Error::from_raw_os_error(libc::EOPNOTSUPP),
            other => told(&other),
        })?;
        Ok(Box::new(ChannelFile {
            shared: self.shared.clone(),
            uid: peer.uid,
            file,
        }))
    }
}

impl OpenFile for ChannelFile {
    fn getattr(&self) -> io::Result<AttributeBytes> {
        let attributes = patiently(|| self.file.getattr());
        attributes
            .map(|attributes| attributes.encode())
            .map_err(|error| told(&error))
    }

    fn read(&self, offset: u64, into: Window<'_>) -> io::Result<FileRead> {
        if into.bytes() == 0 {
            return Ok(FileRead {
                bytes: 0,
                end_of_file: false,
            });
        }
        self.with_buffer(into.bytes(), |buffer| {
            let read = self.file.read(buffer, 0..buffer.bytes(), offset)?;
            // Not more than was asked for, whatever the server says.
            let bytes = read.bytes.min(buffer.bytes()).min(into.bytes());
            let (memory, start) = buffer.data();
            into.memory().copy_from(into.at(), memory, start, bytes);
            Ok(FileRead {
                bytes,
                end_of_file: read.end_of_file,
            })
        })
    }

    fn write(&self, offset: u64, from: Window<'_>) -> io::Result<usize> {
        if from.bytes() == 0 {
            return Ok(0);
        }
        self.with_buffer(from.bytes(), |buffer| {
            let (memory, start) = buffer.data();
            memory.copy_from(start, from.memory(), from.at(), buffer.bytes());
            // The same bytes to the same place: again does no harm.
            let written = self.file.write(buffer, 0..buffer.bytes(), offset)?;
            Ok(written.bytes)
        })
    }

    fn fsync(&self) -> io::Result<()> {
        patiently(|| self.file.fsync()).map_err(|error| told(&error))
    }
}

impl ChannelFile {
    /// Does it with memory of the region, of as many bytes or, if there are not as many, fewer; in the new region if there is
    /// one. Nothing is held while a server that is too busy is left alone.
    fn with_buffer<T>(
        &self,
        bytes: usize,
        ask: impl Fn(&LentBuffer) -> Result<T, ClientError>,
    ) -> io::Result<T> {
        let fsid = self.file.attributes().fsid;
        let mut regions = 0;
        loop {
            let answer = patiently(|| {
                let _turn = self.shared.turns.take(self.uid, fsid);
                ask(&self.buffer(bytes)?)
            });
            match answer {
                Err(ClientError::RegionLost) if regions < REGIONS_MAX => regions += 1,
                answer => return answer.map_err(|error| told(&error)),
            }
        }
    }

    fn buffer(&self, bytes: usize) -> Result<LentBuffer, ClientError> {
        let mut bytes = bytes;
        loop {
            match self.shared.client.lend(bytes) {
                Err(ClientError::NoMemory) if bytes > SMALL_PAGE_BYTES => bytes /= 2,
                other => return other,
            }
        }
    }
}

/// Asks again while the server is too busy, as NFS does on NFS3ERR_JUKEBOX.
fn patiently<T>(ask: impl Fn() -> Result<T, ClientError>) -> Result<T, ClientError> {
    let start = Instant::now();
    loop {
        match ask() {
            Err(error) if error.errno() == libc::EAGAIN && start.elapsed() < DEADLINE => {
                std::thread::sleep(BUSY_PAUSE);
            }
            other => return other,
        }
    }
}

/// What a program is told. ENOTCONN: the channel does not work, and the kernel may take over.
fn told(error: &ClientError) -> io::Error {
    let errno = match error {
        ClientError::Errno { errno, .. } => *errno,
        ClientError::DataLost => libc::ECONNRESET,
        // It may still be done later: nobody else may do it meanwhile.
        ClientError::TimedOut => libc::ETIMEDOUT,
        ClientError::NoMemory => libc::ENOBUFS,
        ClientError::Busy => libc::EAGAIN,
        ClientError::Invalid(_) => libc::EINVAL,
        ClientError::Disconnected
        | ClientError::RegionLost
        | ClientError::Refused { .. }
        | ClientError::Rendezvous(_)
        | ClientError::Region(_)
        | ClientError::Nonsense(_)
        | ClientError::Closed => libc::ENOTCONN,
    };
    io::Error::from_raw_os_error(errno)
}
