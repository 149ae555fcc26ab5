//! The duplicate request cache: what has been answered to whom, and what is being done. One per server, shared by all
//! who answer calls.
//!
//! A call that must not run twice is begun, and ended with its reply. Whoever sends it again meanwhile gets that reply
//! as well; whoever sends it later gets a copy. With a file, all of this outlives the process (reply_record_file.rs),
//! and what was running when it died is found out by looking (reply_record_doubt.rs).

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::intent::{Intent, Past};
use crate::reply_record_fault::{FaultPoint, Faults};
use crate::reply_record_file::{Memory, Opened};
pub use crate::reply_record_file::{RECORD_BYTES_MAX, RECORD_BYTES_MIN};
use crate::reply_record_ring::{Key, Place, REPLY_BYTES_MAX, Ring, Salt};
use crate::reply_record_slot::{Slot, Stage};

/// Calls begun and not ended. Far more than the RPC layer lets in.
const RUNNING_MAX: usize = 1 << 16;

/// How much of the arguments tells one call from another: all, or, where the rest is data, the beginning. The kernel's
/// server looks at as much.
pub const BRIEF_ARGUMENT_BYTES: usize = 256;

/// What the key of a call is made of. The port is not part of it: a client that lost its connection comes back from
/// another one.
pub struct CallIdentity<'a> {
    pub client: IpAddr,
    pub xid: u32,
    pub program: u32,
    pub version: u32,
    pub procedure: u32,
    pub arguments: &'a [u8],
}

/// What is kept of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// Its reply, and what is needed to find out about it after a crash.
    Reply,
    /// Only that it is running. Of the arguments, the first BRIEF_ARGUMENT_BYTES count.
    WhileRunning,
}

/// Gets the reply of the call waited for; None if it ended without.
pub type Waiter = Box<dyn FnOnce(Option<&[u8]>) + Send>;

#[derive(Debug)]
pub enum Begun {
    /// The call is to be done, and ended by this number.
    New(u32),
    /// It was answered already.
    Answered(Vec<u8>),
    /// It is being done: to be waited for.
    Running,
    /// Too many calls are running: it is to be done, but nothing is kept of it.
    Untracked,
}

enum Entry {
    Running(Vec<Waiter>),
    Answered(Place),
    /// Begun by a former process; it did or may have done its operation.
    Doubt(Box<Past>),
}

struct State {
    index: HashMap<Key, Entry>,
    ring: Ring,
    /// Entries of that kind.
    doubts: usize,
    /// By the number of the call.
    running: Vec<Option<Arc<Intent>>>,
    free: Vec<u32>,
}

/// Since the record was opened.
#[derive(Default)]
pub struct Counters {
    /// Repeated calls that were answered from the record.
    pub replayed: AtomicU64,
    /// Those of them whose reply was a former process's.
    pub inherited: AtomicU64,
    /// Repeated calls that waited for the first to end.
    pub joined: AtomicU64,
    /// Repeated calls that a former process had done, but not answered.
    pub resumed: AtomicU64,
    /// Replies that made room for newer ones.
    pub evicted: AtomicU64,
    /// Calls that ran without an intent, because every slot was taken, or without a place in the index.
    pub unrecorded: AtomicU64,
}

/// What was found when the record was opened.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Findings {
    /// Replies of former processes.
    pub replies: usize,
    /// Calls that a former process had begun and not answered.
    pub doubts: usize,
    /// How many of those had happened, by their own mark or by the look of the file system.
    pub happened: usize,
    /// For the log.
    pub warnings: Vec<String>,
}

pub struct ReplyRecord {
    salt: Salt,
    state: Mutex<State>,
    slots: Mutex<Vec<Slot>>,
    /// Of the intents.
    sequence: AtomicU64,
    /// Replies up to this one are a former process's.
    inherited_sequence: u64,
    pub counters: Counters,
    pub(crate) faults: Faults,
}

