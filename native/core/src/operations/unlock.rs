//! UNLOCK of the network lock manager protocol: whoever has taken a lock gives it back, whatever the exports and
//! permissions have become since.

use std::sync::Arc;

use crate::call::UntrustedHandle;
use crate::engine::{Engine, Reply};
use crate::errno::Result;
use crate::fair_queue::Flow;
use crate::lock_ranges::LockRange;
use crate::pool::Job;

pub struct Unlock {
    pub file: UntrustedHandle,
    pub owner: Vec<u8>,
    pub range: LockRange,
}

impl Unlock {
    /// On a thread of the export, because closing the owner's descriptor may block; at once if the export is gone or
    /// its queue is full, because nobody would try again. `count` of the answer is the number of ranges that the owner
    /// has left in the file.
    pub fn start(self, engine: &Arc<Engine>, finish: impl FnOnce(Box<Reply>) + Send + 'static) {
        let running = engine.clone();
        let file = self.file;
        let job: Job = Box::new(move || {
            let mut reply = Box::<Reply>::default();
            match self.run(&running) {
                Ok(left) => reply.answer.count = left as u32,
                Err(errno) => reply.answer.status = errno.0 as u32,
            }
            finish(reply);
        });
        let handle = engine.guard.codec.open(file.as_bytes());
        match handle.and_then(|handle| engine.volume(handle.export)) {
            Ok(volume) => {
                if let Err(refused) = volume.reads.submit(Flow::SERVER, job) {
                    refused.0();
                }
            }
            Err(_) => job(),
        }
    }

    fn run(&self, engine: &Engine) -> Result<usize> {
        let wire = engine
            .guard
            .codec
            .seal(&engine.guard.codec.open(self.file.as_bytes())?)?;
        engine.locks.unlock(&wire, &self.owner, self.range)
    }
}
