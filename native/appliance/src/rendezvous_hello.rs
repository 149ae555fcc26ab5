//! A client that has said who it is, until it has its session or is refused.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fsva_channel::frame::{Frame, send_frame};
use fsva_channel::region::{Region, RegionError};
use fsva_channel::wake::{EventWake, StreamWake, Wake};

use crate::rendezvous::Peer;
use crate::rendezvous_region::{Held, Placed, Source, place};
use crate::rendezvous_unsafe::{has_ended, shut};

/// One of the few about whom nothing is decided yet.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn new(count: &Arc<AtomicUsize>) -> Place {
        count.fetch_add(1, Ordering::AcqRel);
        Place(count.clone())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Dropping it closes the connection.
pub struct Hello {
    pub peer: Peer,
    pub text: String,
    stream: OwnedFd,
    /// The region's file that it still has.
    memory: Option<OwnedFd>,
    place: Place,
}

/// A `Hello` whose session has its memory.
pub struct Prepared {
    pub region: Region,
    pub offset: u64,
    pub bytes: u64,
    /// The region is the one that the client had, with what was lent in it.
    pub kept: bool,
    stream: OwnedFd,
    file: Option<OwnedFd>,
    _place: Place,
}

/// The stream that is open as long as the client is there.
pub struct LifeSign(OwnedFd);

impl LifeSign {
    pub fn has_ended(&self) -> bool {
        has_ended(self.0.as_fd())
    }

    /// Ends the stream for both sides, whoever else holds it.
    pub fn end(&self) {
        shut(self.0.as_fd());
    }
}

impl Hello {
    pub(crate) fn new(stream: OwnedFd, peer: Peer, frame: Frame, undecided: &Arc<AtomicUsize>) -> Hello {
        Hello {
            peer,
            text: frame.text,
            stream,
            // Nobody has a use for more.
            memory: frame.descriptors.into_iter().next(),
            place: Place::new(undecided),
        }
    }

    pub fn has_memory(&self) -> bool {
        self.memory.is_some()
    }

    /// Says why, and closes the connection.
    pub fn refuse(self, text: &str) {
        // Whoever does not listen learns it by the end of the stream.
        let _ = send_frame(self.stream.as_fd(), text, &[]);
    }

    /// `instance`: of the memory that it says it has. Without `keep` it begins with an empty region.
    pub fn prepare(
        self,
        source: &Source<'_>,
        instance: u64,
        keep: bool,
    ) -> Result<Prepared, (Hello, RegionError)> {
        let held = Held {
            file: self.memory.as_ref().map(AsFd::as_fd),
            instance,
        };
        match place(source, &held, keep) {
            Ok(Placed {
                region,
                file,
                offset,
                bytes,
                kept,
            }) => Ok(Prepared {
                region,
                offset,
                bytes,
                kept,
                stream: self.stream,
                file,
                _place: self.place,
            }),
            Err(error) => Err((self, error)),
        }
    }
}

impl Prepared {
    /// Sends the answer, with the descriptors where there are any: the memory, what the client sleeps on, what it wakes us
    /// by.
    pub fn answer(self, text: &str) -> io::Result<(Region, Arc<dyn Wake>, LifeSign)> {
        let life = LifeSign(self.stream.try_clone()?);
        let wake: Arc<dyn Wake> = match &self.file {
            None => {
                send_frame(self.stream.as_fd(), text, &[])?;
                Arc::new(StreamWake::new(self.stream)?)
            }
            Some(file) => {
                let [theirs, mine] = EventWake::descriptors()?;
                let sent = [file.as_fd(), theirs.as_fd(), mine.as_fd()];
                send_frame(self.stream.as_fd(), text, &sent)?;
                Arc::new(EventWake::new(mine, theirs, self.stream)?)
            }
        };
        Ok((self.region, wake, life))
    }

    /// Says why there is no session after all.
    pub fn refuse(self, text: &str) {
        let _ = send_frame(self.stream.as_fd(), text, &[]);
    }
}