impl ReplyRecord {
    /// Of `bytes` (RECORD_BYTES_MIN to RECORD_BYTES_MAX) in the state directory, which the caller has locked; without
    /// a directory, in memory that ends with the process. Where the file cannot be had, that too, with a warning.
    pub fn open(directory: Option<&Path>, bytes: usize) -> io::Result<(Arc<ReplyRecord>, Findings)> {
        assert!((RECORD_BYTES_MIN..=RECORD_BYTES_MAX).contains(&bytes));
        let Some(directory) = directory else {
            return Ok(ReplyRecord::over(Opened::anonymous(bytes)?));
        };
        let attempt = Opened::open(directory, bytes).and_then(|mut opened| {
            let content = std::mem::take(&mut opened.inherited);
            let memory = fill(&mut opened, content)?;
            opened.name(directory)?;
            Ok((opened, memory))
        });
        match attempt {
            Ok((opened, filled)) => Ok(ReplyRecord::with(filled, opened.warnings)),
            Err(error) => {
                let mut opened = Opened::anonymous(bytes)?;
                opened.warnings.push(format!(
                    "no reply record in {}: {error}: calls that clients repeat after a crash are done again",
                    directory.display()
                ));
                Ok(ReplyRecord::over(opened))
            }
        }
    }

    fn over(mut opened: Opened) -> (Arc<ReplyRecord>, Findings) {
        let content = std::mem::take(&mut opened.inherited);
        let filled = fill(&mut opened, content).expect("memory without a file cannot fail");
        ReplyRecord::with(filled, opened.warnings)
    }

    fn with(filled: Filled, warnings: Vec<String>) -> (Arc<ReplyRecord>, Findings) {
        let findings = Findings {
            replies: filled.ring.len(),
            doubts: filled.doubts,
            happened: 0,
            warnings,
        };
        let record = ReplyRecord {
            salt: filled.salt,
            inherited_sequence: filled.ring.sequence(),
            state: Mutex::new(State {
                index: filled.index,
                ring: filled.ring,
                doubts: filled.doubts,
                running: Vec::new(),
                free: Vec::new(),
            }),
            slots: Mutex::new(filled.slots),
            sequence: AtomicU64::new(filled.sequence),
            counters: Counters::default(),
            faults: Faults::from_environment(),
        };
        (Arc::new(record), findings)
    }

    pub fn begin(self: &Arc<Self>, call: &CallIdentity<'_>, keep: Keep) -> Begun {
        let key = self.key(call, keep);
        let mut state = self.state();
        let past = match state.index.get(&key) {
            Some(Entry::Running(_)) => {
                self.counters.joined.fetch_add(1, Ordering::Relaxed);
                return Begun::Running;
            }
            Some(Entry::Answered(place)) => {
                let place = *place;
                self.counters.replayed.fetch_add(1, Ordering::Relaxed);
                if place.sequence <= self.inherited_sequence {
                    self.counters.inherited.fetch_add(1, Ordering::Relaxed);
                }
                return Begun::Answered(state.ring.reply(place));
            }
            Some(Entry::Doubt(_)) | None => state.index.remove(&key),
        };
        let past = match past {
            Some(Entry::Doubt(past)) => {
                state.doubts -= 1;
                Some(*past)
            }
            _ => None,
        };
        let intent = Arc::new(Intent::new(self.clone(), key, keep, past));
        let number = match state.free.pop() {
            Some(number) => {
                state.running[number as usize] = Some(intent);
                number
            }
            None if state.running.len() < RUNNING_MAX => {
                state.running.push(Some(intent));
                state.running.len() as u32 - 1
            }
            None => {
                self.counters.unrecorded.fetch_add(1, Ordering::Relaxed);
                return Begun::Untracked;
            }
        };
        state.index.insert(key, Entry::Running(Vec::new()));
        Begun::New(number)
    }

