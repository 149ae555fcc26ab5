//! What a running call does that must not be done twice: recorded before and after, so that whoever repeats the call
//! after a crash goes on where it ended.

use std::sync::{Arc, Mutex, MutexGuard};

use crate::answer::WccAttributes;
use crate::call::{Call, Opened, Output, UntrustedHandle};
use crate::engine::{Engine, Operation};
use crate::errno::Result;
use crate::export_policy::Access;
use crate::observer::{ATTRIBUTES, DIRECTORY};
use crate::reply_record::{Keep, ReplyRecord};
use crate::reply_record_doubt::look;
use crate::reply_record_evidence::Evidence;
use crate::reply_record_fault::FaultPoint;
use crate::reply_record_ring::Key;
use crate::reply_record_slot::{Doubt, Slot, Stage};

/// An operation that was begun and has no recorded reply.
#[derive(Debug)]
pub struct Past {
    /// Where it is recorded; None if there was no room.
    pub(crate) slot: Option<Slot>,
    pub(crate) evidence: Evidence,
    durable: bool,
    sequence: u64,
    happened: bool,
    /// Of a call that ended without a recorded reply, in this process or before.
    inherited: bool,
}

impl Past {
    pub(crate) fn new(slot: Option<Slot>, doubt: Doubt) -> Past {
        Past {
            slot,
            evidence: doubt.evidence,
            durable: doubt.durable,
            sequence: doubt.sequence,
            happened: doubt.stage == Stage::Happened,
            inherited: true,
        }
    }

    /// Known, not only presumed.
    pub(crate) fn happened(&self) -> bool {
        self.happened
    }

    pub(crate) fn has_happened(&mut self) {
        self.happened = true;
        if let Some(slot) = &mut self.slot {
            slot.happened();
        }
    }

    /// First what is known to have happened, then as the calls began.
    pub(crate) fn order(&self) -> u64 {
        if self.happened {
            self.sequence
        } else {
            self.sequence | 1 << 60
        }
    }
}

#[derive(Default)]
struct Progress {
    past: Option<Past>,
    /// What this call was to do, a former one had done.
    resumed: bool,
    durable: bool,
}

/// One per call that is running.
pub struct Intent {
    record: Arc<ReplyRecord>,
    pub(crate) key: Key,
    pub(crate) keep: Keep,
    progress: Mutex<Progress>,
}

/// How a call left its intent.
pub(crate) struct Ended {
    pub past: Option<Past>,
    pub durable: bool,
    /// A former attempt is on record, and this one never got as far as to look at it: its reply (the server is busy, the
    /// caller may not) is not the call's.
    pub unseen: bool,
}

impl std::fmt::Debug for Intent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Intent")
            .field("keep", &self.keep)
            .finish_non_exhaustive()
    }
}

impl Intent {
    pub(crate) fn new(record: Arc<ReplyRecord>, key: Key, keep: Keep, past: Option<Past>) -> Intent {
        let durable = past.as_ref().is_some_and(|past| past.durable);
        Intent {
            record,
            key,
            keep,
            progress: Mutex::new(Progress {
                past,
                resumed: false,
                durable,
            }),
        }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap()
    }

    /// Whether a former attempt has done it. The file system is asked if that is not known. What could not be told
    /// when the server started and cannot be told now is taken as not done.
    fn happened_before(&self, engine: &Arc<Engine>) -> bool {
        let mut progress = self.progress();
        let Some(past) = &mut progress.past else {
            return false;
        };
        if !past.happened && look(engine, &past.evidence) == Some(true) {
            past.has_happened();
        }
        if past.happened {
            if !std::mem::replace(&mut progress.resumed, true) {
                self.record
                    .counters
                    .resumed
                    .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
            return true;
        }
        self.drop_past(&mut progress);
        false
    }

    /// Records what is about to be done.
    pub(crate) fn prepare(&self, durable: bool, evidence: Evidence) {
        let mut progress = self.progress();
        progress.durable = durable;
        let sequence = self.record.next_sequence();
        let mut slot = match progress.past.take().and_then(|past| past.slot) {
            Some(slot) => Some(slot),
            None => self.record.take_slot(),
        };
        if let Some(slot) = &mut slot {
            slot.prepare(self.record.salt(), sequence, &self.key, durable, &evidence);
        }
        progress.past = Some(Past {
            slot,
            evidence,
            durable,
            sequence,
            happened: false,
            inherited: false,
        });
        self.record.faults.reached(FaultPoint::Prepared);
    }

    /// After `prepare`: it is done.
    pub(crate) fn happened(&self) {
        self.record.faults.reached(FaultPoint::Operated);
        if let Some(past) = &mut self.progress().past {
            past.has_happened();
        }
        self.record.faults.reached(FaultPoint::Happened);
    }

    /// After `prepare`: it is not done, and was not done in part.
    pub(crate) fn failed(&self) {
        let mut progress = self.progress();
        self.drop_past(&mut progress);
    }

    fn drop_past(&self, progress: &mut Progress) {
        if let Some(slot) = progress.past.take().and_then(|past| past.slot) {
            self.record.give_back(slot);
        }
    }

    pub(crate) fn finish(&self) -> Ended {
        let mut progress = self.progress();
        let mut past = progress.past.take();
        let unseen = !progress.resumed && past.as_ref().is_some_and(|past| past.inherited);
        if let Some(past) = &mut past {
            past.inherited = true;
        }
        Ended {
            past,
            durable: progress.durable,
            unseen,
        }
    }

    fn resumed(&self) -> bool {
        self.progress().resumed
    }
}

impl Call<'_> {
    /// Whether a former process did what this call asks for, and died before it had answered. What is left to do
    /// (attributes, syncing) is to be done, or done again.
    pub fn happened_before(&self) -> bool {
        self.intent
            .is_some_and(|intent| intent.happened_before(self.engine))
    }

    /// The step of an operation that must not be done twice: one system call, which does all or nothing. Skipped if it
    /// has happened before. Without evidence nothing is recorded.
    pub fn once(
        &self,
        directory: &Opened,
        evidence: impl FnOnce() -> Option<Evidence>,
        act: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        // Entries of the directory come and go by nothing else.
        let act = || {
            let done = act();
            self.changed(directory, DIRECTORY | ATTRIBUTES, &done);
            done
        };
        let Some(intent) = self.intent else { return act() };
        if intent.happened_before(self.engine) {
            return Ok(());
        }
        let Some(evidence) = evidence() else { return act() };
        intent.prepare(directory.export.sync, evidence);
        let done = act();
        match done {
            Ok(()) => intent.happened(),
            Err(_) => intent.failed(),
        }
        done
    }
}

/// An operation as what a recorded call does.
pub struct Intended<O> {
    pub operation: O,
    pub intent: Option<Arc<Intent>>,
}

impl<O: Operation> Operation for Intended<O> {
    const INLINE: bool = O::INLINE;
    const ACCESS: Access = O::ACCESS;
    const CHANGES: bool = O::CHANGES;

    fn handle(&self) -> Option<&UntrustedHandle> {
        self.operation.handle()
    }

    fn export_path(&self) -> Option<&std::path::Path> {
        self.operation.export_path()
    }

    fn inline_in_memory(&self) -> bool {
        self.operation.inline_in_memory()
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        let Some(intent) = self.intent.as_deref() else {
            return self.operation.run(call, output);
        };
        let call = Call {
            intent: Some(intent),
            ..*call
        };
        let done = self.operation.run(&call, output);
        if intent.resumed() {
            // What there is now is not from before.
            output.answer.before = WccAttributes::default();
            output.answer.to_before = WccAttributes::default();
        }
        done
    }
}
