//! One who is told: a session of a client.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::change_sink::ChangeSink;

/// A resynchronization costs a client a question per file that it keeps: not more often than this.
const RESYNC_INTERVAL: Duration = Duration::from_secs(1);

pub struct Listener {
    pub address: IpAddr,
    /// Its bit; 0 if there was none left: then nothing is known to it, and every change a resynchronization.
    pub bit: u64,
    /// In which it began.
    pub era: u64,
    pub sink: Arc<dyn ChangeSink>,
    /// It was told of handles that had no room in the table.
    pub overflowed: AtomicBool,
    resync: Mutex<Resync>,
}

#[derive(Default)]
struct Resync {
    last: Option<Instant>,
    /// Asked for before the interval was over.
    due: Option<Instant>,
    /// Of `resync_at`.
    settled: Option<Instant>,
}

impl Listener {
    pub fn new(address: IpAddr, bit: u64, era: u64, sink: Arc<dyn ChangeSink>) -> Listener {
        Listener {
            address,
            bit,
            era,
            sink,
            overflowed: AtomicBool::new(bit == 0),
            resync: Mutex::default(),
        }
    }

    pub fn is_overflowed(&self) -> bool {
        self.overflowed.load(Ordering::SeqCst)
    }

    /// Now, or when the interval is over. True if now.
    pub fn resync(&self, now: Instant) -> bool {
        {
            let mut resync = self.resync.lock().unwrap();
            let next = resync.last.map_or(now, |last| last + RESYNC_INTERVAL);
            if next > now {
                resync.due = Some(resync.due.map_or(next, |due| due.min(next)));
                return false;
            }
            resync.last = Some(now);
        }
        self.sink.resync();
        true
    }

    /// At that time, when all answers made so far have reached the client.
    pub fn resync_at(&self, time: Instant) {
        self.resync.lock().unwrap().settled = Some(time);
    }

    /// What has become due. True if anything had.
    pub fn tick(&self, now: Instant) -> bool {
        {
            let mut resync = self.resync.lock().unwrap();
            let is_due = |time: &mut Option<Instant>| time.take_if(|time| *time <= now).is_some();
            // Both are taken before it is sent: what changes from here on makes another one due.
            let due = is_due(&mut resync.due) | is_due(&mut resync.settled);
            if !due {
                return false;
            }
            resync.last = Some(now);
        }
        self.sink.resync();
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use fsva_channel::protocol::ChangeNotice;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl ChangeSink for Count {
        fn changed(&self, _: &ChangeNotice) {}
        fn resync(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn resynchronizations_are_put_together_and_none_is_lost() {
        let sink = Arc::new(Count::default());
        let listener = Listener::new([10, 0, 0, 1].into(), 1, 1, sink.clone());
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let count = || sink.0.load(Ordering::SeqCst);
        for millisecond in 0..900 {
            listener.resync(at(millisecond));
        }
        assert_eq!(count(), 1);
        assert!(!listener.tick(at(999)));
        assert!(listener.tick(at(1000)));
        assert!(!listener.tick(at(5000)), "nothing since");
        assert!(listener.resync(at(5001)));
        assert_eq!(count(), 3);
    }

    #[test]
    fn a_later_one_comes_though_one_was_just_sent() {
        let sink = Arc::new(Count::default());
        let listener = Listener::new([10, 0, 0, 1].into(), 1, 1, sink.clone());
        let now = Instant::now();
        listener.resync(now);
        let later = now + Duration::from_secs(1);
        listener.resync_at(later);
        assert!(!listener.tick(now));
        assert!(listener.tick(later));
    }
}
