//! One side of a channel, whole: session, rings, grants and wake-ups. It never waits unless asked to, and runs no thread.
//!
//! The thread that owns a `Channel` receives and polls; any thread may send through its `Sender`s.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::borrower::Borrower;
use crate::broken::Broken;
use crate::geometry::{OwnedPlace, Side};
use crate::grant_word::Loan;
use crate::hint_ring::{HintConsumer, HintProducer, Received};
use crate::lender::{Lender, Restored};
use crate::message::{CONTROL_WORDS, Hint, Message};
use crate::page_pool::PagePool;
use crate::page_range::PageRange;
use crate::region::Region;
use crate::region_unsafe::Memory;
use crate::response_cache::ResponseCache;
use crate::ring::{Consumer, Producer, WildIndex};
use crate::sender::{ControlSender, HintSender};
use crate::session::{HEARTBEAT_INTERVAL, Progress, Session, SideState};
use crate::spin::Spin;
use crate::wake::{NoOtherWork, OtherWork, Wake};

/// Slots read before the producer gets them back together.
const RELEASE_EVERY: u64 = 16;

pub struct Channel {
    pub region: Region,
    side: Side,
    session: Session<Memory>,
    control_in: Consumer<Memory, CONTROL_WORDS>,
    hints_in: HintConsumer<Memory>,
    control_out: Arc<ControlSender>,
    hints_out: Arc<HintSender>,
    wake: Arc<dyn Wake>,
    spin: Spin,
    /// The index of the next control slot when the peer will wake this side for it; `hints_armed`: the same for hints.
    armed_at: Option<u64>,
    hints_armed: bool,
    /// What this side lends, and the pages it has.
    pub lender: Lender<Memory>,
    pub pool: PagePool,
    /// What an earlier process of this side had lent when this one began.
    pub restored: Restored,
    /// What the peer lends.
    pub borrower: Borrower<Memory>,
    /// The server's. None before a client began.
    pub responses: Option<ResponseCache<Memory>>,
}

/// What the owner of a channel has to react to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// Nothing new.
    Same,
    /// The peer began anew. Unless it is the `same_process`, it holds nothing any more; `returned` was quarantined
    /// because of it, and is free again.
    PeerBegan { same_process: bool, returned: Vec<Loan> },
    /// Messages can be sent; what is unanswered has to be sent again.
    Connected { version: u64 },
    /// `begin_again` tries anew; until then, and as long as no peer comes, NFS has to do.
    PeerDead,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Incoming {
    Control(Message),
    Hint(Hint),
    /// So many hints were lost.
    Gap(u64),
}

struct Rings {
    control_in: Consumer<Memory, CONTROL_WORDS>,
    hints_in: HintConsumer<Memory>,
    control_out: Producer<Memory, CONTROL_WORDS>,
    hints_out: HintProducer<Memory>,
}

/// This side's ends, empty.
fn empty_rings(region: &Region, side: Side) -> Rings {
    let memory = || region.memory.clone();
    let (map, other) = (&region.map, side.other());
    Rings {
        control_in: Consumer::new(memory(), map.control_from(other)),
        hints_in: HintConsumer::new(memory(), map.hints_from(other)),
        control_out: Producer::new(memory(), map.control_from(side)),
        hints_out: HintProducer::new(memory(), map.hints_from(side)),
    }
}

impl Channel {
    /// Joins as a new process of `side`. What an earlier one had lent is found in `restored`, and its pages are adopted.
    pub fn join(region: Region, side: Side, wake: Arc<dyn Wake>, spin: Spin) -> Result<Channel, Broken> {
        let mut rings = None;
        let session = Session::begin(region.memory.clone(), side, region.instance, || {
            rings = Some(empty_rings(&region, side));
        });
        let rings = rings.ok_or(Broken::RegionLost)?;
        let own = *region.map.owned(side);
        let (lender, restored) = Lender::restore(region.memory.clone(), own);
        let mut pool = PagePool::new(&own);
        for pages in &restored.adopt {
            pool.adopt(*pages).map_err(|_| Broken::Forged)?;
        }
        wake.notify()?;
        Ok(Channel {
            side,
            session,
            control_in: rings.control_in,
            hints_in: rings.hints_in,
            control_out: Arc::new(ControlSender::default()),
            hints_out: Arc::new(HintSender::default()),
            wake,
            spin,
            armed_at: None,
            hints_armed: false,
            lender,
            pool,
            restored,
            borrower: Borrower::new(region.memory.clone(), *region.map.owned(side.other())),
            responses: None,
            region,
        })
    }

