//! The thread that hears of what programs of this machine change, and does what is due.

use std::os::fd::AsFd;
use std::sync::atomic::{Ordering, fence};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use fsva_core::handle::Handle;
use fsva_core::own_threads;

use super::Coherence;
use super::echoes::Echo;
use super::fanotify_event::{Changed, Event, parse};
use super::fanotify_unsafe as fanotify;
use super::watched::Ears;

/// How often it is looked for what is due, while somebody listens.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// Between two looks at the queue while it has nothing that a client wants to hear: the kernel puts events together there, and
/// whoever writes (a client, a program with files of its own) is not to wake this thread each time.
const PAUSE: Duration = Duration::from_millis(1);
const BUFFER_BYTES: usize = 64 << 10;
/// Reads before the mounts, and what is due, are looked at again.
const READS_MAX: usize = 16;

pub fn spawn(coherence: &Arc<Coherence>) {
    let (weak, ears) = (Arc::downgrade(coherence), coherence.ears.clone());
    let started = std::thread::Builder::new()
        .name("fsva-watcher".into())
        .spawn(move || watch(&weak, &ears));
    // Without it nothing that this machine's programs do is heard of: exports() must not say otherwise.
    if started.is_err() {
        coherence.ears.give_up();
        coherence.look();
    }
}

fn watch(coherence: &Weak<Coherence>, ears: &Ears) {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut ticked = Instant::now();
    let mut listening = true;
    loop {
        let timeout = if listening {
            LOOK_INTERVAL.as_millis() as i32
        } else {
            -1
        };
        let [heard, rung, mounts] = ears.wait(timeout);
        let Some(coherence) = coherence.upgrade() else {
            return;
        };
        if rung {
            ears.quiet();
        }
        if mounts {
            coherence.look();
        }
        let pause = heard && !coherence.hear(&mut buffer);
        if ticked.elapsed() >= coherence.answer_time {
            ticked = Instant::now();
            coherence.tick();
        }
        coherence.tick_resyncs();
        listening = coherence.listening.load(Ordering::SeqCst) > 0;
        drop(coherence);
        if pause {
            std::thread::sleep(PAUSE);
        }
    }
}

impl Coherence {
    /// Announces what the kernel has to tell. False if nobody wanted to hear it.
    fn hear(&self, buffer: &mut [u8]) -> bool {
        let Some(group) = self.ears.group() else {
            return false;
        };
        let mut told = false;
        for _ in 0..READS_MAX {
            let length = match fanotify::read(group.as_fd(), buffer) {
                Ok(0) => break,
                Ok(length) => length,
                Err(_) => {
                    self.lost();
                    return false;
                }
            };
            // As in `changed`: whoever does not see one of these changes is known by now.
            fence(Ordering::SeqCst);
            for event in parse(&buffer[..length]) {
                match event {
                    Event::Changed(changed) if own_threads::contain(changed.thread) => {}
                    Event::Changed(changed) => {
                        self.counters.events.fetch_add(1, Ordering::Relaxed);
                        told |= self.heard(&changed);
                    }
                    Event::Nameless => {}
                    Event::Lost => {
                        told = true;
                        self.lost();
                    }
                }
            }
        }
        told
    }

    fn lost(&self) {
        self.counters.overflows.fetch_add(1, Ordering::Relaxed);
        self.resync_all();
    }

    /// Under each name that a client may know the object by. One outside of an export gets a name, too, which nobody knows. True if
    /// somebody was told.
    fn heard(&self, changed: &Changed) -> bool {
        let Some(engine) = self.engine.upgrade() else {
            return false;
        };
        let watched = self.watched.read().unwrap().clone();
        let Some(names) = watched.by_fsid.get(&changed.fsid) else {
            return false;
        };
        let mut told = false;
        for &(export, filesystem) in names {
            let handle = Handle {
                export,
                filesystem,
                object: changed.object.object(),
            };
            let Ok(wire) = engine.guard.codec.seal(&handle) else {
                continue;
            };
            let known = self.known.find(&wire);
            let echo = Echo {
                what: changed.what,
                maker: None,
            };
            told |= self.announce_twice(&wire, known.as_deref(), (0, 0), echo);
        }
        told
    }
}
