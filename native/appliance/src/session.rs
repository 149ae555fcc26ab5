//! A client's session: the thread that owns its channel.

use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use fsva_channel::broken::Broken;
use fsva_channel::channel::Channel;
use fsva_channel::geometry::Side;
use fsva_channel::hint_ring::Offered;
use fsva_channel::message::Hint;
use fsva_channel::protocol::{CHANGED_DATA, ChangeNotice, HINT_RESYNC};
use fsva_channel::region::Region;
use fsva_channel::sender::HintSender;
use fsva_channel::spin::Spin;
use fsva_channel::wake::Wake;
use fsva_core::engine::Engine;

use crate::change_sink::ChangeSink;
use crate::desk::Desk;
use crate::figures::Counters;
pub use crate::figures::SessionFigures;
use crate::mailbox::{FileKey, Mailbox};
pub use crate::open_files::SessionClient;

const RESYNC: Hint = Hint {
    op: HINT_RESYNC,
    flags: 0,
    handle_index: 0,
    object: 0,
    argument: 0,
};

pub struct SessionOptions {
    pub engine: Arc<Engine>,
    /// Made anew, or left by an earlier session: its client's open files and grants are taken over.
    pub region: Region,
    pub wake: Arc<dyn Wake>,
    pub client: SessionClient,
    /// How long to look for the next request before sleeping; zero where client and server share a processor.
    pub spin_max: Duration,
    /// Called once, on the session's thread, when nothing touches the region any more.
    pub on_end: Box<dyn FnOnce(End) + Send>,
}

/// Why a session ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// By `close`.
    Closed,
    /// The stream to the client ended.
    ClientGone,
    /// The client wrote what it may not, or the region is lost.
    Broken(Broken),
}

/// What the session's thread shares with others.
pub(crate) struct Shared {
    pub mailbox: Mailbox,
    pub hints: Arc<HintSender>,
    pub counters: Counters,
    /// Whether the client ever mapped a page.
    has_mapped: AtomicBool,
}

pub struct Session {
    pub(crate) shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Session {
    pub fn start(options: SessionOptions) -> Result<Arc<Session>, Broken> {
        let spin = Spin::new(options.spin_max);
        let channel = Channel::join(options.region, Side::Server, options.wake.clone(), spin)?;
        let shared = Arc::new(Shared {
            mailbox: Mailbox::new(options.wake),
            hints: channel.hint_sender(),
            counters: Counters::default(),
            has_mapped: AtomicBool::new(!channel.restored.held.is_empty()),
        });
        let desk = Desk::new(channel, options.engine, options.client, shared.clone())?;
        let on_end = options.on_end;
        let thread = thread::Builder::new()
            .name("fsva-channel".into())
            .spawn(move || on_end(desk.serve()))
            .map_err(|_| Broken::WakeLost)?;
        Ok(Arc::new(Session {
            shared,
            thread: Mutex::new(Some(thread)),
        }))
    }

    /// What takes pages back when their files change. To be told of all changes, whoever makes them.
    pub fn lent_pages(&self) -> Arc<dyn ChangeSink> {
        Arc::new(LentPages(self.shared.clone()))
    }

    pub fn figures(&self) -> SessionFigures {
        self.shared.counters.read()
    }

    /// Ends the session, and returns when everything under way is done and `on_end` was called. Operations that a file
    /// system holds up hold this up: until they are done, they use the region.
    pub fn close(&self) {
        self.shared.mailbox.stop();
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let is_own = |thread: &JoinHandle<()>| thread.thread().id() == thread::current().id();
        if let Some(thread) = thread.take_if(|thread| !is_own(thread)) {
            // A panic of that thread was reported when it happened.
            let _ = thread.join();
        }
    }
}

/// The pages that a session has lent. Its client's own changes by NFS are no news to the client, but make these stale.
struct LentPages(Arc<Shared>);

impl ChangeSink for LentPages {
    fn changed(&self, notice: &ChangeNotice) {
        self.0.file_changed(notice);
    }

    fn resync(&self) {
        self.0.mailbox.resync();
    }
}

/// What the client is told. Only of handles that it has: whoever tells the session sees to that.
impl ChangeSink for Session {
    fn changed(&self, notice: &ChangeNotice) {
        self.shared.hint(&notice.encode());
    }

    fn resync(&self) {
        self.shared.hint(&[RESYNC]);
    }
}

impl Shared {
    /// A client that is not there finds everything out anew when it comes.
    fn hint(&self, hints: &[Hint]) {
        let sent = matches!(self.hints.offer_all(hints), Ok(Offered::Sent));
        let counter = if sent {
            &self.counters.hints_sent
        } else {
            &self.counters.hints_dropped
        };
        counter.add(hints.len() as u64);
    }

    /// Before the first file is looked at of which pages are to be lent: from now on changes are listened to.
    pub fn expect_changes(&self) {
        if !self.has_mapped.load(Ordering::Relaxed) {
            self.has_mapped.store(true, Ordering::Relaxed);
            // Either whoever changes a file sees this, or what is read afterwards has the change.
            fence(Ordering::SeqCst);
        }
    }

    fn file_changed(&self, notice: &ChangeNotice) {
        fence(Ordering::SeqCst);
        if notice.what & CHANGED_DATA != 0 && self.has_mapped.load(Ordering::Relaxed) {
            self.mailbox.changed(FileKey {
                fsid: notice.fsid,
                fileid: notice.fileid,
            });
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.close();
    }
}
