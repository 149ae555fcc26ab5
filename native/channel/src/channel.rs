//! One side of a channel, whole: session, rings, grants and wake-ups. It never waits unless asked to, and runs no thread.
//!
//! The thread that owns a `Channel` receives and polls; any thread may send through its `Sender`s.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::borrower::Borrower;
use crate::broken::Broken;
use crate::geometry::Side;
use crate::grant_word::Loan;
use crate::hint_ring::{HintConsumer, HintProducer, Received};
use crate::lender::{Lender, Restored};
use crate::message::{CONTROL_WORDS, Hint, Message};
use crate::page_pool::PagePool;
use crate::region::Region;
use crate::region_unsafe::Memory;
use crate::response_cache::ResponseCache;
use crate::ring::{Consumer, Producer, WildIndex};
use crate::sender::{ControlSender, HintSender};
use crate::session::{HEARTBEAT_INTERVAL, Progress, Session, SideState};
use crate::spin::Spin;
use crate::wake::Wake;

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
            control_out: Arc::new(ControlSender::new(wake.clone())),
            hints_out: Arc::new(HintSender::new(wake.clone())),
            wake,
            spin,
            lender,
            pool,
            restored,
            borrower: Borrower::new(region.memory.clone(), *region.map.owned(side.other())),
            responses: None,
            region,
        })
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
        Ok(self.hints_in.receive()?.map(|received| match received {
            Received::Hint(hint) => Incoming::Hint(hint),
            Received::Gap(lost) => Incoming::Gap(lost),
        }))
    }

    /// Until something may have come, or the time is over, or a heartbeat is due: then `poll`, `beat` and `receive`.
    pub fn wait(&mut self, timeout: Duration) -> Result<(), Broken> {
        let start = Instant::now();
        if self.session.state() == SideState::Active {
            let (control, hints) = (&mut self.control_in, &mut self.hints_in);
            let seen = self
                .spin
                .until(|| Ok::<_, WildIndex>(control.look()? || hints.look()?));
            match seen {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(_) if !self.session.is_still_connected() => return Ok(()),
                Err(wild) => return Err(wild.into()),
            }
            // Both have to be armed, whatever the first says.
            let armed = [control.arm(), hints.arm()];
            if armed != [Ok(true); 2] {
                return Ok(());
            }
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
        self.control_out
            .connect(rings.control_out, self.session.epoch(), self.session.peer_epoch());
        self.hints_out.connect(rings.hints_out);
    }

    fn stop_sending(&self) {
        self.control_out.disconnect();
        self.hints_out.disconnect();
    }
}
