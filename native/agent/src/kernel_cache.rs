//! Makes the stock NFS client of this VM notice at once what the server says has changed.
//!
//! The client has no call for that. What it has is close-to-open and timeouts: whatever asks it to look again, does. So
//! each object that was told of is opened by the client's own handle, and looked at in a way that has the client compare
//! or forget: see `revalidation`. Where nobody knows what changed, the VM's cached names are dropped and all that is in use
//! is looked at (`resync`); where nobody tells, what is known and in use is polled.
//!
//! Needs root: CAP_DAC_READ_SEARCH for handles, and uid 0 for /proc/sys/vm/drop_caches.

pub mod client_handle;
mod figures;
mod in_use;
pub mod mounts;
mod objects;
mod options;
mod resync;
mod revalidation;
mod roots;
mod syscalls_unsafe;

use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use fsva_channel::protocol::{
    CHANGED_ATTRIBUTES, CHANGED_DATA, CHANGED_DIRECTORY, CHANGED_NAME_REMOVED, ChangeNotice, Notice,
};

use self::client_handle::ClientHandle;
pub use self::figures::KernelCacheFigures;
use self::figures::{Counters, count};
use self::objects::{Added, Due, Objects};
pub use self::options::KernelCacheOptions;
use self::resync::{Resync, drop_names};
use self::revalidation::{FORGET, Named, Revalidation, is_stale};
use self::roots::Roots;
use crate::notice_sink::NoticeSink;

/// Ends its threads when it is dropped; one that waits for a server ends when that answers.
pub struct KernelCache {
    shared: Arc<Shared>,
}

struct Shared {
    options: KernelCacheOptions,
    roots: Roots,
    counters: Counters,
    state: Mutex<State>,
    /// Something is to be done, or a worker ended.
    changed: Condvar,
}

struct State {
    objects: Objects,
    resync: Wanted,
    /// Names only.
    names: Wanted,
    dropped: Option<Instant>,
    /// While there is no channel: when to poll next.
    poll: Option<Instant>,
    /// A worker is resynchronizing or polling.
    busy: bool,
    /// Objects that workers look at.
    in_hand: usize,
    stopping: bool,
    workers: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    No,
    Yes,
}

enum Work {
    Object(Due),
    Resync,
    DropNames,
    Poll,
    Rest,
}

/// What the server may tell of.
const CHANGED_KNOWN: u16 = CHANGED_DATA | CHANGED_ATTRIBUTES | CHANGED_DIRECTORY | CHANGED_NAME_REMOVED;
/// How long the end of the workers is waited for.
const END_WAIT: Duration = Duration::from_secs(2);