    /// As `begin_again`, after the peer's process ended: the next one is woken by other descriptors.
    pub fn begin_again_over(&mut self, wake: Arc<dyn Wake>) -> Result<(), Broken> {
        self.wake = wake;
        self.begin_again()
    }

    /// A new epoch of the same process, after `PeerDead`.
    pub fn begin_again(&mut self) -> Result<(), Broken> {
        self.stop_sending();
        let (region, side) = (&self.region, self.side);
        self.session.begin_again(|| drop(empty_rings(region, side)));
        self.wake.notify()
    }

    /// Follows the peer's state. To be called at least every `HEARTBEAT_INTERVAL`; `now` from a monotonic clock.
    pub fn poll(&mut self, now: Duration) -> Result<Event, Broken> {
        match self.session.poll(now)? {
            Progress::Waiting => {
                self.stop_sending();
                Ok(Event::Same)
            }
            Progress::Active => Ok(Event::Same),
            Progress::PeerDead => {
                self.stop_sending();
                Ok(Event::PeerDead)
            }
            Progress::PeerBegan {
                epoch,
                process_epoch,
                same_process,
            } => {
                self.stop_sending();
                let returned = self.peer_began(process_epoch, same_process);
                drop(empty_rings(&self.region, self.side));
                self.session.acknowledge(epoch, process_epoch);
                self.wake.notify()?;
                Ok(Event::PeerBegan {
                    same_process,
                    returned,
                })
            }
            Progress::Connected { version } => {
                // Our words were zeroed before we answered the peer, and not used since: zeroing them again loses nothing
                // that the peer may have sent already.
                self.connect();
                self.wake.notify()?;
                Ok(Event::Connected { version })
            }
        }
    }

    /// Says that this side is alive.
    pub fn beat(&mut self) {
        self.session.beat();
    }

    /// What came, without waiting. None also while the peer begins anew: `poll` says so.
    pub fn receive(&mut self) -> Result<Option<Incoming>, Broken> {
        if self.session.state() != SideState::Active {
            return Ok(None);
        }
        let received = self.receive_now();
        match received {
            Ok(received) => Ok(received),
            // A peer that begins anew zeroes its indices.
            Err(_) if !self.session.is_still_connected() => Ok(None),
            Err(broken) => Err(broken),
        }
    }

    /// Whether `receive` would find something. For threads that wait otherwise than by `wait`.
    pub fn look(&mut self) -> Result<bool, Broken> {
        if self.session.state() != SideState::Active {
            return Ok(false);
        }
        match self.look_now() {
            Ok(found) => Ok(found),
            Err(_) if !self.session.is_still_connected() => Ok(false),
            Err(wild) => Err(wild.into()),
        }
    }

    /// Before requests are sent: the peer need not wake anybody for the answers to so many, for which this thread looks
    /// itself, but for whatever comes behind them.
    pub fn expect(&mut self, answers: u64) {
        if self.session.state() == SideState::Active {
            self.control_in.arm_behind(answers);
            self.armed_at = Some(self.control_in.next_index() + answers);
        }
    }

    /// True: there is nothing, and the peer will wake whoever sleeps by `wake` when there is something. False: look again.
    pub fn arm(&mut self) -> Result<bool, Broken> {
        if self.session.state() != SideState::Active {
            return Ok(true);
        }
        if self.hints_armed && self.armed_at == Some(self.control_in.next_index()) {
            return self.look().map(|found| !found);
        }
        match self.arm_now() {
            Ok(armed) => Ok(armed),
            Err(_) if !self.session.is_still_connected() => Ok(false),
            Err(wild) => Err(wild.into()),
        }
    }

    /// What to sleep by once `arm` allows it. May be slept by without the channel, by several threads: all are woken.
    pub fn wake(&self) -> Arc<dyn Wake> {
        self.wake.clone()
    }

    /// What this side lends, for an owner whose threads lend without the channel. Such an owner calls `peer_began_anew`
    /// itself, after `PeerBegan` of another process and before it polls again.
    pub fn take_lending(&mut self) -> (Lender<Memory>, PagePool) {
        let nothing = OwnedPlace {
            grant_table: 0,
            grants: 0,
            small: PageRange::new(0, 0),
            large: PageRange::new(0, 0),
        };
        let lender = Lender::new(self.region.memory.clone(), nothing);
        let pool = PagePool::new(&nothing);
        (
            std::mem::replace(&mut self.lender, lender),
            std::mem::replace(&mut self.pool, pool),
        )
    }

