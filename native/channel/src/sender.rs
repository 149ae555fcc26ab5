//! Sending from any thread of one side: the rings have one producer each, so whoever sends takes its lock.

use std::sync::{Arc, Mutex, PoisonError};

use crate::broken::Broken;
use crate::hint_ring::{HintProducer, Offered};
use crate::message::{CONTROL_WORDS, Hint, Message, Stamp};
use crate::region_unsafe::Memory;
use crate::ring::{Notify, Producer, PushError};
use crate::wake::Wake;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SendError {
    /// There is no peer, or it is another one than the message is for.
    NotConnected,
    Broken(Broken),
}

impl From<Broken> for SendError {
    fn from(broken: Broken) -> SendError {
        SendError::Broken(broken)
    }
}

struct Link {
    ring: Producer<Memory, CONTROL_WORDS>,
    epoch: u32,
    peer_epoch: u64,
    wake: Arc<dyn Wake>,
}

#[derive(Default)]
pub struct ControlSender {
    link: Mutex<Option<Link>>,
}

impl ControlSender {
    pub(crate) fn connect(
        &self,
        ring: Producer<Memory, CONTROL_WORDS>,
        epoch: u64,
        peer_epoch: u64,
        wake: Arc<dyn Wake>,
    ) {
        let link = Link {
            ring,
            epoch: epoch as u32,
            peer_epoch,
            wake,
        };
        *self.link.lock().unwrap_or_else(PoisonError::into_inner) = Some(link);
    }

    pub(crate) fn disconnect(&self) {
        *self.link.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Sends as many as there is room for, and says how many that were: one publication and at most one wake-up for all.
    /// `peer_epoch` is the one the messages are for: an answer is for the epoch in which its request came.
    pub fn send(&self, messages: &[Message], peer_epoch: u64) -> Result<usize, SendError> {
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        let link = link
            .as_mut()
            .filter(|link| link.peer_epoch == peer_epoch)
            .ok_or(SendError::NotConnected)?;
        let mut sent = 0;
        for message in messages {
            let stamp = Stamp {
                epoch: link.epoch,
                sequence: link.ring.next_index() as u32,
            };
            match link.ring.write(&message.encode(stamp)) {
                Ok(()) => sent += 1,
                Err(PushError::Full) => break,
                Err(PushError::Wild(wild)) => return Err(SendError::Broken(wild.into())),
            }
        }
        if link.ring.publish() == Notify::Needed {
            link.wake.notify()?;
        }
        Ok(sent)
    }
}

struct HintLink {
    ring: HintProducer<Memory>,
    wake: Arc<dyn Wake>,
}

#[derive(Default)]
pub struct HintSender {
    link: Mutex<Option<HintLink>>,
}

impl HintSender {
    pub(crate) fn connect(&self, ring: HintProducer<Memory>, wake: Arc<dyn Wake>) {
        *self.link.lock().unwrap_or_else(PoisonError::into_inner) = Some(HintLink { ring, wake });
    }

    pub(crate) fn disconnect(&self) {
        *self.link.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Never waits. A peer that is not connected has to find everything out anew when it is.
    pub fn offer(&self, hint: &Hint) -> Result<Offered, SendError> {
        self.offer_all(std::slice::from_ref(hint))
    }

    /// All of them, one behind the other, or none.
    pub fn offer_all(&self, hints: &[Hint]) -> Result<Offered, SendError> {
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        let link = link.as_mut().ok_or(SendError::NotConnected)?;
        let (offered, notify) = link
            .ring
            .offer_all(hints)
            .map_err(|wild| SendError::Broken(wild.into()))?;
        if notify == Notify::Needed {
            link.wake.notify()?;
        }
        Ok(offered)
    }
}
