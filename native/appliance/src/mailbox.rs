//! What other threads have for the one that owns the channel: results of operations, and files that changed.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use fsva_channel::wake::{OtherWork, Wake};
use fsva_core::answer::Attributes;
use fsva_core::engine::Reply;

/// Changes remembered by name; more become one "anything".
const CHANGES_MAX: usize = 1024;

/// A file by what change notices and attributes both say of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FileKey {
    pub fsid: u64,
    pub fileid: u64,
}

impl FileKey {
    pub fn of(attributes: &Attributes) -> FileKey {
        FileKey {
            fsid: attributes.fsid,
            fileid: attributes.fileid,
        }
    }
}

/// Everything that came since the last look.
#[derive(Default)]
pub struct Mail {
    /// By ticket.
    pub results: VecDeque<(u32, Box<Reply>)>,
    pub changed: Vec<FileKey>,
    /// Anything may have changed.
    pub resync: bool,
    pub stop: bool,
}

impl Mail {
    fn is_empty(&self) -> bool {
        self.results.is_empty() && self.changed.is_empty() && !self.resync && !self.stop
    }
}

#[derive(Default)]
struct State {
    mail: Mail,
    /// The reader sleeps, or is about to.
    asleep: bool,
}

pub struct Mailbox {
    state: Mutex<State>,
    is_there: AtomicBool,
    /// For a reader that waits for nothing else.
    came: Condvar,
    wake: Arc<dyn Wake>,
}

impl Mailbox {
    pub fn new(wake: Arc<dyn Wake>) -> Mailbox {
        Mailbox {
            state: Mutex::default(),
            is_there: AtomicBool::new(false),
            came: Condvar::new(),
            wake,
        }
    }

    pub fn result(&self, ticket: u32, reply: Box<Reply>) {
        self.put(|mail| mail.results.push_back((ticket, reply)));
    }

    pub fn changed(&self, file: FileKey) {
        self.put(|mail| {
            if mail.changed.len() < CHANGES_MAX {
                mail.changed.push(file);
            } else {
                mail.resync = true;
            }
        });
    }

    pub fn resync(&self) {
        self.put(|mail| mail.resync = true);
    }

    pub fn stop(&self) {
        self.put(|mail| mail.stop = true);
    }

    /// What there is, without waiting.
    pub fn take(&self) -> Option<Mail> {
        if !self.is_there.load(Ordering::Acquire) {
            return None;
        }
        Some(self.take_from(self.lock()))
    }

    /// Waits until there is something.
    pub fn wait(&self) -> Mail {
        let mut state = self.lock();
        while state.mail.is_empty() {
            state = self.came.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        self.take_from(state)
    }

    fn take_from(&self, mut state: MutexGuard<'_, State>) -> Mail {
        self.is_there.store(false, Ordering::Release);
        state.asleep = false;
        std::mem::take(&mut state.mail)
    }

    fn put(&self, put: impl FnOnce(&mut Mail)) {
        let mut state = self.lock();
        put(&mut state.mail);
        self.is_there.store(true, Ordering::Release);
        let asleep = std::mem::replace(&mut state.asleep, false);
        drop(state);
        self.came.notify_one();
        if asleep {
            self.wake.interrupt();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OtherWork for Mailbox {
    fn is_there(&self) -> bool {
        self.is_there.load(Ordering::Acquire)
    }

    fn arm(&self) -> bool {
        let mut state = self.lock();
        state.asleep = state.mail.is_empty();
        state.asleep
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    use fsva_channel::broken::Broken;

    use super::*;

    #[derive(Default)]
    struct Bell(AtomicUsize);

    impl Wake for Bell {
        fn notify(&self) -> Result<(), Broken> {
            unreachable!("it is for the peer");
        }

        fn sleep(&self, _timeout: Duration) -> Result<bool, Broken> {
            unreachable!("nobody sleeps here");
        }

        fn interrupt(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn mailbox() -> (Arc<Bell>, Mailbox) {
        let bell = Arc::new(Bell::default());
        (bell.clone(), Mailbox::new(bell))
    }

    fn file(fileid: u64) -> FileKey {
        FileKey { fsid: 1, fileid }
    }

    #[test]
    fn a_sleeper_is_interrupted_once_and_nobody_else() {
        let (bell, mailbox) = mailbox();
        let rung = || bell.0.load(Ordering::Relaxed);
        mailbox.changed(file(1));
        assert_eq!(rung(), 0, "it is awake");
        assert!(
            mailbox.is_there() && !mailbox.arm(),
            "there is something: no sleep"
        );
        assert_eq!(mailbox.take().unwrap().changed, [file(1)]);
        assert!(mailbox.take().is_none());
        assert!(mailbox.arm());
        mailbox.result(3, Box::default());
        mailbox.stop();
        assert_eq!(rung(), 1);
        let mail = mailbox.wait();
        assert_eq!((mail.results.len(), mail.stop), (1, true));
        mailbox.resync();
        assert_eq!(rung(), 1, "it was taken, and so is awake");
    }

    #[test]
    fn too_many_changes_are_any_change() {
        let (_, mailbox) = mailbox();
        for fileid in 0..3000 {
            mailbox.changed(file(fileid));
        }
        let mail = mailbox.take().unwrap();
        assert!(mail.resync && mail.changed.len() == CHANGES_MAX);
    }
}