    fn look_now(&mut self) -> Result<bool, WildIndex> {
        Ok(self.control_in.look()? || self.hints_in.look()?)
    }

    fn arm_now(&mut self) -> Result<bool, WildIndex> {
        // Both have to be armed, whatever the first says.
        let control = self.control_in.arm()?;
        self.armed_at = Some(self.control_in.next_index());
        self.hints_armed = self.hints_in.arm()?;
        Ok(control && self.hints_armed)
    }

    fn receive_now(&mut self) -> Result<Option<Incoming>, Broken> {
        let index = self.control_in.next_index();
        if let Some(slot) = self.control_in.read()? {
            if (index + 1).is_multiple_of(RELEASE_EVERY) {
                self.control_in.release();
            }
            let (message, stamp) = Message::decode(&slot);
            if stamp.epoch != self.session.peer_epoch() as u32 || stamp.sequence != index as u32 {
                return Err(Broken::WrongStamp);
            }
            return Ok(Some(Incoming::Control(message)));
        }
        self.control_in.release();
        let received = self.hints_in.receive()?;
        self.hints_armed &= received.is_none();
        Ok(received.map(|received| match received {
            Received::Hint(hint) => Incoming::Hint(hint),
            Received::Gap(lost) => Incoming::Gap(lost),
        }))
    }

    /// Until something may have come, or the time is over, or a heartbeat is due: then `poll`, `beat` and `receive`.
    pub fn wait(&mut self, timeout: Duration) -> Result<(), Broken> {
        self.wait_besides(timeout, &NoOtherWork)
    }

    /// As `wait`, and until there is other work.
    pub fn wait_besides(&mut self, timeout: Duration, other: &dyn OtherWork) -> Result<(), Broken> {
        let start = Instant::now();
        if self.session.state() == SideState::Active {
            let (control, hints) = (&mut self.control_in, &mut self.hints_in);
            let seen = self
                .spin
                .until(|| Ok::<_, WildIndex>(control.look()? || hints.look()? || other.is_there()));
            match seen {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(_) if !self.session.is_still_connected() => return Ok(()),
                Err(wild) => return Err(wild.into()),
            }
            if self.arm_now() != Ok(true) {
                return Ok(());
            }
        }
        if !other.arm() {
            return Ok(());
        }
        self.wake.sleep(timeout.min(HEARTBEAT_INTERVAL))?;
        self.spin.slept(start.elapsed());
        Ok(())
    }

    /// Sends requests or answers from any thread.
    pub fn sender(&self) -> Arc<ControlSender> {
        self.control_out.clone()
    }

    /// Sends hints from any thread.
    pub fn hint_sender(&self) -> Arc<HintSender> {
        self.hints_out.clone()
    }

    pub fn is_connected(&self) -> bool {
        self.session.state() == SideState::Active
    }

    pub fn epoch(&self) -> u64 {
        self.session.epoch()
    }

    pub fn peer_epoch(&self) -> u64 {
        self.session.peer_epoch()
    }

    /// Leaves the peer to NFS.
    pub fn close(&mut self) -> Result<(), Broken> {
        self.stop_sending();
        self.session.close();
        self.wake.notify()
    }

    fn peer_began(&mut self, process_epoch: u64, same_process: bool) -> Vec<Loan> {
        if self.side == Side::Server {
            match &mut self.responses {
                Some(_) if same_process => {}
                Some(cache) => cache.forget(process_epoch),
                None => {
                    let map = &self.region.map;
                    let (at, responses) = (map.response_cache, map.geometry.responses);
                    let memory = self.region.memory.clone();
                    self.responses = Some(ResponseCache::restore(memory, at, responses, process_epoch));
                }
            }
        }
        if same_process {
            return Vec::new();
        }
        let returned = self.lender.peer_began_anew();
        for loan in &returned {
            // What was quarantined is in use in the pool: it was allocated or adopted.
            let _ = self.pool.free(loan.pages);
        }
        returned
    }

    fn connect(&mut self) {
        let rings = empty_rings(&self.region, self.side);
        self.control_in = rings.control_in;
        self.hints_in = rings.hints_in;
        self.armed_at = None;
        self.hints_armed = false;
        let (epoch, peer_epoch) = (self.session.epoch(), self.session.peer_epoch());
        self.control_out
            .connect(rings.control_out, epoch, peer_epoch, self.wake.clone());
        self.hints_out.connect(rings.hints_out, self.wake.clone());
    }

    fn stop_sending(&self) {
        self.control_out.disconnect();
        self.hints_out.disconnect();
    }
}
