//! What a kernel cache has had to do.

use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Default)]
pub struct Counters {
    pub notices: AtomicU64,
    pub coalesced: AtomicU64,
    pub foreign: AtomicU64,
    pub looked_at: AtomicU64,
    pub in_doubt: AtomicU64,
    pub gone: AtomicU64,
    pub failed: AtomicU64,
    pub refused: AtomicU64,
    pub resyncs: AtomicU64,
    pub drops: AtomicU64,
    pub polls: AtomicU64,
}

/// Counts since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct KernelCacheFigures {
    /// Of changed objects.
    pub notices: u64,
    /// Of them: the object waited to be looked at anyway.
    pub coalesced: u64,
    /// Of them: of no file system that is mounted here.
    pub foreign: u64,
    /// Objects looked at, whatever came of it.
    pub looked_at: u64,
    /// Of them: nothing was seen to have changed, which may be because it changed within one tick of the server's clock.
    pub in_doubt: u64,
    /// Of them: the object does not exist any more.
    pub gone: u64,
    /// Of them: the kernel or the server refused; the mount's timeouts hold.
    pub failed: u64,
    /// Of them: files that neither root nor the owner may read; pages that are mapped of them may be old.
    pub refused: u64,
    pub resyncs: u64,
    /// Times that the VM's cached names were dropped.
    pub drops: u64,
    /// Times that everything known was looked at for want of a channel.
    pub polls: u64,
}

pub fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Counters {
    pub fn figures(&self) -> KernelCacheFigures {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        KernelCacheFigures {
            notices: read(&self.notices),
            coalesced: read(&self.coalesced),
            foreign: read(&self.foreign),
            looked_at: read(&self.looked_at),
            in_doubt: read(&self.in_doubt),
            gone: read(&self.gone),
            failed: read(&self.failed),
            refused: read(&self.refused),
            resyncs: read(&self.resyncs),
            drops: read(&self.drops),
            polls: read(&self.polls),
        }
    }
}
