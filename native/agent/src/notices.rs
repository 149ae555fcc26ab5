//! The way of notices from the ring to whoever reacts: a bounded queue and a thread of its own, so that one who takes long
//! delays no answer. What does not fit becomes a resync.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use fsva_channel::protocol::Notice;

use crate::notice_sink::NoticeSink;

const QUEUE_MAX: usize = 4096;

#[derive(Clone, PartialEq, Eq, Debug)]
enum Item {
    Notice(Notice),
    Connected { same_server: bool },
    Disconnected,
}

#[derive(Default)]
struct Queue {
    items: VecDeque<Item>,
    closed: bool,
}

#[derive(Default)]
pub struct Notices {
    queue: Mutex<Queue>,
    bell: Condvar,
}

impl Notices {
    /// Ends after `close`.
    pub fn start(sinks: Vec<Arc<dyn NoticeSink>>) -> std::io::Result<(Arc<Notices>, JoinHandle<()>)> {
        let notices = Arc::new(Notices::default());
        let own = notices.clone();
        let thread = std::thread::Builder::new()
            .name("fsva-notices".into())
            .spawn(move || own.tell(&sinks))?;
        Ok((notices, thread))
    }

    pub fn notice(&self, notice: Notice) {
        self.push(Item::Notice(notice));
    }

    pub fn connected(&self, same_server: bool) {
        self.push(Item::Connected { same_server });
    }

    pub fn disconnected(&self) {
        self.push(Item::Disconnected);
    }

    pub fn close(&self) {
        self.queue().closed = true;
        self.bell.notify_all();
    }

    fn push(&self, item: Item) {
        let mut queue = self.queue();
        if queue.items.len() >= QUEUE_MAX {
            // Whether there is a channel must not get lost; what it said is replaced.
            queue.items.retain(|item| !matches!(item, Item::Notice(_)));
            queue.items.push_back(Item::Notice(Notice::Resync));
        }
        // One resync says as much as several in a row.
        if queue.items.back() != Some(&item) || item != Item::Notice(Notice::Resync) {
            queue.items.push_back(item);
        }
        drop(queue);
        self.bell.notify_one();
    }

    fn tell(&self, sinks: &[Arc<dyn NoticeSink>]) {
        while let Some(item) = self.next() {
            for sink in sinks {
                match &item {
                    Item::Notice(notice) => sink.notice(notice),
                    Item::Connected { same_server } => sink.connected(*same_server),
                    Item::Disconnected => sink.disconnected(),
                }
            }
        }
    }

    fn next(&self) -> Option<Item> {
        let mut queue = self.queue();
        loop {
            if queue.closed {
                return None;
            }
            if let Some(item) = queue.items.pop_front() {
                return Some(item);
            }
            queue = self.bell.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
