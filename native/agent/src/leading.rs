//! What the leader of a link does: it receives, for itself and for others, and follows what becomes of the server.

use std::sync::atomic::{Ordering, fence};
use std::sync::{Arc, MutexGuard, PoisonError, TryLockError};
use std::time::Instant;

use fsva_channel::broken::Broken;
use fsva_channel::channel::{Event, Incoming};
use fsva_channel::message::Message;
use fsva_channel::protocol::{Notice, NoticeReader, Op};
use fsva_channel::session::HEARTBEAT_INTERVAL;
use fsva_channel::wake::Wake;

use crate::error::ClientError;
use crate::figures::Counters;
use crate::link::{Glance, Lead, Link, Patience};
use crate::window::{Delivered, Outcome, Window};

/// Rounds in which a leader takes what came for others after it has its own answer; then the keeper goes on.
const COURTESY_MAX: usize = 256;
/// Looks between two looks at the clock.
const LOOKS_PER_CLOCK: usize = 16;

impl Link {
    /// None: there is no server, or the time is over.
    pub(crate) fn lead_until(
        &self,
        lead: &mut Lead,
        place: usize,
        patience: &mut Patience,
    ) -> Option<Outcome> {
        // Put there by an earlier leader.
        if self.signals[place].ready.load(Ordering::Acquire)
            && let Some(outcome) = self.window().take(place)
        {
            return Some(outcome);
        }
        for round in 0.. {
            let found = match self.lead_once(lead, place, patience) {
                Ok(found) => found,
                Err(broken) => {
                    self.lose(lead, broken);
                    self.window().take(place)
                }
            };
            // A server that says other things all the time does not put off the end.
            let is_long = patience.since.is_some() || round > COURTESY_MAX;
            if found.is_some() || lead.broken.is_some() || is_long && patience.left().is_none() {
                return found;
            }
        }
        None
    }

    fn lead_once(
        &self,
        lead: &mut Lead,
        place: usize,
        patience: &mut Patience,
    ) -> Result<Option<Outcome>, Broken> {
        if let Some(outcome) = self.receive(lead, Some(place))? {
            return Ok(Some(outcome));
        }
        let Lead { channel, spin, .. } = lead;
        if spin.until(|| channel.look())? {
            return Ok(None);
        }
        if !channel.arm()? {
            // Something came, or the ring is not what it was: then it is the session that knows why.
            self.beat(lead)?;
            return Ok(None);
        }
        if self.surroundings.closed.load(Ordering::Acquire) {
            return Err(Broken::WakeLost);
        }
        let Some(left) = patience.left() else {
            return Ok(None);
        };
        Counters::add(&self.surroundings.counters.sleeps, 1);
        let asleep = Instant::now();
        lead.channel.wake().sleep(left.min(HEARTBEAT_INTERVAL))?;
        lead.spin.slept(asleep.elapsed());
        self.beat(lead)?;
        Ok(None)
    }

    pub(crate) fn glance(&self, lead: &mut Lead, glance: &Glance<'_>) {
        let start = Instant::now();
        loop {
            if let Err(broken) = self.receive(lead, None) {
                return self.lose(lead, broken);
            }
            if (glance.is_over)() || start.elapsed() >= glance.time {
                return;
            }
            for _ in 0..LOOKS_PER_CLOCK {
                if !matches!(lead.channel.look(), Ok(false)) {
                    break;
                }
                std::hint::spin_loop();
            }
        }
    }

    /// Tells those who have waited for too long.
    pub fn expire(&self) {
        let mut window = self.window();
        let is_gone = window.epoch.is_none();
        let expired = window.expire(Instant::now());
        drop(window);
        for (callback, loaned) in expired {
            self.end(loaned);
            callback(Err(if is_gone {
                ClientError::Disconnected
            } else {
                Counters::add(&self.surroundings.counters.timeouts, 1);
                ClientError::TimedOut
            }));
        }
    }

    /// Everything that has come. Stops at the answer for `place`, and gives it.
    pub(crate) fn receive(&self, lead: &mut Lead, place: Option<usize>) -> Result<Option<Outcome>, Broken> {
        while let Some(incoming) = lead.channel.receive()? {
            match incoming {
                Incoming::Control(message) if message.op == Op::InvalidatePage as u16 => {
                    let peer_epoch = lead.channel.peer_epoch();
                    let grants = self.mapped.invalidate(&message, self.sender.clone(), peer_epoch);
                    Counters::add(&self.surroundings.counters.invalidated_grants, grants);
                }
                Incoming::Control(answer) => {
                    if let Some(outcome) = self.deliver(&answer, place) {
                        return Ok(Some(outcome));
                    }
                }
                Incoming::Hint(hint) => {
                    if let Some(notice) = lead.reader.hint(&hint) {
                        self.tell(notice);
                    }
                }
                Incoming::Gap(_) => {
                    let notice = lead.reader.gap();
                    self.tell(notice);
                }
            }
        }
        Ok(None)
    }

    fn tell(&self, notice: Notice) {
        let counters = &self.surroundings.counters;
        match notice {
            Notice::Changed(_) => Counters::add(&counters.notices, 1),
            Notice::Resync => Counters::add(&counters.resyncs, 1),
        }
        self.surroundings.notices.notice(notice);
    }

