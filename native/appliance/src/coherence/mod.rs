//! Clients are told of what changes: by other clients (the core reports it) and by programs of this machine (fanotify(7)).
//!
//! A session is only ever told of handles that its client has: a handle is a capability. Which those are is noted as the core
//! serves its address (known_handles.rs), from before the attributes of an answer are looked at, so that no change falls in
//! between (fsva_core::observer). What the table has no room for, what the kernel's queue lost, what a mount may have hidden and
//! what was answered before the session was there is made good by RESYNC: ask again for everything you keep.
//!
//! Nobody waits for a client: a change is announced before the call that made it is answered, but the mutator's reply is not held
//! back until others have acted on it. Clients keep close-to-open, which asks at every open; announcements make that sooner, and are
//! nothing that it relies on.

mod audience;
mod echoes;
mod fanotify_event;
mod fanotify_unsafe;
mod known_handles;
mod listener;
mod observability;
mod observing;
mod watched;
mod watcher;

use std::any::Any;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Arc, Mutex, RwLock, Weak};
use std::time::{Duration, Instant};

use fsva_channel::protocol::{self, ChangeNotice};
use fsva_core::engine::Engine;
use fsva_core::handle::WireHandle;
use fsva_core::observer::{self, Known};

use crate::change_sink::ChangeSink;
use audience::{Audience, Subscriber};
use echoes::{Due, Echo, Echoes};
use known_handles::KnownHandles;
use listener::Listener;
pub use observability::{Level, Observability};
use watched::{Ears, Watched};

const _: () = assert!(observer::DATA == protocol::CHANGED_DATA);
const _: () = assert!(observer::ATTRIBUTES == protocol::CHANGED_ATTRIBUTES);
const _: () = assert!(observer::DIRECTORY == protocol::CHANGED_DIRECTORY);
const _: () = assert!(observer::NAME_REMOVED == protocol::CHANGED_NAME_REMOVED);

/// In ticks of the clock.
const GIVEN_LONG_AGO: u32 = 2;

#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Handles known to clients that are remembered, all sessions together: about 90 bytes each.
    pub known_max: usize,
    /// Whether programs of this machine are watched, where that is possible.
    pub watch: bool,
    /// By when an answer has reached its client once it was made. What was told so shortly before it changed is announced again
    /// after that time.
    pub answer_time: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            known_max: 1 << 20,
            watch: true,
            answer_time: Duration::from_secs(1),
        }
    }
}

/// Counted since the start.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct CoherenceFigures {
    pub sessions: u64,
    pub known_handles: u64,
    /// Notices given to sessions.
    pub notices: u64,
    pub resyncs: u64,
    /// What the kernel told of, without what clients did.
    pub events: u64,
    /// How often the kernel's queue was full.
    pub overflows: u64,
}

#[derive(Default)]
struct Counters {
    notices: AtomicU64,
    resyncs: AtomicU64,
    events: AtomicU64,
    overflows: AtomicU64,
}

/// One per engine, for as long as that lives.
pub struct Coherence {
    engine: Weak<Engine>,
    known: KnownHandles,
    audience: RwLock<Arc<Audience>>,
    /// How many there are: looked at first.
    listening: AtomicUsize,
    era: AtomicU64,
    /// Counts the watcher's ticks.
    clock: AtomicU32,
    swept_at: AtomicU32,
    echoes: Echoes,
    ears: Arc<Ears>,
    watched: RwLock<Arc<Watched>>,
    /// Held by who looks at the file systems.
    looking: Mutex<()>,
    answer_time: Duration,
    counters: Counters,
}

/// Ends it when dropped.
#[must_use = "dropping it ends it"]
pub struct Attachment {
    coherence: Arc<Coherence>,
    who: Who,
}

enum Who {
    Listener(Arc<Listener>),
    Subscriber(Arc<Subscriber>),
}

impl Drop for Attachment {
    fn drop(&mut self) {
        self.coherence.detach(&self.who);
    }
}

impl Coherence {
    /// Before the first call is served: a change under way meanwhile may be missed. Starts the watcher's thread, which ends
    /// with the engine.
    pub fn start(engine: &Arc<Engine>) -> Arc<Coherence> {
        Coherence::start_with(engine, Options::default())
    }

