//! The way of an export's calls to threads. Calls that may have to wait until the file system can be written have threads
//! of their own: one that is frozen goes on being read.
//!
//! When many calls are under way and none has come back for a while (a freeze, a FUSE daemon that hangs), more would
//! only fill memory, and what their connection may have under way: other exports of the same client would come to a
//! stop. They are sent back with EJUKEBOX, and the client tries again.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::errno::{Errno, Result};
use crate::fair_queue::Flow;
use crate::pool::{POOL_QUEUE_MAX, POOL_THREADS_MAX, Pool, Refused};

/// So many calls under way: no more than half of the threads, so that the others wait for the same.
const STUCK_CALLS: usize = POOL_THREADS_MAX / 2;
/// And none has come back for so long. A disk may be busy, but not this busy with all of them.
const STUCK_TIME: Duration = Duration::from_secs(2);

struct Progress {
    /// Calls under way or queued.
    calls: usize,
    /// When a call last came back, or the first of them was begun.
    moved: Instant,
}

pub struct Lane {
    pool: Pool,
    progress: Arc<Mutex<Progress>>,
    stuck_time: Duration,
}

impl Lane {
    /// `name` is what its threads are called.
    pub fn new(name: String) -> Lane {
        Lane::with(Pool::new(name, POOL_THREADS_MAX, POOL_QUEUE_MAX), STUCK_TIME)
    }

    fn with(pool: Pool, stuck_time: Duration) -> Lane {
        let progress = Progress {
            calls: 0,
            moved: Instant::now(),
        };
        Lane {
            pool,
            progress: Arc::new(Mutex::new(progress)),
            stuck_time,
        }
    }

    /// A client's call; EJUKEBOX if it has to come again.
    pub fn call(&self, flow: Flow, call: impl FnOnce() + Send + 'static) -> Result<()> {
        {
            let mut progress = self.progress.lock().unwrap();
            if progress.calls == 0 {
                progress.moved = Instant::now();
            }
            if progress.calls >= STUCK_CALLS && progress.moved.elapsed() >= self.stuck_time {
                return Err(Errno::JUKEBOX);
            }
            progress.calls += 1;
        }
        let progress = self.progress.clone();
        let job = Box::new(move || {
            call();
            let mut progress = progress.lock().unwrap();
            progress.calls -= 1;
            progress.moved = Instant::now();
        });
        self.pool.submit(flow, job).map_err(|_refused| {
            self.progress.lock().unwrap().calls -= 1;
            Errno::JUKEBOX
        })
    }

    /// Work of the server's own, which cannot come again.
    pub fn submit(&self, flow: Flow, job: Box<dyn FnOnce() + Send>) -> std::result::Result<(), Refused> {
        self.pool.submit(flow, job)
    }

    /// Jobs waiting and threads.
    pub fn load(&self) -> (usize, usize) {
        self.pool.load()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn lane(stuck_time: Duration) -> Lane {
        Lane::with(Pool::new("test".into(), 4, 1000), stuck_time)
    }

    /// Fills the lane with calls that wait for the sender to go.
    fn fill(lane: &Lane) -> (mpsc::Sender<()>, mpsc::Receiver<()>) {
        let (release, blocked) = mpsc::channel::<()>();
        let (done, ended) = mpsc::channel();
        let blocked = Arc::new(Mutex::new(blocked));
        for _ in 0..STUCK_CALLS {
            let (blocked, done) = (blocked.clone(), done.clone());
            let call = move || {
                let _ = blocked.lock().unwrap().recv();
                let _ = done.send(());
            };
            assert!(lane.call(Flow::SERVER, call).is_ok());
        }
        (release, ended)
    }

    #[test]
    fn calls_are_sent_back_while_nothing_comes_back() {
        let lane = lane(Duration::ZERO);
        let (release, ended) = fill(&lane);
        assert_eq!(lane.call(Flow::SERVER, || ()), Err(Errno::JUKEBOX));
        assert!(
            lane.submit(Flow::SERVER, Box::new(|| ())).is_ok(),
            "our own work waits"
        );
        drop(release);
        for _ in 0..STUCK_CALLS {
            ended.recv().unwrap();
        }
        let (done, comes) = mpsc::channel();
        while let Err(errno) = {
            let done = done.clone();
            lane.call(Flow::SERVER, move || done.send(()).unwrap())
        } {
            assert_eq!(errno, Errno::JUKEBOX);
            std::thread::yield_now();
        }
        comes.recv().unwrap();
    }

    #[test]
    fn many_calls_may_wait_as_long_as_some_come_back() {
        let lane = lane(Duration::from_secs(3600));
        let (release, ended) = fill(&lane);
        for _ in 0..3 * STUCK_CALLS {
            assert!(lane.call(Flow::SERVER, || ()).is_ok());
        }
        drop(release);
        for _ in 0..STUCK_CALLS {
            ended.recv().unwrap();
        }
    }
}
