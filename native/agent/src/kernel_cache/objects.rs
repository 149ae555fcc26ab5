//! The objects that were told of: when each is to be looked at again, and a bounded memory of them all.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fsva_channel::protocol::ChangeNotice;

/// What names an object for as long as it exists.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Key {
    pub fsid: u64,
    pub handle: Box<[u8]>,
}

/// One object to look at now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Due {
    pub key: Arc<Key>,
    pub fileid: u64,
    pub kind: u32,
    pub what: u16,
    /// When it was looked at before.
    pub before: Option<Instant>,
}

struct Known {
    fileid: u64,
    /// S_IFMT of its mode, 0 if not known yet.
    kind: u32,
    /// What changed since it was looked at.
    what: u16,
    due: Option<(Instant, u64)>,
    last: Option<Instant>,
    settled: Option<Instant>,
    used: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Added {
    New,
    /// It is to be looked at anyway.
    Coalesced,
    /// There are too many: it is not remembered.
    Overflow,
}

pub struct Objects {
    known: HashMap<Arc<Key>, Known>,
    due: BTreeMap<(Instant, u64), Arc<Key>>,
    by_use: BTreeMap<u64, Arc<Key>>,
    counter: u64,
    max: usize,
    repeat: Duration,
}

impl Objects {
    /// At most `max` are remembered, and each is looked at at most once per `repeat`.
    pub fn new(max: usize, repeat: Duration) -> Objects {
        Objects {
            known: HashMap::new(),
            due: BTreeMap::new(),
            by_use: BTreeMap::new(),
            counter: 0,
            max,
            repeat,
        }
    }

    pub fn add(&mut self, notice: &ChangeNotice, now: Instant) -> Added {
        let key = Key {
            fsid: notice.fsid,
            handle: notice.handle.as_slice().into(),
        };
        if !self.known.contains_key(&key) {
            if self.known.len() >= self.max && !self.forget_oldest() {
                return Added::Overflow;
            }
            let known = Known {
                fileid: notice.fileid,
                kind: 0,
                what: 0,
                due: None,
                last: None,
                settled: None,
                used: 0,
            };
            self.known.insert(Arc::new(key.clone()), known);
        }
        let key = self.use_now(&key);
        self.schedule(&key, notice.what, now, self.repeat)
    }

    /// It is to be looked at once more, as if `what` had changed, but not so more than once per `interval`.
    pub fn settle(&mut self, key: &Arc<Key>, what: u16, now: Instant, interval: Duration) {
        let Some(known) = self.known.get_mut(key) else {
            return;
        };
        let at = known.settled.map_or(now, |settled| now.max(settled + interval));
        known.settled = Some(at);
        known.what |= what;
        if known.due.is_none() {
            self.set_due(key, at);
        }
    }

    /// Everything known is to be looked at, as if `what` had changed.
    pub fn schedule_all(&mut self, what: u16, now: Instant) {
        for key in self.known.keys().cloned().collect::<Vec<_>>() {
            self.schedule(&key, what, now, Duration::ZERO);
        }
    }

    fn schedule(&mut self, key: &Arc<Key>, what: u16, now: Instant, repeat: Duration) -> Added {
        let known = self.known.get_mut(key).expect("known");
        known.what |= what;
        if known.due.is_some() {
            return Added::Coalesced;
        }
        let at = known.last.map_or(now, |last| now.max(last + repeat));
        self.set_due(key, at);
        Added::New
    }

    fn set_due(&mut self, key: &Arc<Key>, at: Instant) {
        self.counter += 1;
        self.known.get_mut(key).expect("known").due = Some((at, self.counter));
        self.due.insert((at, self.counter), key.clone());
    }

    /// The one that has waited longest, if its time has come.
    pub fn take(&mut self, now: Instant) -> Option<Due> {
        let first = self.due.first_entry()?;
        if first.key().0 > now {
            return None;
        }
        let key = first.remove();
        let known = self.known.get_mut(&key).expect("known");
        known.due = None;
        let before = known.last.replace(now);
        Some(Due {
            before,
            fileid: known.fileid,
            kind: known.kind,
            what: std::mem::take(&mut known.what),
            key,
        })
    }

    pub fn next_due(&self) -> Option<Instant> {
        Some(self.due.first_key_value()?.0.0)
    }

    pub fn learned(&mut self, key: &Key, kind: u32) {
        if let Some(known) = self.known.get_mut(key) {
            known.kind = kind;
        }
    }

    /// It does not exist any more. What was told of it meanwhile is still looked at.
    pub fn gone(&mut self, key: &Key) {
        if self.known.get(key).is_some_and(|known| known.due.is_none()) {
            let known = self.known.remove(key).expect("known");
            self.by_use.remove(&known.used);
        }
    }

