//! Waking the peer, and sleeping until it wakes us. A wake-up carries no data, may come for nothing, and two may come as
//! one; what there is to do stands in the rings.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use crate::broken::Broken;
use crate::wake_unsafe::{event_descriptor, poll_readable, send_byte, set_nonblocking};

pub trait Wake: Send + Sync {
    fn notify(&self) -> Result<(), Broken>;

    /// Until woken (true) or the time is over (false). A wake-up that came before is not lost.
    fn sleep(&self, timeout: Duration) -> Result<bool, Broken>;

    /// Wakes this side's own sleeper, from another thread. What can't be interrupted sleeps until its time is over.
    fn interrupt(&self) {}
}

/// What the thread that owns a channel has to do besides the rings, given to it by other threads of its side.
pub trait OtherWork {
    fn is_there(&self) -> bool;

    /// True: there is none, and whoever brings some will interrupt the sleeper. False: look again instead of sleeping.
    fn arm(&self) -> bool;
}

/// Nothing but the rings.
pub struct NoOtherWork;

impl OtherWork for NoOtherWork {
    fn is_there(&self) -> bool {
        false
    }

    fn arm(&self) -> bool {
        true
    }
}

/// On one host: an eventfd each way, and the socket over which they came, whose end tells at once that the peer died.
#[derive(Debug)]
pub struct EventWake {
    mine: File,
    theirs: File,
    peer: OwnedFd,
}

impl EventWake {
    /// Two descriptors: each side sleeps on its own and wakes by the other.
    pub fn descriptors() -> std::io::Result<[OwnedFd; 2]> {
        Ok([event_descriptor()?, event_descriptor()?])
    }

    pub fn new(mine: OwnedFd, theirs: OwnedFd, peer: OwnedFd) -> std::io::Result<EventWake> {
        for descriptor in [&mine, &theirs] {
            set_nonblocking(descriptor.as_fd())?;
        }
        Ok(EventWake {
            mine: mine.into(),
            theirs: theirs.into(),
            peer,
        })
    }
}

impl Wake for EventWake {
    fn notify(&self) -> Result<(), Broken> {
        // A counter that is full has woken the peer already.
        accept_full((&self.theirs).write(&1u64.to_ne_bytes()).map(drop))
    }

    fn sleep(&self, timeout: Duration) -> Result<bool, Broken> {
        let [woken, ended] =
            poll_readable([self.mine.as_fd(), self.peer.as_fd()], timeout).map_err(|_| Broken::WakeLost)?;
        if woken {
            accept_full((&self.mine).read(&mut [0; 8]).map(drop))?;
        } else if ended {
            return Err(Broken::WakeLost);
        }
        Ok(woken)
    }

    fn interrupt(&self) {
        // A counter that is full wakes as well.
        let _ = (&self.mine).write(&1u64.to_ne_bytes());
    }
}

/// Between VMs: a byte on a stream of their own (TCP, vsock, a virtio-serial port), whose end tells that the peer died.
#[derive(Debug)]
pub struct StreamWake {
    stream: File,
    /// By which this side's own sleeper is interrupted.
    own: File,
}

/// More wake-ups than that at once do not happen, and would only wake once more.
const BYTES_DRAINED: usize = 4096;

impl StreamWake {
    pub fn new(stream: OwnedFd) -> std::io::Result<StreamWake> {
        set_nonblocking(stream.as_fd())?;
        Ok(StreamWake {
            stream: stream.into(),
            own: event_descriptor()?.into(),
        })
    }
}

impl Wake for StreamWake {
    fn notify(&self) -> Result<(), Broken> {
        // A stream that is full of bytes wakes the peer by those.
        accept_full(send_byte(self.stream.as_fd()))
    }

    fn sleep(&self, timeout: Duration) -> Result<bool, Broken> {
        let stream: BorrowedFd<'_> = self.stream.as_fd();
        let [woken, interrupted] =
            poll_readable([stream, self.own.as_fd()], timeout).map_err(|_| Broken::WakeLost)?;
        if interrupted {
            accept_full((&self.own).read(&mut [0; 8]).map(drop))?;
        }
        if woken {
            match (&self.stream).read(&mut [0; BYTES_DRAINED]) {
                Ok(0) => return Err(Broken::WakeLost),
                read => accept_full(read.map(drop))?,
            }
        }
        Ok(woken || interrupted)
    }

    fn interrupt(&self) {
        let _ = (&self.own).write(&1u64.to_ne_bytes());
    }
}

fn accept_full(result: std::io::Result<()>) -> Result<(), Broken> {
    match result {
        Err(error) if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
            Err(Broken::WakeLost)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn pairs() -> Vec<[Box<dyn Wake>; 2]> {
        let [one, other] = EventWake::descriptors().unwrap();
        let again = [one.try_clone().unwrap(), other.try_clone().unwrap()];
        let (left, right) = UnixStream::pair().unwrap();
        let [again_one, again_other] = again;
        let events: [Box<dyn Wake>; 2] = [
            Box::new(EventWake::new(one, other, left.into()).unwrap()),
            Box::new(EventWake::new(again_other, again_one, right.into()).unwrap()),
        ];
        let (left, right) = UnixStream::pair().unwrap();
        let streams: [Box<dyn Wake>; 2] = [
            Box::new(StreamWake::new(left.into()).unwrap()),
            Box::new(StreamWake::new(right.into()).unwrap()),
        ];
        vec![events, streams]
    }

    #[test]
    fn a_wake_up_is_kept_and_used_once() {
        for [one, other] in pairs() {
            assert_eq!(other.sleep(Duration::ZERO), Ok(false));
            for _ in 0..3 {
                one.notify().unwrap();
            }
            assert_eq!(one.sleep(Duration::ZERO), Ok(false), "it is for the other");
            assert_eq!(other.sleep(LONG), Ok(true));
            assert_eq!(other.sleep(Duration::ZERO), Ok(false));
            let sleeper = std::thread::spawn(move || other.sleep(LONG));
            one.notify().unwrap();
            assert_eq!(sleeper.join().unwrap(), Ok(true));
        }
    }

    #[test]
    fn a_sleeper_is_interrupted_by_its_own_side() {
        for [one, other] in pairs() {
            one.interrupt();
            assert_eq!(other.sleep(Duration::ZERO), Ok(false), "it is not for the other");
            assert_eq!(one.sleep(LONG), Ok(true));
            assert_eq!(one.sleep(Duration::ZERO), Ok(false));
        }
    }

    #[test]
    fn the_peers_end_is_noticed() {
        for [one, other] in pairs() {
            drop(one);
            assert_eq!(other.sleep(LONG), Err(Broken::WakeLost));
        }
    }

    #[test]
    fn wake_ups_that_nobody_takes_do_not_block() {
        for [one, _other] in pairs() {
            for _ in 0..100_000 {
                one.notify().unwrap();
            }
        }
    }
}