    /// For a call that is running: the waiter gets its reply, on the thread that ends it. If it has ended since, the
    /// waiter gets what is known now.
    pub fn wait(&self, call: &CallIdentity<'_>, keep: Keep, waiter: Waiter) {
        let key = self.key(call, keep);
        let mut state = self.state();
        let reply = match state.index.get_mut(&key) {
            Some(Entry::Running(waiters)) => {
                waiters.push(waiter);
                return;
            }
            Some(Entry::Answered(place)) => {
                let place = *place;
                Some(state.ring.reply(place))
            }
            Some(Entry::Doubt(_)) | None => None,
        };
        drop(state);
        waiter(reply.as_deref());
    }

    /// What a running call does is told to this. None for a number that is not in use.
    pub fn intent(&self, number: u32) -> Option<Arc<Intent>> {
        self.state().running.get(number as usize).cloned().flatten()
    }

    /// The call has this reply (the message from the xid on), or none. To be told before the reply is sent.
    pub fn end(self: &Arc<Self>, number: u32, reply: Option<&[u8]>) {
        let Some(intent) = self.intent(number) else { return };
        let ended = intent.finish();
        let mut state = self.state();
        state.running[number as usize] = None;
        state.free.push(number);
        let Some(Entry::Running(waiters)) = state.index.remove(&intent.key) else {
            unreachable!("a running call is in the index");
        };
        let mut left = ended.past;
        let is_kept =
            |reply: &&[u8]| intent.keep == Keep::Reply && !ended.unseen && reply.len() <= REPLY_BYTES_MAX;
        if let Some(reply) = reply.filter(is_kept) {
            let State { index, ring, .. } = &mut *state;
            let place = ring.append(&intent.key, ended.durable, reply, |key, sequence| {
                self.counters.evicted.fetch_add(1, Ordering::Relaxed);
                if let Some(Entry::Answered(place)) = index.get(key)
                    && place.sequence == sequence
                {
                    index.remove(key);
                }
            });
            index.insert(intent.key, Entry::Answered(place));
            self.faults.reached(FaultPoint::Replied);
            if let Some(slot) = left.take().and_then(|past| past.slot) {
                self.give_back(slot);
            }
        } else if let Some(past) = left.take() {
            // It was done and not answered: whoever asks again gets the answer then.
            state.index.insert(intent.key, Entry::Doubt(Box::new(past)));
            state.doubts += 1;
        }
        drop(state);
        for waiter in waiters {
            waiter(reply);
        }
    }

    /// None if all are taken by calls that are running: then this one is done without.
    pub(crate) fn take_slot(&self) -> Option<Slot> {
        let free = self.slots.lock().unwrap().pop();
        let slot = free.or_else(|| self.oldest_doubt());
        if slot.is_none() {
            self.counters.unrecorded.fetch_add(1, Ordering::Relaxed);
        }
        slot
    }

    /// Takes the slot of a former process's call that nobody has asked for.
    fn oldest_doubt(&self) -> Option<Slot> {
        let mut state = self.state();
        if state.doubts == 0 {
            return None;
        }
        let doubts = state.index.iter().filter_map(|(key, entry)| match entry {
            Entry::Doubt(past) if past.slot.is_some() => Some((past.order(), *key)),
            _ => None,
        });
        let (_, oldest) = doubts.min()?;
        state.doubts -= 1;
        match state.index.remove(&oldest) {
            Some(Entry::Doubt(past)) => past.slot,
            _ => None,
        }
    }

    pub(crate) fn give_back(&self, mut slot: Slot) {
        slot.clear();
        self.slots.lock().unwrap().push(slot);
    }