    fn use_now(&mut self, key: &Key) -> Arc<Key> {
        self.counter += 1;
        let (key, _) = self.known.get_key_value(key).expect("known");
        let key = key.clone();
        let known = self.known.get_mut(&key).expect("known");
        self.by_use.remove(&known.used);
        known.used = self.counter;
        self.by_use.insert(self.counter, key.clone());
        key
    }

    /// False: all of them still have to be looked at.
    fn forget_oldest(&mut self) -> bool {
        let oldest = self
            .by_use
            .iter()
            .find(|(_, key)| self.known[*key].due.is_none())
            .map(|(used, key)| (*used, key.clone()));
        if let Some((used, key)) = &oldest {
            self.by_use.remove(used);
            self.known.remove(key);
        }
        oldest.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPEAT: Duration = Duration::from_millis(100);

    fn notice(number: u8, what: u16) -> ChangeNotice {
        ChangeNotice {
            what,
            fileid: u64::from(number),
            fsid: 7,
            handle: vec![number],
        }
    }

    fn taken(objects: &mut Objects, now: Instant) -> Vec<(u64, u16)> {
        std::iter::from_fn(|| objects.take(now))
            .map(|due| (due.fileid, due.what))
            .collect()
    }

    #[test]
    fn what_waits_is_looked_at_once_and_for_all_that_changed() {
        let (mut objects, now) = (Objects::new(10, REPEAT), Instant::now());
        assert_eq!(objects.add(&notice(1, 1), now), Added::New);
        assert_eq!(objects.add(&notice(2, 4), now), Added::New);
        assert_eq!(objects.add(&notice(1, 2), now), Added::Coalesced);
        assert_eq!(taken(&mut objects, now), [(1, 3), (2, 4)]);
    }

    #[test]
    fn what_changes_all_the_time_is_looked_at_at_once_and_then_now_and_again() {
        let (mut objects, now) = (Objects::new(10, REPEAT), Instant::now());
        objects.add(&notice(1, 1), now);
        assert_eq!(taken(&mut objects, now), [(1, 1)]);
        objects.add(&notice(1, 2), now);
        assert_eq!(taken(&mut objects, now), [], "not yet");
        assert_eq!(objects.next_due(), Some(now + REPEAT));
        assert_eq!(taken(&mut objects, now + REPEAT), [(1, 2)], "but never not");
    }

    #[test]
    fn what_was_used_longest_ago_is_forgotten_but_nothing_that_waits() {
        let (mut objects, now) = (Objects::new(2, REPEAT), Instant::now());
        objects.add(&notice(1, 1), now);
        objects.add(&notice(2, 1), now);
        assert_eq!(objects.add(&notice(3, 1), now), Added::Overflow);
        assert_eq!(taken(&mut objects, now), [(1, 1), (2, 1)]);
        objects.add(&notice(1, 1), now);
        assert_eq!(objects.add(&notice(3, 1), now), Added::New, "2 went");
        objects.schedule_all(8, now + REPEAT);
        assert_eq!(taken(&mut objects, now + REPEAT), [(3, 9), (1, 9)]);
        assert_eq!(objects.known.len(), 2);
    }

    #[test]
    fn what_is_gone_is_forgotten_unless_it_was_told_of_again() {
        let (mut objects, now) = (Objects::new(2, REPEAT), Instant::now());
        objects.add(&notice(1, 1), now);
        let due = objects.take(now).unwrap();
        objects.add(&notice(1, 2), now);
        objects.gone(&due.key);
        assert_eq!(taken(&mut objects, now + REPEAT), [(1, 2)]);
        objects.gone(&due.key);
        assert!(objects.known.is_empty() && objects.by_use.is_empty() && objects.due.is_empty());
    }

    #[test]
    fn what_is_in_doubt_is_settled_at_once_and_then_now_and_again() {
        const INTERVAL: Duration = Duration::from_secs(1);
        let (mut objects, now) = (Objects::new(2, REPEAT), Instant::now());
        objects.add(&notice(1, 1), now);
        let due = objects.take(now).unwrap();
        assert_eq!(due.before, None);
        objects.settle(&due.key, 64, now, INTERVAL);
        let due = objects.take(now).unwrap();
        assert_eq!((due.what, due.before), (64, Some(now)));
        objects.settle(&due.key, 64, now, INTERVAL);
        assert_eq!(objects.take(now + REPEAT), None);
        assert_eq!(taken(&mut objects, now + INTERVAL), [(1, 64)]);
    }

    #[test]
    fn the_kind_is_remembered() {
        let (mut objects, now) = (Objects::new(2, REPEAT), Instant::now());
        objects.add(&notice(1, 1), now);
        let due = objects.take(now).unwrap();
        assert_eq!(due.kind, 0);
        objects.learned(&due.key, libc::S_IFDIR);
        objects.add(&notice(1, 1), now);
        assert_eq!(objects.take(now + REPEAT).unwrap().kind, libc::S_IFDIR);
    }
}
