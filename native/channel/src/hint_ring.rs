//! A ring for what the receiver is better off knowing: the sender never waits, and what did not fit shows as a gap.
//!
//! Every hint offered has a number, dropped or not, and the ring's header says how many were offered. So the receiver
//! learns of a loss from the next hint's number, or, if none comes, from the count.

use std::mem::offset_of;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::geometry::RingPlace;
use crate::layout::RingHeader;
use crate::message::{HINT_WORDS, Hint};
use crate::ring::{Consumer, Notify, Producer, PushError, WildIndex};
use crate::words::Words;

const OFFERED: usize = offset_of!(RingHeader, offered);

#[derive(Debug)]
pub struct HintProducer<M> {
    ring: Producer<M, HINT_WORDS>,
    offered: u64,
}

/// What became of a hint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Offered {
    Sent,
    /// There was no room; the receiver will find a gap.
    Dropped,
}

impl<M: Words> HintProducer<M> {
    pub fn new(memory: M, place: RingPlace) -> Self {
        memory.store(place.at + OFFERED, 0, Relaxed);
        HintProducer {
            ring: Producer::new(memory, place),
            offered: 0,
        }
    }

    pub fn offer(&mut self, hint: &Hint) -> Result<(Offered, Notify), WildIndex> {
        match self.ring.write(&hint.encode(self.offered)) {
            Ok(()) => {
                let notify = self.ring.publish();
                self.count(1);
                Ok((Offered::Sent, notify))
            }
            Err(PushError::Full) => Ok(self.drop_hints(1)),
            Err(PushError::Wild(wild)) => Err(wild),
        }
    }

    /// All of them, with nothing in between, or none.
    pub fn offer_all(&mut self, hints: &[Hint]) -> Result<(Offered, Notify), WildIndex> {
        let count = hints.len() as u64;
        if self.ring.free_slots()? < count {
            return Ok(self.drop_hints(count));
        }
        let mut notified = Notify::Spared;
        for hint in hints {
            let (_, notify) = self.offer(hint)?;
            if notify == Notify::Needed {
                notified = notify;
            }
        }
        Ok((Offered::Sent, notified))
    }

    fn drop_hints(&mut self, count: u64) -> (Offered, Notify) {
        self.count(count);
        // Full as far as known, but the consumer may have read everything and be about to sleep.
        let notify = if self.ring.consumer_is_armed() {
            Notify::Needed
        } else {
            Notify::Spared
        };
        (Offered::Dropped, notify)
    }

    /// After the slot: who sees this count sees the slot, if there is one.
    fn count(&mut self, offered: u64) {
        self.offered += offered;
        let at = self.ring.place().at + OFFERED;
        self.ring.memory().store(at, self.offered, Release);
    }
}

#[derive(Debug)]
pub struct HintConsumer<M> {
    ring: Consumer<M, HINT_WORDS>,
    expected: u64,
    /// A hint that was read behind a gap.
    behind_gap: Option<Hint>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Received {
    Hint(Hint),
    /// So many were lost here: whatever depends on them has to be found out anew.
    Gap(u64),
}

impl<M: Words> HintConsumer<M> {
    pub fn new(memory: M, place: RingPlace) -> Self {
        HintConsumer {
            ring: Consumer::new(memory, place),
            expected: 0,
            behind_gap: None,
        }
    }

    /// The next hint or gap; None if there is nothing now.
    pub fn receive(&mut self) -> Result<Option<Received>, WildIndex> {
        if let Some(hint) = self.behind_gap.take() {
            return Ok(Some(Received::Hint(hint)));
        }
        let mut slot = self.ring.read()?;
        if slot.is_none() {
            let offered = self.offered()?;
            if offered == self.expected {
                return Ok(None);
            }
            // What was counted is in the ring by now, unless it was dropped.
            slot = self.ring.read()?;
            if slot.is_none() {
                return Ok(Some(self.gap(offered)));
            }
        }
        self.ring.release();
        let Some((sequence, hint)) = slot.map(|slot| Hint::decode(&slot)) else {
            return Ok(None);
        };
        if sequence < self.expected || sequence == u64::MAX {
            return Err(WildIndex);
        }
        if sequence == self.expected {
            self.expected += 1;
            return Ok(Some(Received::Hint(hint)));
        }
        self.behind_gap = Some(hint);
        let gap = self.gap(sequence);
        self.expected += 1;
        Ok(Some(gap))
    }

    /// Whether there is a hint. Gaps are looked for by `receive` and `arm`.
    pub fn look(&mut self) -> Result<bool, WildIndex> {
        Ok(self.behind_gap.is_some() || self.ring.look()?)
    }

