//! What the two sides know of each other: who is there, since when, and whether both have emptied their rings.
//!
//! ```text
//!   begin: state = CONNECTING, peer_epoch = 0, own ring words = 0, epoch += 1
//!   peer's epoch is new: own ring words = 0, then peer_epoch = its epoch       (PeerBegan, acknowledge)
//!   peer's peer_epoch is our epoch: state = ACTIVE                             (Connected)
//!   peer's heartbeat stands still, or its state is DEAD: state = DEAD          (PeerDead), until `begin` again
//! ```
//!
//! Nobody uses a ring before the other end has emptied its words for this pair of epochs, so what is left in a ring by
//! whoever was killed is never read. Dead is final for a pair of epochs: a peer that only slept finds ours changed.
//! Time comes from the caller, and only differences of it are used.

use std::mem::offset_of;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::Duration;

use crate::broken::Broken;
use crate::geometry::Side;
use crate::layout::{Header, MAGIC, SideBlock, VERSION_MAX, VERSION_MIN};
use crate::words::Words;

/// A peer whose heartbeat stands still for so long is dead. Long: a VM may be paused, a machine busy.
pub const SILENCE_MAX: Duration = Duration::from_secs(10);
/// Each side counts its heartbeat up this often.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(500);

const STATE: usize = offset_of!(SideBlock, state);
const EPOCH: usize = offset_of!(SideBlock, epoch);
const PROCESS_EPOCH: usize = offset_of!(SideBlock, process_epoch);
const PEER_EPOCH: usize = offset_of!(SideBlock, peer_epoch);
const PEER_PROCESS: usize = offset_of!(SideBlock, peer_process);
const HEARTBEAT: usize = offset_of!(SideBlock, heartbeat);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u64)]
pub enum SideState {
    Connecting = 1,
    Active = 2,
    Dead = 3,
}

/// What became of the connection. Only while `Active` may rings be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// No peer, or it has not answered yet.
    Waiting,
    /// Rings must be emptied, and then `acknowledge` called. Not `same_process`: what the peer asked and claimed before
    /// is void.
    PeerBegan {
        epoch: u64,
        process_epoch: u64,
        same_process: bool,
    },
    Connected {
        version: u64,
    },
    Active,
    PeerDead,
}

#[derive(Debug)]
pub struct Session<M> {
    memory: M,
    mine: usize,
    theirs: usize,
    instance: u64,
    epoch: u64,
    process_epoch: u64,
    state: SideState,
    /// 0: none.
    peer_epoch: u64,
    /// The peer's process that what this side lent and answered is about, maybe in an earlier process; 0: none.
    peer_process: u64,
    heartbeat: u64,
    peer_heartbeat: (u64, Duration),
}

fn block(side: Side) -> usize {
    match side {
        Side::Client => offset_of!(Header, client),
        Side::Server => offset_of!(Header, server),
    }
}

impl<M: Words> Session<M> {
    /// A session of a new process. `empty_rings` zeroes this side's ring words.
    pub fn begin(memory: M, side: Side, instance: u64, empty_rings: impl FnOnce()) -> Self {
        let mut session = Session {
            mine: block(side),
            theirs: block(side.other()),
            memory,
            instance,
            epoch: 0,
            process_epoch: 0,
            state: SideState::Connecting,
            peer_epoch: 0,
            peer_process: 0,
            heartbeat: 0,
            peer_heartbeat: (0, Duration::ZERO),
        };
        // Overwritten by the peer, both would only be to its own disadvantage.
        session.epoch = session.memory.load(session.mine + EPOCH, Relaxed);
        session.peer_process = session.memory.load(session.mine + PEER_PROCESS, Relaxed);
        session.begin_again(empty_rings);
        session
    }

    /// The next epoch of the same process, after `PeerDead`. What it asked and claimed stays valid.
    pub fn begin_again(&mut self, empty_rings: impl FnOnce()) {
        self.state = SideState::Connecting;
        self.peer_epoch = 0;
        self.store(STATE, SideState::Connecting as u64);
        self.store(PEER_EPOCH, 0);
        self.store(offset_of!(SideBlock, version_min), VERSION_MIN);
        self.store(offset_of!(SideBlock, version_max), VERSION_MAX);
        empty_rings();
        // Slots carry the low half, which is never 0 and never the one before.
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch as u32 == 0 {
            self.epoch = self.epoch.wrapping_add(1);
        }
        if self.process_epoch == 0 {
            self.process_epoch = self.epoch;
        }
        self.store(PROCESS_EPOCH, self.process_epoch);
        self.store(EPOCH, self.epoch);
    }