    /// If the engine has one already, that one.
    pub fn start_with(engine: &Arc<Engine>, options: Options) -> Arc<Coherence> {
        let coherence = Arc::new(Coherence {
            engine: Arc::downgrade(engine),
            known: KnownHandles::new(options.known_max),
            audience: RwLock::default(),
            listening: AtomicUsize::new(0),
            era: AtomicU64::new(0),
            clock: AtomicU32::new(1),
            swept_at: AtomicU32::new(0),
            echoes: Echoes::default(),
            ears: Arc::new(Ears::open(options.watch)),
            watched: RwLock::default(),
            looking: Mutex::default(),
            answer_time: options.answer_time,
            counters: Counters::default(),
        });
        if !engine.observe(coherence.clone()) {
            let there: Arc<dyn Any + Send + Sync> = engine.observer().expect("one is there").clone();
            return there.downcast().expect("nobody else observes");
        }
        coherence.look();
        watcher::spawn(&coherence);
        coherence
    }

    /// Tells `sink` of changes to what the client at `address` knows, but for what its own kernel changes by NFS. From when
    /// this returns; what its kernel kept from before it has to ask for again, and becomes known by that. May block as long as
    /// local file systems do.
    pub fn attach(self: &Arc<Self>, address: IpAddr, sink: Arc<dyn ChangeSink>) -> Attachment {
        let listener = {
            let mut audience = self.audience.write().unwrap();
            let bit = audience.free_bit();
            let era = self.era.load(Ordering::SeqCst) + 1;
            let listener = Arc::new(Listener::new(address.to_canonical(), bit, era, sink));
            let mut more = Audience::clone(&audience);
            more.listeners.push(listener.clone());
            self.replace_audience(&mut audience, more);
            listener
        };
        self.look();
        // What was answered just before is on its way, and not known.
        self.resync_later(&listener);
        self.ears.ring();
        Attachment {
            coherence: self.clone(),
            who: Who::Listener(listener),
        }
    }

    /// Tells `sink` of all changes, whoever made them: to be kept inside the server. A notice of what no session's client knows may
    /// have 0 for fileid and fsid.
    pub fn subscribe_all(self: &Arc<Self>, sink: Arc<dyn ChangeSink>) -> Attachment {
        let subscriber = Arc::new(Subscriber(sink));
        {
            let mut audience = self.audience.write().unwrap();
            let mut more = Audience::clone(&audience);
            more.subscribers.push(subscriber.clone());
            self.replace_audience(&mut audience, more);
        }
        self.look();
        self.ears.ring();
        Attachment {
            coherence: self.clone(),
            who: Who::Subscriber(subscriber),
        }
    }

    /// What clients can rely on being told of each export, sorted by path.
    pub fn exports(&self) -> Vec<(PathBuf, Observability)> {
        self.watched.read().unwrap().exports.clone()
    }

    pub fn figures(&self) -> CoherenceFigures {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CoherenceFigures {
            sessions: self.audience.read().unwrap().listeners.len() as u64,
            known_handles: self.known.len() as u64,
            notices: count(&self.counters.notices),
            resyncs: count(&self.counters.resyncs),
            events: count(&self.counters.events),
            overflows: count(&self.counters.overflows),
        }
    }

    fn replace_audience(&self, current: &mut Arc<Audience>, mut next: Audience) {
        next.index_clients();
        self.listening.store(next.len(), Ordering::SeqCst);
        self.era.fetch_add(1, Ordering::SeqCst);
        *current = Arc::new(next);
        // As those have who change something (`changed`): they see the new audience, or their change can be seen by now.
        fence(Ordering::SeqCst);
    }

    fn detach(&self, who: &Who) {
        let mut bit = 0;
        {
            let mut audience = self.audience.write().unwrap();
            let mut fewer = Audience::clone(&audience);
            match who {
                Who::Listener(gone) => {
                    fewer.listeners.retain(|listener| !Arc::ptr_eq(listener, gone));
                    bit = gone.bit;
                    fewer.leaving |= bit;
                }
                Who::Subscriber(gone) => fewer.subscribers.retain(|other| !Arc::ptr_eq(other, gone)),
            }
            self.replace_audience(&mut audience, fewer);
        }
        // Nobody notes anything under this bit any more (`knows` holds the audience), and nobody gets it before it is forgotten.
        if bit != 0 {
            self.known.forget(bit);
            // What open objects still hold goes when there is need of room.
            let now = self.clock.load(Ordering::Relaxed);
            self.swept_at.store(now.wrapping_sub(1), Ordering::Relaxed);
            let mut audience = self.audience.write().unwrap();
            let mut fewer = Audience::clone(&audience);
            fewer.leaving &= !bit;
            *audience = Arc::new(fewer);
        }
        self.look();
    }