    /// True: there is neither a hint nor a gap, and the producer will notify.
    pub fn arm(&mut self) -> Result<bool, WildIndex> {
        Ok(self.behind_gap.is_none() && self.ring.arm()? && self.offered()? == self.expected)
    }

    fn offered(&self) -> Result<u64, WildIndex> {
        let offered = self.ring.memory().load(self.ring.place().at + OFFERED, Acquire);
        // The slot is published before it is counted: the count may be one behind what was read.
        if offered.wrapping_add(1) < self.expected || offered == u64::MAX {
            return Err(WildIndex);
        }
        Ok(offered.max(self.expected))
    }

    fn gap(&mut self, next: u64) -> Received {
        let lost = next - self.expected;
        self.expected = next;
        Received::Gap(lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap_words::HeapWords;

    fn hint(object: u64) -> Hint {
        Hint {
            object,
            ..Hint::default()
        }
    }

    fn offer(producer: &mut HintProducer<HeapWords>, object: u64) -> Offered {
        producer.offer(&hint(object)).unwrap().0
    }

    fn ring() -> (HeapWords, HintProducer<HeapWords>, HintConsumer<HeapWords>) {
        let memory = HeapWords::new(384 + 2 * 32);
        let place = RingPlace { at: 0, slots: 2 };
        let producer = HintProducer::new(memory.clone(), place);
        (memory.clone(), producer, HintConsumer::new(memory, place))
    }

    #[test]
    fn what_did_not_fit_shows_as_a_gap() {
        let (_, mut producer, mut consumer) = ring();
        let offered: Vec<_> = (0..5).map(|object| offer(&mut producer, object)).collect();
        assert_eq!(offered[1], Offered::Sent);
        assert_eq!(offered[2..], [Offered::Dropped; 3]);
        assert_eq!(consumer.receive(), Ok(Some(Received::Hint(hint(0)))));
        assert_eq!(consumer.receive(), Ok(Some(Received::Hint(hint(1)))));
        assert_eq!(
            consumer.receive(),
            Ok(Some(Received::Gap(3))),
            "though no hint came after it"
        );
        assert_eq!(consumer.receive(), Ok(None));
        assert_eq!(consumer.arm(), Ok(true));
    }

    #[test]
    fn a_gap_comes_before_the_hint_behind_it() {
        let (_, mut producer, mut consumer) = ring();
        for object in 0..4 {
            offer(&mut producer, object);
        }
        assert_eq!(consumer.receive(), Ok(Some(Received::Hint(hint(0)))));
        offer(&mut producer, 4);
        assert_eq!(consumer.receive(), Ok(Some(Received::Hint(hint(1)))));
        assert_eq!(consumer.receive(), Ok(Some(Received::Gap(2))));
        assert_eq!(consumer.arm(), Ok(false));
        assert_eq!(consumer.receive(), Ok(Some(Received::Hint(hint(4)))));
        assert_eq!(consumer.receive(), Ok(None));
    }

    #[test]
    fn hints_that_belong_together_come_together_or_not_at_all() {
        let (_, mut producer, mut consumer) = ring();
        let both = [hint(1), hint(2)];
        assert_eq!(offer(&mut producer, 0), Offered::Sent);
        assert_eq!(producer.offer_all(&both).unwrap().0, Offered::Dropped);
        assert_eq!(consumer.receive(), Ok(Some(Received::Hint(hint(0)))));
        assert_eq!(consumer.receive(), Ok(Some(Received::Gap(2))));
        assert_eq!(producer.offer_all(&both).unwrap().0, Offered::Sent);
        for hint in both {
            assert_eq!(consumer.receive(), Ok(Some(Received::Hint(hint))));
        }
        assert_eq!(consumer.receive(), Ok(None));
    }

    #[test]
    fn a_loss_wakes_the_sleeper() {
        let (memory, mut producer, mut consumer) = ring();
        for object in 0..2 {
            offer(&mut producer, object);
        }
        // As if the consumer's index had not arrived yet.
        while consumer.receive().unwrap().is_some() {}
        assert_eq!(consumer.arm(), Ok(true));
        memory.store(offset_of!(RingHeader, consumer), 0, Relaxed);
        assert_eq!(producer.offer(&hint(2)), Ok((Offered::Dropped, Notify::Needed)));
        assert_eq!(consumer.arm(), Ok(false));
        assert_eq!(consumer.receive(), Ok(Some(Received::Gap(1))));
    }
}
