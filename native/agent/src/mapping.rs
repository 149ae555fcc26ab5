//! Pages of a file that the server lends for reading: no copy of its data is made for this side.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use fsva_channel::borrower::Claim;
use fsva_channel::layout::GRANTS_PER_SLOT;
use fsva_channel::message::{GrantRef, Message};
use fsva_channel::protocol::Op;
use fsva_channel::region_unsafe::Memory;

use crate::link::Link;
use crate::mapped::Acknowledgement;
use crate::window::Waiter;

/// Adjacent bytes of the region, and so of this process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Segment {
    /// From the region's start.
    pub at: usize,
    pub bytes: usize,
}

type OnInvalid = Box<dyn FnOnce() + Send>;

/// The claims, until nobody uses the memory any more.
pub struct Held {
    link: Arc<Link>,
    claims: Vec<Claim>,
    valid: AtomicBool,
    on_invalid: Mutex<Vec<OnInvalid>>,
    owed: Mutex<Vec<Arc<Acknowledgement>>>,
}

impl Held {
    pub fn new(link: Arc<Link>, claims: Vec<Claim>) -> Arc<Held> {
        let references: Vec<GrantRef> = claims.iter().map(Claim::reference).collect();
        let held = Arc::new(Held {
            link,
            claims,
            valid: AtomicBool::new(true),
            on_invalid: Mutex::default(),
            owed: Mutex::default(),
        });
        held.link.mapped.insert(&held, &references);
        // Revoked before it was found in the table: the server's request was answered as one for pages not used here.
        if held
            .claims
            .iter()
            .any(|claim| held.link.borrower.is_revoked(claim))
        {
            held.invalidate();
        }
        held
    }

    pub fn owe(&self, acknowledgement: Arc<Acknowledgement>) {
        self.owed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(acknowledgement);
    }

    pub fn invalidate(&self) {
        if self.valid.swap(false, Ordering::AcqRel) {
            let callbacks = std::mem::take(&mut *self.callbacks());
            callbacks.into_iter().for_each(|callback| callback());
        }
    }

    fn callbacks(&self) -> std::sync::MutexGuard<'_, Vec<OnInvalid>> {
        self.on_invalid.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let references: Vec<GrantRef> = self.claims.iter().map(Claim::reference).collect();
        for claim in self.claims.drain(..) {
            let _ = self.link.borrower.release(claim);
        }
        self.link.mapped.remove(&references);
        self.link.tell_released(false);
    }
}

/// Bytes of a file. The memory stays mapped and claimed until the last clone is gone, also when it is not valid any more.
#[derive(Clone)]
pub struct Mapping {
    pub(crate) held: Arc<Held>,
    pub(crate) offset: u64,
    pub(crate) bytes: usize,
    pub(crate) segments: Arc<[Segment]>,
}

impl Mapping {
    /// Where it begins in the file.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Fewer than asked for at the end of the file.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// In the file's order, without gaps.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whose offsets the segments are.
    pub fn memory(&self) -> &Memory {
        &self.held.link.region.memory
    }

    /// Whether this is what the file holds, as far as is known. False also while the server is away. Whoever has used the
    /// bytes asks afterwards: what was read before it became false was the file's.
    pub fn is_valid(&self) -> bool {
        self.held.valid.load(Ordering::Acquire) && !self.held.link.mapped.is_unsure()
    }

    /// Called once, by the thread that learns it (at once, if it is known already). It must not take long.
    pub fn on_invalid(&self, callback: impl FnOnce() + Send + 'static) {
        self.held.callbacks().push(Box::new(callback));
        if !self.held.valid.load(Ordering::Acquire) {
            let callbacks = std::mem::take(&mut *self.held.callbacks());
            callbacks.into_iter().for_each(|callback| callback());
        }
    }

    /// Copies bytes from `offset` of the mapping on; how many there were.
    pub fn copy_to(&self, offset: usize, into: &mut [u8]) -> usize {
        let (mut skip, mut done) = (offset, 0);
        for segment in self.segments.iter() {
            if skip >= segment.bytes {
                skip -= segment.bytes;
                continue;
            }
            let count = (segment.bytes - skip).min(into.len() - done);
            self.memory()
                .copy_out(segment.at + skip, &mut into[done..done + count]);
            (skip, done) = (0, done + count);
        }
        done
    }
}

impl Link {
    /// Tells the server which of its pages are not used any more, four in a message. Never waits: what can't be told now is
    /// told later.
    pub fn tell_released(&self, rest: bool) {
        let references = self.mapped.take_released(rest);
        for chunk in references.chunks(GRANTS_PER_SLOT) {
            let mut grants = [GrantRef::default(); GRANTS_PER_SLOT];
            grants[..chunk.len()].copy_from_slice(chunk);
            let request = Message {
                op: Op::UnmapPage as u16,
                grants,
                ..Message::default()
            };
            if self
                .submit(request, None, Waiter::Nobody, std::time::Duration::ZERO)
                .is_err()
            {
                self.mapped.put_back(chunk);
            }
        }
    }
}