    /// Watches what is to be watched now. What may have changed before it was is everybody's to ask for again.
    fn look(&self) {
        let _looking = self.looking.lock().unwrap();
        let Some(engine) = self.engine.upgrade() else {
            return;
        };
        let watched = Arc::new(Watched::look(&engine, &self.ears));
        let former = std::mem::replace(&mut *self.watched.write().unwrap(), watched.clone());
        if self.listening.load(Ordering::SeqCst) == 0 {
            self.ears.hear_nothing();
        } else if watched.has_news(&former) {
            self.resync_all();
        }
    }

    fn resync_all(&self) {
        let now = Instant::now();
        let audience = self.audience.read().unwrap().clone();
        for listener in &audience.listeners {
            self.resync(listener, now);
        }
        for subscriber in &audience.subscribers {
            subscriber.0.resync();
        }
    }

    fn resync(&self, listener: &Listener, now: Instant) {
        if listener.resync(now) {
            self.counters.resyncs.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Once what was answered so far has reached the client.
    fn resync_later(&self, listener: &Listener) {
        listener.resync_at(Instant::now() + self.answer_time);
    }

    /// Tells whoever knows it and has not made the change itself; `otherwise`: fileid and fsid if nobody knows it.
    fn announce(&self, wire: &WireHandle, known: Option<&Known>, otherwise: (u64, u64), echo: Echo) -> bool {
        let (audience, bits) = {
            let audience = self.audience.read().unwrap();
            // Under the lock: a bit is not another's before this has been looked at.
            let bits = known.map_or(0, |known| known.sessions.load(Ordering::SeqCst));
            (audience.clone(), bits)
        };
        let (fileid, fsid) = known.map_or(otherwise, |known| (known.fileid, known.fsid));
        let mut notice = None;
        let mut tell = |sink: &dyn ChangeSink| {
            sink.changed(notice.get_or_insert_with(|| ChangeNotice {
                what: echo.what,
                fileid,
                fsid,
                handle: wire.as_bytes().to_vec(),
            }));
        };
        let mut told = 0;
        for listener in &audience.listeners {
            if echo.maker == Some(listener.address) {
                continue;
            }
            if listener.bit & bits != 0 {
                tell(&*listener.sink);
                told += 1;
            } else if listener.is_overflowed() {
                self.resync(listener, Instant::now());
            }
        }
        // What the table had no room for has no name here, and may be what is lent.
        let is_nameless = known.is_none()
            && fileid == 0
            && audience.listeners.iter().any(|listener| listener.is_overflowed());
        for subscriber in &audience.subscribers {
            if is_nameless {
                subscriber.0.resync();
            } else {
                tell(&*subscriber.0);
            }
        }
        self.counters.notices.fetch_add(told, Ordering::Relaxed);
        told > 0
    }

    /// As `announce`, and once more if somebody was told of the object only just before.
    fn announce_twice(
        &self,
        wire: &WireHandle,
        known: Option<&Known>,
        otherwise: (u64, u64),
        echo: Echo,
    ) -> bool {
        let told = self.announce(wire, known, otherwise, echo);
        let now = self.clock.load(Ordering::Relaxed);
        if told
            && known.is_some_and(|known| {
                now.wrapping_sub(known.given_at.load(Ordering::Relaxed)) < GIVEN_LONG_AGO
            })
        {
            self.echoes.add(wire, echo);
        }
        told
    }

    /// Once per answer time.
    fn tick(&self) {
        self.clock.fetch_add(1, Ordering::Relaxed);
        match self.echoes.tick() {
            Due::Everything => self.resync_all(),
            Due::Echoes(echoes) => {
                for (wire, echo) in echoes {
                    let known = self.known.find(&wire);
                    self.announce(&wire, known.as_deref(), (0, 0), echo);
                }
            }
        }
    }

    fn tick_resyncs(&self) {
        let now = Instant::now();
        let audience = self.audience.read().unwrap().clone();
        for listener in &audience.listeners {
            if listener.tick(now) {
                self.counters.resyncs.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

impl Drop for Coherence {
    fn drop(&mut self) {
        self.ears.ring();
    }
}
