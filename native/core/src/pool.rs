//! A bounded pool of native threads. Each export has its own, so that a slow file system delays nobody else.
//!
//! Threads start when work waits and nobody is idle, and end after a while without work. The queue is bounded:
//! what does not fit is refused, and the client is told to come back (EJUKEBOX). The threads are shared out between
//! peers (fair_queue.rs), and some room is left to addresses that have hardly anything queued: who fills a queue is
//! refused first.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::credentials;
use crate::fair_queue::{FairQueue, Flow};

/// Threads of one pool at most. More than a disk serves at once, because writers of one file wait for each other.
pub const POOL_THREADS_MAX: usize = 32;
/// Jobs that wait at most; as many again may, of addresses that have less than this share of it.
pub const POOL_QUEUE_MAX: usize = 4096;
const SMALL_SHARE: usize = 64;
const IDLE_THREAD_LIFE: Duration = Duration::from_secs(20);

pub type Job = Box<dyn FnOnce() + Send>;

/// The queue is full, or no thread could be started: the job comes back.
pub struct Refused(pub Job);

#[derive(Default)]
struct State {
    queue: FairQueue<Job>,
    threads: usize,
    idle: usize,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    work: Condvar,
}

/// Dropping it lets the queued jobs finish.
pub struct Pool {
    shared: Arc<Shared>,
    name: String,
    threads_max: usize,
    queue_max: usize,
}

impl Pool {
    /// `name` is what the threads are called, cut to 15 bytes by Linux.
    pub fn new(name: String, threads_max: usize, queue_max: usize) -> Pool {
        assert!(threads_max > 0);
        Pool {
            shared: Arc::default(),
            name,
            threads_max,
            queue_max,
        }
    }

    pub fn submit(&self, flow: Flow, job: Job) -> std::result::Result<(), Refused> {
        let mut state = self.shared.state.lock().unwrap();
        let waiting = state.queue.len();
        let is_modest = state.queue.len_of(flow.address) < self.queue_max / SMALL_SHARE;
        if waiting >= self.queue_max && !(is_modest && waiting < 2 * self.queue_max) {
            return Err(Refused(job));
        }
        state.queue.push(flow, job);
        if state.idle >= state.queue.len() || state.threads >= self.threads_max {
            drop(state);
            self.shared.work.notify_one();
            return Ok(());
        }
        state.threads += 1;
        drop(state);
        let shared = self.shared.clone();
        let started = std::thread::Builder::new()
            .name(self.name.clone())
            .spawn(move || worker(&shared));
        if started.is_ok() {
            return Ok(());
        }
        let mut state = self.shared.state.lock().unwrap();
        state.threads -= 1;
        if state.threads > 0 {
            return Ok(());
        }
        // Nobody would ever take it. Without a thread nothing else was queued.
        match state.queue.pop() {
            Some((_, job)) => Err(Refused(job)),
            None => Ok(()),
        }
    }

    /// Jobs waiting and threads, for metrics.
    pub fn load(&self) -> (usize, usize) {
        let state = self.shared.state.lock().unwrap();
        (state.queue.len(), state.threads)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.state.lock().unwrap().closed = true;
        self.shared.work.notify_all();
    }
}

fn worker(shared: &Shared) {
    prepare_thread();
    let mut state = shared.state.lock().unwrap();
    loop {
        if let Some((flow, job)) = state.queue.pop() {
            drop(state);
            let began = Instant::now();
            job();
            state = shared.state.lock().unwrap();
            state.queue.served(flow, began.elapsed());
            continue;
        }
        if state.closed {
            break;
        }
        state.idle += 1;
        let (woken, timeout) = shared.work.wait_timeout(state, IDLE_THREAD_LIFE).unwrap();
        state = woken;
        state.idle -= 1;
        if timeout.timed_out() && state.queue.is_empty() {
            break;
        }
    }
    state.threads -= 1;
}

/// What distinguishes a thread that does file operations.
fn prepare_thread() {
    // SAFETY: a thread may block every signal for itself; the mask is a local.
    unsafe {
        let mut all = std::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_BLOCK, &all, std::ptr::null_mut());
    }
    // A file mode creation mask of its own: clients have applied theirs already. Where a sandbox forbids that, the
    // whole process gets this one; its own private files have explicit modes.
    // SAFETY: no memory involved.
    unsafe {
        libc::unshare(libc::CLONE_FS);
        libc::umask(0);
    }
    if credentials::drop_resource_capability().is_err() {
        // Only fails if the capability sets are not what capget said a moment ago.
        std::process::abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn runs_everything_on_few_threads() {
        let pool = Pool::new("test".into(), 2, 100);
        let (sender, receiver) = mpsc::channel();
        for number in 0..100 {
            let sender = sender.clone();
            let job = Box::new(move || sender.send((number, std::thread::current().id())).unwrap());
            assert!(pool.submit(Flow::SERVER, job).is_ok());
        }
        let done: Vec<_> = (0..100).map(|_| receiver.recv().unwrap()).collect();
        let numbers: std::collections::HashSet<_> = done.iter().map(|(number, _)| number).collect();
        let threads: std::collections::HashSet<_> = done.iter().map(|(_, thread)| thread).collect();
        assert_eq!(numbers.len(), 100);
        assert!(threads.len() <= 2);
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let pool = Pool::new("test".into(), 1, 2);
        let (release, blocked) = mpsc::channel::<()>();
        let (started, starting) = mpsc::channel::<()>();
        let first = Box::new(move || {
            started.send(()).unwrap();
            blocked.recv().unwrap();
        });
        assert!(pool.submit(Flow::SERVER, first).is_ok());
        starting.recv().unwrap();
        assert!(pool.submit(Flow::SERVER, Box::new(|| ())).is_ok());
        assert!(pool.submit(Flow::SERVER, Box::new(|| ())).is_ok());
        assert!(pool.submit(Flow::SERVER, Box::new(|| ())).is_err());
        release.send(()).unwrap();
    }

    #[test]
    fn who_fills_the_queue_is_refused_before_others() {
        let pool = Pool::new("test".into(), 1, SMALL_SHARE);
        let (release, blocked) = mpsc::channel::<()>();
        let (started, starting) = mpsc::channel::<()>();
        let first = Box::new(move || {
            started.send(()).unwrap();
            let _ = blocked.recv();
        });
        assert!(pool.submit(Flow::SERVER, first).is_ok());
        starting.recv().unwrap();
        let host = |last| Flow {
            address: [10, 0, 0, last].into(),
            port: 1,
        };
        while pool.submit(host(1), Box::new(|| ())).is_ok() {}
        assert_eq!(pool.load().0, SMALL_SHARE);
        assert!(
            pool.submit(host(2), Box::new(|| ())).is_ok(),
            "another still gets in"
        );
        assert!(
            pool.submit(host(2), Box::new(|| ())).is_err(),
            "with a small share"
        );
        for last in 3.. {
            if pool.submit(host(last), Box::new(|| ())).is_err() {
                break;
            }
        }
        assert_eq!(pool.load().0, 2 * SMALL_SHARE, "and there is an end to it");
        drop(release);
    }

    #[test]
    fn dropping_finishes_what_is_queued() {
        let (sender, receiver) = mpsc::channel();
        let pool = Pool::new("test".into(), 1, 100);
        for number in 0..50 {
            let sender = sender.clone();
            assert!(
                pool.submit(Flow::SERVER, Box::new(move || sender.send(number).unwrap()))
                    .is_ok()
            );
        }
        drop(pool);
        drop(sender);
        assert_eq!(receiver.iter().count(), 50);
    }
}
