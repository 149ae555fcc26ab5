//! What the core says: who knows which handle, and what changed.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};

use fsva_core::caller::Door;
use fsva_core::observer::{How, Known, Observer, Subject};

use super::echoes::Echo;
use super::{Coherence, GIVEN_LONG_AGO};

impl Observer for Coherence {
    fn knows(&self, client: IpAddr, subject: &Subject<'_>, how: How) -> bool {
        if self.listening.load(Ordering::Acquire) == 0 {
            return false;
        }
        let client = client.to_canonical();
        // Held until it is noted: who leaves meanwhile waits for it.
        let audience = self.audience.read().unwrap();
        let bits = match audience.bits_of(client) {
            None => return false,
            Some(0) => return true,
            Some(bits) => bits,
        };
        let now = self.clock.load(Ordering::Relaxed);
        let note = |known: &Known| {
            if how == How::Given && known.given_at.load(Ordering::Relaxed) != now {
                known.given_at.store(now, Ordering::Relaxed);
            }
            if known.sessions.load(Ordering::Relaxed) & bits != bits {
                known.sessions.fetch_or(bits, Ordering::SeqCst);
            }
        };
        if let Some(known) = subject.known.and_then(|slot| slot.get()) {
            note(known);
        } else if let Some(known) = self.entry_of(subject) {
            note(&known);
        } else {
            let listeners = audience.listeners.iter();
            for listener in listeners.filter(|listener| listener.address == client) {
                listener.overflowed.store(true, Ordering::SeqCst);
            }
        }
        drop(audience);
        // Before the object is looked at; `changed` has the other one.
        fence(Ordering::SeqCst);
        true
    }

    fn changed(&self, by: IpAddr, door: Door, subject: &Subject<'_>, what: u16) {
        fence(Ordering::SeqCst);
        if self.listening.load(Ordering::Relaxed) == 0 {
            return;
        }
        let found;
        let known = match subject.known.and_then(|slot| slot.get()) {
            Some(known) => Some(&**known),
            None => {
                found = self.known.find(subject.wire);
                found.as_deref()
            }
        };
        let maker = (door == Door::Nfs).then(|| by.to_canonical());
        self.announce_twice(
            subject.wire,
            known,
            (subject.fileid, subject.fsid),
            Echo { what, maker },
        );
    }

    fn era(&self) -> u64 {
        self.era.load(Ordering::SeqCst)
    }

    fn overtaken(&self, client: IpAddr, since: u64) {
        let client = client.to_canonical();
        let audience = self.audience.read().unwrap().clone();
        for listener in &audience.listeners {
            if listener.address == client && listener.era > since {
                self.resync_later(listener);
            }
        }
    }

    fn exports_replaced(&self) {
        // What may still be known turns out when the clients ask again.
        self.known.forget(!0);
        self.look();
        self.resync_all();
        let audience = self.audience.read().unwrap().clone();
        for listener in &audience.listeners {
            self.resync_later(listener);
        }
    }
}

impl Coherence {
    fn entry_of(&self, subject: &Subject<'_>) -> Option<Arc<Known>> {
        let now = self.clock.load(Ordering::Relaxed);
        let enter = || self.known.enter(subject, now.wrapping_sub(GIVEN_LONG_AGO));
        let known = enter().or_else(|| {
            // Not more often than the clock ticks: it takes a look at all of them.
            if self.swept_at.swap(now, Ordering::Relaxed) == now {
                return None;
            }
            self.known.sweep();
            enter()
        })?;
        if let Some(slot) = subject.known {
            // Somebody else can only have set the same.
            let _ = slot.set(known.clone());
        }
        Some(known)
    }
}
