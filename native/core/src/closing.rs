//! Closing objects that the cache has let go of, where that may block: the last descriptor of a removed file frees its
//! blocks, and what was written unstably is synced first. The event loop hands objects over, and each export's are
//! closed by its own pool, so that a slow file system holds up nobody else's.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::engine::Engine;
use crate::fair_queue::Flow;
use crate::handle::ExportId;
use crate::object::{DataAccess, Object};
use crate::own_threads;
use crate::syscalls_unsafe as sys;

const TICK: Duration = Duration::from_secs(5);
/// An object unused for this long is closed, so that files removed behind our back give their space back and
/// programs can be executed after they were written.
const IDLE_TICKS_MAX: u64 = 6;

/// Objects out of the cache and not closed yet; counted, so that nobody evicts more for the same lack of descriptors.
pub struct Evicted {
    objects: Vec<Arc<Object>>,
    leaving: Arc<AtomicUsize>,
}

impl Evicted {
    pub fn new(objects: Vec<Arc<Object>>, leaving: &Arc<AtomicUsize>) -> Evicted {
        leaving.fetch_add(objects.len(), Ordering::Relaxed);
        Evicted {
            objects,
            leaving: leaving.clone(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    fn by_export(mut self) -> HashMap<ExportId, Evicted> {
        let mut groups: HashMap<ExportId, Vec<Arc<Object>>> = HashMap::new();
        for object in std::mem::take(&mut self.objects) {
            groups.entry(object.export).or_default().push(object);
        }
        let counted = |objects| Evicted {
            objects,
            leaving: self.leaving.clone(),
        };
        groups
            .into_iter()
            .map(|(export, objects)| (export, counted(objects)))
            .collect()
    }

    /// On this thread. Once an object is closed and its inode evicted, nobody would hear of a failed write-back any
    /// more: what was written unstably is synced first.
    pub fn close(self, engine: &Engine) {
        own_threads::enter();
        for object in &self.objects {
            if object.take_unstable()
                && let Some(fd) = object.opened(DataAccess::Write)
                && sys::fsync(fd).is_err()
            {
                engine.verifier.data_may_be_lost();
            }
        }
    }

    /// On threads of the exports they are of. This thread is `own`'s, if any: whoever makes evictions necessary
    /// waits for them.
    pub fn close_by_export(self, engine: &Arc<Engine>, own: Option<ExportId>) {
        for (export, group) in self.by_export() {
            let volume = match engine.volume(export) {
                Ok(volume) if own != Some(export) => volume,
                _ => {
                    group.close(engine);
                    continue;
                }
            };
            let closer = engine.clone();
            let job = Box::new(move || group.close(&closer));
            if let Err(refused) = volume.changes.submit(Flow::SERVER, job) {
                (refused.0)();
            }
        }
    }
}

impl Drop for Evicted {
    fn drop(&mut self) {
        let count = self.objects.len();
        self.objects.clear();
        self.leaving.fetch_sub(count, Ordering::Relaxed);
    }
}

/// The thread that takes over from the event loop, and looks for idle objects. Ends with the engine.
pub fn reap(engine: &Weak<Engine>, retired: &Receiver<Evicted>) {
    let mut last_tick = Instant::now();
    loop {
        let received = retired.recv_timeout(TICK);
        let Some(engine) = engine.upgrade() else { return };
        match received {
            Ok(evicted) => evicted.close_by_export(&engine, None),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if last_tick.elapsed() >= TICK {
            last_tick = Instant::now();
            engine.objects.tick(IDLE_TICKS_MAX).close_by_export(&engine, None);
        }
    }
}