    /// To be called often: at each heartbeat, before sleeping, and when anything looks wrong.
    pub fn poll(&mut self, now: Duration) -> Result<Progress, Broken> {
        self.check_region()?;
        if self.state == SideState::Dead {
            return Ok(Progress::PeerDead);
        }
        let epoch = self.load(EPOCH);
        if epoch == 0 {
            return Ok(Progress::Waiting);
        }
        if self.peer_epoch != epoch {
            self.leave_active();
            let process_epoch = self.load(PROCESS_EPOCH);
            return Ok(Progress::PeerBegan {
                epoch,
                process_epoch,
                same_process: self.peer_process == process_epoch,
            });
        }
        // Of the epoch just read, or of the next: then it is 0, or the next look finds the epoch changed.
        if self.load(PEER_EPOCH) != self.epoch {
            self.leave_active();
            return Ok(Progress::Waiting);
        }
        if self.state != SideState::Active {
            self.peer_heartbeat = (self.load(HEARTBEAT), now);
        }
        if self.load(STATE) == SideState::Dead as u64 || self.is_silent(now) {
            self.close();
            return Ok(Progress::PeerDead);
        }
        if self.state == SideState::Active {
            return Ok(Progress::Active);
        }
        let version = self.negotiate()?;
        self.state = SideState::Active;
        self.store(STATE, SideState::Active as u64);
        Ok(Progress::Connected { version })
    }

    /// After `PeerBegan`, with this side's ring words zeroed for that epoch.
    pub fn acknowledge(&mut self, epoch: u64, process_epoch: u64) {
        self.peer_epoch = epoch;
        self.peer_process = process_epoch;
        self.store(PEER_PROCESS, process_epoch);
        self.store(PEER_EPOCH, epoch);
    }

    pub fn beat(&mut self) {
        self.heartbeat = self.heartbeat.wrapping_add(1);
        self.store(HEARTBEAT, self.heartbeat);
    }

    /// Says that this side will not go on with this pair of epochs.
    pub fn close(&mut self) {
        self.state = SideState::Dead;
        self.store(STATE, SideState::Dead as u64);
    }

    pub fn state(&self) -> SideState {
        self.state
    }

    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// 0: none.
    pub fn peer_epoch(&self) -> u64 {
        self.peer_epoch
    }

    /// Whether the peer still is in the epoch it was found in, and the region there.
    pub fn is_still_connected(&self) -> bool {
        self.check_region().is_ok()
            && self.load(EPOCH) == self.peer_epoch
            && self.load(PEER_EPOCH) == self.epoch
    }

    fn check_region(&self) -> Result<(), Broken> {
        let word = |at: usize| self.memory.load(at, Acquire);
        let intact = word(offset_of!(Header, magic)) == MAGIC
            && word(offset_of!(Header, instance)) == self.instance
            && word(self.mine + EPOCH) == self.epoch;
        intact.then_some(()).ok_or(Broken::RegionLost)
    }

    fn is_silent(&mut self, now: Duration) -> bool {
        let heartbeat = self.load(HEARTBEAT);
        if heartbeat != self.peer_heartbeat.0 {
            self.peer_heartbeat = (heartbeat, now);
        }
        now.saturating_sub(self.peer_heartbeat.1) > SILENCE_MAX
    }

    fn negotiate(&self) -> Result<u64, Broken> {
        let (min, max) = (
            self.load(offset_of!(SideBlock, version_min)),
            self.load(offset_of!(SideBlock, version_max)),
        );
        let version = max.min(VERSION_MAX);
        if version < min.max(VERSION_MIN) {
            return Err(Broken::Version { min, max });
        }
        Ok(version)
    }

    fn leave_active(&mut self) {
        if self.state == SideState::Active {
            self.state = SideState::Connecting;
            self.store(STATE, SideState::Connecting as u64);
        }
    }

    fn load(&self, word: usize) -> u64 {
        self.memory.load(self.theirs + word, Acquire)
    }

    fn store(&self, word: usize, value: u64) {
        self.memory.store(self.mine + word, value, Release);
    }
}

#[cfg(test)]
mod tests;