    /// The outcome, if it is the one for `own`.
    fn deliver(&self, answer: &Message, own: Option<usize>) -> Option<Outcome> {
        let mut window = self.window();
        let delivered = window.answer(answer);
        let mine = match &delivered {
            Delivered::To(place, _) if Some(*place) == own => window.take(*place),
            Delivered::To(place, _) => {
                self.signal(&mut window, *place);
                None
            }
            _ => None,
        };
        drop(window);
        self.settle(delivered);
        mine
    }

    fn signal(&self, window: &mut Window, place: usize) {
        self.signals[place].ready.store(true, Ordering::Release);
        if self.unpark(window, place) {
            self.signals[place].bell.notify_one();
        }
    }

    fn settle(&self, delivered: Delivered) {
        match delivered {
            Delivered::To(_, loaned) | Delivered::Dropped(loaned) => self.end(loaned),
            Delivered::Call(callback, outcome, loaned) => {
                self.end(loaned);
                callback(outcome);
            }
            Delivered::Stray => Counters::add(&self.surroundings.counters.strays, 1),
        }
    }

    /// None: somebody else leads, or there is no server.
    pub fn try_lead(&self) -> Option<MutexGuard<'_, Lead>> {
        self.try_lead_in_any_state().filter(|lead| lead.broken.is_none())
    }

    pub fn try_lead_in_any_state(&self) -> Option<MutexGuard<'_, Lead>> {
        match self.lead.try_lock() {
            Ok(lead) => Some(lead),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// The keeper's: also without a server.
    pub fn lead(&self) -> MutexGuard<'_, Lead> {
        self.lead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves the ring armed and the lead to another. The keeper sleeps meanwhile and is woken by what comes.
    pub fn leave(&self, mut lead: MutexGuard<'_, Lead>) {
        if lead.broken.is_none()
            && let Err(broken) = self.clear(&mut lead)
        {
            self.lose(&mut lead, broken);
        }
        drop(lead);
        fence(Ordering::SeqCst);
        if self.parked.load(Ordering::Relaxed) > 0 {
            let window = self.window();
            if let Some(place) = window.parked.first() {
                self.signals[*place].bell.notify_one();
            }
        }
    }

    fn clear(&self, lead: &mut Lead) -> Result<(), Broken> {
        if self.beat_due.load(Ordering::Relaxed) {
            self.beat(lead)?;
        }
        for _ in 0..COURTESY_MAX {
            if lead.channel.arm()? {
                return Ok(());
            }
            self.receive(lead, None)?;
        }
        self.nudge();
        Ok(())
    }

    /// Wanted at the next opportunity of whoever leads.
    pub fn want_beat(&self) {
        self.beat_due.store(true, Ordering::Relaxed);
    }

    /// Says that this side lives, and finds out what became of the other.
    pub fn beat(&self, lead: &mut Lead) -> Result<(), Broken> {
        self.beat_due.store(false, Ordering::Relaxed);
        lead.channel.beat();
        loop {
            match lead.channel.poll(self.start.elapsed())? {
                Event::Same => break,
                Event::PeerBegan { same_process, .. } => {
                    lead.same_server &= same_process;
                    if !same_process {
                        self.lending.peer_began_anew();
                    }
                    self.interrupt_service();
                }
                Event::Connected { .. } => self.connect(lead),
                Event::PeerDead => return Err(Broken::WakeLost),
            }
        }
        if self.has_backlog.swap(false, Ordering::Acquire) {
            let backlog = std::mem::take(&mut *self.backlog());
            let epoch = self.window().epoch;
            self.send(&backlog, epoch);
        }
        Ok(())
    }

    fn connect(&self, lead: &mut Lead) {
        lead.reader = NoticeReader::default();
        let epoch = lead.channel.peer_epoch();
        self.backlog().clear();
        let mut window = self.window();
        window.epoch = Some(epoch);
        let unanswered = window.unanswered();
        drop(window);
        Counters::add(&self.surroundings.counters.resent, unanswered.len() as u64);
        self.send(&unanswered, Some(epoch));
        self.connected.store(true, Ordering::Release);
        self.surroundings.notices.connected(lead.same_server);
        lead.same_server = true;
        self.nudge();
    }

    fn interrupt_service(&self) {
        self.mapped.suspend();
        self.window().epoch = None;
        if self.connected.swap(false, Ordering::AcqRel) {
            self.surroundings.notices.disconnected();
        }
    }

    /// Nobody leads until the keeper has found a server.
    pub fn lose(&self, lead: &mut Lead, broken: Broken) {
        lead.broken = Some(broken);
        self.interrupt_service();
        self.nudge();
    }

    /// Goes on with the next process of the server over the same region.
    pub fn resume(&self, lead: &mut Lead, wake: Arc<dyn Wake>) -> Result<(), Broken> {
        lead.broken = None;
        *self.wake.lock().unwrap_or_else(PoisonError::into_inner) = wake.clone();
        lead.channel.begin_again_over(wake)
    }

    /// Nothing will be answered any more.
    pub fn give_up(&self, lead: &mut Lead, error: impl Fn() -> ClientError) {
        lead.broken.get_or_insert(Broken::RegionLost);
        self.interrupt_service();
        self.mapped.invalidate_all();
        let mut window = self.window();
        let delivered = window.fail_all(error);
        for one in &delivered {
            if let Delivered::To(place, _) = one {
                self.signal(&mut window, *place);
            }
        }
        drop(window);
        delivered.into_iter().for_each(|one| self.settle(one));
    }
}
