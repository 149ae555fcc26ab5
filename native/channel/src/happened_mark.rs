//! Says of a request that it has happened, from whichever thread did it, before there is an answer: what an earlier
//! process has marked is not in doubt.

use std::sync::{Arc, Mutex, PoisonError};

use crate::response_cache::{HAPPENED, STARTED};
use crate::words::Words;

/// Of one request that was admitted.
#[derive(Debug)]
pub struct HappenedMark<M> {
    pub(crate) memory: M,
    pub(crate) tag_at: usize,
    pub(crate) request_id: u64,
    pub(crate) client_process: u64,
    /// The process that the client has now.
    pub(crate) current: Arc<Mutex<u64>>,
}

impl<M: Words> HappenedMark<M> {
    /// To be called when all of the request's effects are there. Changes nothing if the request is nobody's any more, or answered.
    pub fn set(&self) {
        // The client's next process may use the same id for another request: it can't begin while this is locked.
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if *current == self.client_process {
            let begun = self.request_id << 2 | STARTED;
            let happened = self.request_id << 2 | HAPPENED;
            let _ = self.memory.compare_exchange(self.tag_at, begun, happened);
        }
    }
}