impl KernelCache {
    /// For the NFSv3 mount at `mount_point`, and those below it. ENOENT: there is none; EPERM: not allowed to look after it.
    pub fn open(mount_point: &Path, options: KernelCacheOptions) -> io::Result<KernelCache> {
        let point = mount_point.canonicalize()?;
        let roots = Roots::new(point.clone());
        let Some(root) = roots.all()?.into_iter().find(|root| root.mount.path == point) else {
            return Err(io::Error::from_raw_os_error(libc::ENOENT));
        };
        may_look_after(&root)?;
        let workers = options.workers.max(1);
        let state = State {
            objects: Objects::new(options.objects_max.max(1), options.repeat),
            resync: Wanted::No,
            names: Wanted::No,
            dropped: None,
            poll: None,
            busy: false,
            in_hand: 0,
            stopping: false,
            workers,
        };
        let shared = Arc::new(Shared {
            options,
            roots,
            counters: Counters::default(),
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        let cache = KernelCache { shared };
        for started in 0..workers {
            let shared = cache.shared.clone();
            let spawned = thread::Builder::new()
                .name("fsva-cache".into())
                .spawn(move || shared.work());
            if let Err(error) = spawned {
                cache.shared.state().workers = started;
                return Err(error);
            }
        }
        Ok(cache)
    }

    pub fn figures(&self) -> KernelCacheFigures {
        self.shared.counters.figures()
    }

    /// Whether all that was told has been dealt with.
    pub fn is_idle(&self) -> bool {
        let state = self.shared.state();
        state.objects.next_due().is_none()
            && state.resync == Wanted::No
            && state.names == Wanted::No
            && !state.busy
            && state.in_hand == 0
    }
}

impl NoticeSink for KernelCache {
    fn notice(&self, notice: &Notice) {
        let mut state = self.shared.state();
        match notice {
            Notice::Changed(notice) => self.shared.changed_object(&mut state, notice),
            Notice::Resync => state.resync = Wanted::Yes,
        }
        drop(state);
        self.shared.changed.notify_one();
    }

    /// What changed while nobody told, nobody tells now: even the same server.
    fn connected(&self, _same_server: bool) {
        let mut state = self.shared.state();
        state.poll = None;
        state.resync = Wanted::Yes;
        drop(state);
        self.shared.changed.notify_one();
    }

    fn disconnected(&self) {
        self.shared.state().poll = Some(Instant::now());
        self.shared.changed.notify_one();
    }
}

impl Drop for KernelCache {
    fn drop(&mut self) {
        self.shared.state().stopping = true;
        self.shared.changed.notify_all();
        let left = self
            .shared
            .changed
            .wait_timeout_while(self.shared.state(), END_WAIT, |state| state.workers > 0);
        drop(left);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("never poisoned")
    }

    fn changed_object(&self, state: &mut State, notice: &ChangeNotice) {
        count(&self.counters.notices);
        let what = notice.what & CHANGED_KNOWN;
        match state.objects.add(
            &ChangeNotice {
                what,
                ..notice.clone()
            },
            Instant::now(),
        ) {
            Added::New => {}
            Added::Coalesced => count(&self.counters.coalesced),
            Added::Overflow => state.resync = Wanted::Yes,
        }
    }

    /// A worker's life.
    fn work(&self) {
        let mut state = self.state();
        while !state.stopping {
            let now = Instant::now();
            let Some(work) = self.next(&mut state, now) else {
                state = match self.next_time(&state, now) {
                    Some(at) => {
                        let wait = at.saturating_duration_since(now);
                        self.changed.wait_timeout(state, wait).expect("never poisoned").0
                    }
                    None => self.changed.wait(state).expect("never poisoned"),
                };
                continue;
            };
            drop(state);
            // There may be more to do, for others.
            self.changed.notify_one();
            self.perform(work);
            state = self.state();
        }
        state.workers -= 1;
        self.changed.notify_all();
    }

    fn next(&self, state: &mut State, now: Instant) -> Option<Work> {
        if !state.busy && state.resync == Wanted::Yes && self.resync_time(state, now) <= now {
            (state.resync, state.names, state.busy) = (Wanted::No, Wanted::No, true);
            state.dropped = Some(now);
            return Some(Work::Resync);
        }
        if !state.busy && state.names == Wanted::Yes && self.names_time(state, now) <= now {
            (state.names, state.busy) = (Wanted::No, true);
            state.dropped = Some(now);
            return Some(Work::DropNames);
        }
        if !state.busy && state.poll.is_some_and(|poll| poll <= now) {
            (state.poll, state.busy) = (Some(now + self.options.poll), true);
            return Some(Work::Poll);
        }
        if let Some(due) = state.objects.take(now) {
            state.in_hand += 1;
            return Some(Work::Object(due));
        }
        self.roots
            .idle_at()
            .is_some_and(|at| at <= now)
            .then_some(Work::Rest)
    }

    fn resync_time(&self, state: &State, now: Instant) -> Instant {
        state.dropped.map_or(now, |dropped| dropped + self.options.resync)
    }

    fn names_time(&self, state: &State, now: Instant) -> Instant {
        state
            .dropped
            .map_or(now, |dropped| dropped + self.options.drop_names)
    }

    /// When there will be something to do if nothing is told; never while what is wanted has to wait for another worker.
    fn next_time(&self, state: &State, now: Instant) -> Option<Instant> {
        let own = [
            (state.resync == Wanted::Yes).then(|| self.resync_time(state, now)),
            (state.names == Wanted::Yes).then(|| self.names_time(state, now)),
            state.poll,
        ];
        own.into_iter()
            .filter(|_| !state.busy)
            .chain([state.objects.next_due(), self.roots.idle_at()])
            .flatten()
            .min()
    }

    fn perform(&self, work: Work) {
        match work {
            Work::Object(due) => {
                self.object(&due);
                self.state().in_hand -= 1;
            }
            Work::Rest => self.roots.rest(Instant::now()),
            Work::Resync => {
                count(&self.counters.resyncs);
                self.alone(|resync| resync.everything());
            }
            Work::DropNames => {
                count(&self.counters.drops);
                self.alone(|_| drop_names());
            }
            Work::Poll => {
                count(&self.counters.polls);
                self.alone(|resync| resync.poll());
            }
        }
    }

    /// What only one worker does at a time.
    fn alone(&self, work: impl FnOnce(&Resync<'_>) -> io::Result<()>) {
        let resync = Resync {
            roots: &self.roots,
            known: &|what| self.state().objects.schedule_all(what, Instant::now()),
            refused: &|| count(&self.counters.refused),
        };
        if work(&resync).is_err() {
            count(&self.counters.failed);
        }
        self.state().busy = false;
        self.changed.notify_one();
    }

    fn object(&self, due: &Due) {
        count(&self.counters.looked_at);
        let looked = match self.roots.by_fsid(due.key.fsid) {
            Ok(Some(root)) => Revalidation::new(&root).named(
                Named {
                    handle: &due.key.handle,
                    fileid: due.fileid,
                    kind: due.kind,
                },
                due.what,
            ),
            Ok(None) => {
                count(&self.counters.foreign);
                self.state().objects.gone(&due.key);
                return;
            }
            Err(error) => Err(error),
        };
        match looked {
            Ok(outcome) => {
                let mut state = self.state();
                state.objects.learned(&due.key, outcome.kind);
                let now = Instant::now();
                let seen_lately = due
                    .before
                    .is_none_or(|before| now < before + self.options.tick + self.options.repeat);
                let in_doubt = outcome.unchanged && due.what & FORGET == 0 && seen_lately;
                if in_doubt {
                    count(&self.counters.in_doubt);
                    state.objects.settle(&due.key, FORGET, now, self.options.settle);
                }
                if outcome.names_in_doubt {
                    state.names = Wanted::Yes;
                }
                drop(state);
                if in_doubt || outcome.names_in_doubt {
                    self.changed.notify_one();
                }
                if outcome.refused {
                    count(&self.counters.refused);
                }
            }
            Err(error) if is_stale(&error) => {
                count(&self.counters.gone);
                self.state().objects.gone(&due.key);
            }
            // A directory that the client has no name of: there is nothing to look at again below it.
            Err(error) if error.raw_os_error() == Some(libc::EACCES) => {}
            Err(_) => count(&self.counters.failed),
        }
    }
}

/// Whether this process may do what has to be done, found out on the root.
fn may_look_after(root: &roots::Root) -> io::Result<()> {
    let handle = ClientHandle::of(root.directory.as_fd())?;
    syscalls_unsafe::open_by_handle(root.directory.as_fd(), &handle, libc::O_PATH).map(drop)
}
