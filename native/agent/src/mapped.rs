//! The server's pages that this side has mapped: which are still the file's, and what the server is owed.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use fsva_channel::layout::GRANTS_PER_SLOT;
use fsva_channel::message::{GrantRef, Message};
use fsva_channel::sender::ControlSender;

use crate::mapping::Held;

#[derive(Default)]
pub struct Mapped {
    table: Mutex<HashMap<GrantRef, Weak<Held>>>,
    /// Released, and the server not told yet.
    released: Mutex<Vec<GrantRef>>,
    /// The server was away: what it has not confirmed may have changed meanwhile.
    unsure: AtomicBool,
}

/// Told to the server when the last user of the pages it wants back has let go of them.
pub struct Acknowledgement {
    sender: Arc<ControlSender>,
    answer: Message,
    peer_epoch: u64,
}

impl Drop for Acknowledgement {
    fn drop(&mut self) {
        // Another server, or none: it has asked again, or will. The ring has room for as many answers as it has requests.
        let _ = self.sender.send(&[self.answer], self.peer_epoch);
    }
}

impl Mapped {
    pub fn insert(&self, held: &Arc<Held>, references: &[GrantRef]) {
        let mut table = self.table();
        for reference in references {
            table.insert(*reference, Arc::downgrade(held));
        }
    }

    /// They were given back.
    pub fn remove(&self, references: &[GrantRef]) {
        let mut table = self.table();
        for reference in references {
            table.remove(reference);
        }
        drop(table);
        self.released().extend(references);
    }

    /// What the server can be told in full messages; `rest`: also what fills none.
    pub fn take_released(&self, rest: bool) -> Vec<GrantRef> {
        let mut released = self.released();
        let whole = released.len() / GRANTS_PER_SLOT * GRANTS_PER_SLOT;
        let count = if rest { released.len() } else { whole };
        released.drain(..count).collect()
    }

    pub fn put_back(&self, references: &[GrantRef]) {
        self.released().extend(references);
    }

    /// The server wants pages back: who uses them learns it, and the answer goes when nobody does any more.
    pub fn invalidate(&self, request: &Message, sender: Arc<ControlSender>, peer_epoch: u64) -> u64 {
        let acknowledgement = Arc::new(Acknowledgement {
            sender,
            answer: Message {
                op: request.op,
                request_id: request.request_id,
                ..Message::default()
            },
            peer_epoch,
        });
        let held: Vec<Arc<Held>> = {
            let table = self.table();
            let find = |reference| table.get(reference).and_then(Weak::upgrade);
            request.grants.iter().filter_map(find).collect()
        };
        for one in &held {
            one.owe(acknowledgement.clone());
            one.invalidate();
        }
        held.len() as u64
    }

    pub fn suspend(&self) {
        if !self.table().is_empty() {
            self.unsure.store(true, Ordering::Release);
        }
    }

    pub fn is_unsure(&self) -> bool {
        self.unsure.load(Ordering::Acquire)
    }

    /// The server's own word, after it was away: only these are still lent.
    pub fn confirm(&self, confirmed: &HashSet<GrantRef>) {
        self.invalidate_if(|reference| !confirmed.contains(reference));
        self.unsure.store(false, Ordering::Release);
    }

    pub fn invalidate_all(&self) {
        self.invalidate_if(|_| true);
    }

    fn invalidate_if(&self, is_lost: impl Fn(&GrantRef) -> bool) {
        let lost: Vec<Arc<Held>> = self
            .table()
            .iter()
            .filter(|(reference, _)| is_lost(reference))
            .filter_map(|(_, held)| held.upgrade())
            .collect();
        lost.iter().for_each(|held| held.invalidate());
    }

    /// Another process of the server does not know what was released before.
    pub fn forget_released(&self) {
        self.released().clear();
    }

    pub fn count(&self) -> usize {
        self.table().len()
    }

    fn table(&self) -> MutexGuard<'_, HashMap<GrantRef, Weak<Held>>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn released(&self) -> MutexGuard<'_, Vec<GrantRef>> {
        self.released.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