    pub(crate) fn next_sequence(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn salt(&self) -> &Salt {
        &self.salt
    }

    /// Every call in doubt, in the order in which they began, to be decided by `decide`: whether it happened, or None
    /// if that cannot be told yet. The number of those that happened.
    pub(crate) fn decide(&self, mut decide: impl FnMut(&Past) -> Option<bool>) -> usize {
        let mut state = self.state();
        let mut keys: Vec<(u64, Key)> = state
            .index
            .iter()
            .filter_map(|(key, entry)| match entry {
                Entry::Doubt(past) => Some((past.order(), *key)),
                _ => None,
            })
            .collect();
        keys.sort_unstable();
        let mut happened = 0;
        for (_, key) in keys {
            let Some(Entry::Doubt(past)) = state.index.get_mut(&key) else {
                continue;
            };
            match decide(past) {
                Some(true) => {
                    past.has_happened();
                    happened += 1;
                }
                Some(false) => {
                    state.doubts -= 1;
                    if let Some(Entry::Doubt(past)) = state.index.remove(&key)
                        && let Some(slot) = past.slot
                    {
                        self.give_back(slot);
                    }
                }
                None => {}
            }
        }
        happened
    }

    /// Replies in the record, and the bytes of memory that they take.
    pub fn held(&self) -> (usize, usize) {
        let ring = &self.state().ring;
        (ring.len(), ring.held_bytes())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn key(&self, call: &CallIdentity<'_>, keep: Keep) -> Key {
        let mut fixed = [0; 41];
        let client = match call.client {
            IpAddr::V4(address) => address.to_ipv6_mapped(),
            IpAddr::V6(address) => address,
        };
        fixed[..16].copy_from_slice(&client.octets());
        let numbers = [call.xid, call.program, call.version, call.procedure];
        for (place, number) in fixed[16..32].chunks_exact_mut(4).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        fixed[32..40].copy_from_slice(&(call.arguments.len() as u64).to_le_bytes());
        let mut arguments = call.arguments;
        if keep == Keep::WhileRunning {
            fixed[40] = 1;
            arguments = &arguments[..arguments.len().min(BRIEF_ARGUMENT_BYTES)];
        }
        let mut hasher = blake3::Hasher::new_keyed(&self.salt);
        hasher.update(&fixed);
        hasher.update(arguments);
        let mut key = Key::default();
        hasher.finalize_xof().fill(&mut key);
        key
    }
}

struct Filled {
    salt: Salt,
    ring: Ring,
    index: HashMap<Key, Entry>,
    slots: Vec<Slot>,
    doubts: usize,
    sequence: u64,
}

/// Puts what was inherited into the memory of the new record.
fn fill(opened: &mut Opened, inherited: crate::reply_record_file::Inherited) -> io::Result<Filled> {
    let nothing = crate::mapped_memory_unsafe::Region::anonymous(4096)?;
    let memory = std::mem::replace(
        &mut opened.memory,
        Memory {
            salt: [0; 32],
            slots: Vec::new(),
            ring: nothing,
        },
    );
    let salt = memory.salt;
    let mut slots: Vec<Slot> = memory.slots.into_iter().map(Slot::new).collect();
    let mut ring = Ring::new(memory.ring, salt);
    let mut index = HashMap::new();
    for kept in inherited.replies {
        let place = ring.append(&kept.key, kept.durable, &kept.reply, |key, _| {
            index.remove(key);
        });
        index.insert(kept.key, Entry::Answered(place));
    }
    let doubts = inherited.doubts.len();
    let mut sequence = 0;
    for doubt in inherited.doubts {
        sequence = sequence.max(doubt.sequence);
        let mut slot = slots.pop();
        if let Some(slot) = &mut slot {
            slot.prepare(&salt, doubt.sequence, &doubt.key, doubt.durable, &doubt.evidence);
            if doubt.stage == Stage::Happened {
                slot.happened();
            }
        }
        let key = doubt.key;
        let past = Past::new(slot, doubt);
        index.insert(key, Entry::Doubt(Box::new(past)));
    }
    Ok(Filled {
        salt,
        ring,
        index,
        slots,
        doubts,
        sequence,
    })
}

#[cfg(test)]
mod damage;
#[cfg(test)]
mod tests;
