//! A ring of slots with one producer and one consumer, which need not trust each other.
//!
//! Each side keeps its own index in private memory and only publishes it; the peer's is read once per look, and one that
//! is not where it can be is an error that breaks the channel, never an address. Notification is by event index, as in
//! Xen and virtio: a producer notifies only if it passed the index at which the consumer wants to be woken.
//!
//! ```text
//! push    write slots, store producer (release), full fence, load event: notify if it was crossed
//! sleep   store event = consumer + 1, full fence, look at producer again, only then sleep
//! ```
//!
//! Either the consumer's second look sees the slot, or the producer's look at the event index sees the wish to be woken:
//! the two full fences forbid that both miss (`tests/loom` has the proof, and the failure without the fences).

use std::mem::offset_of;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::geometry::RingPlace;
use crate::layout::RingHeader;
use crate::words::Words;

const PRODUCER: usize = offset_of!(RingHeader, producer);
const CONSUMER: usize = offset_of!(RingHeader, consumer);
const EVENT: usize = offset_of!(RingHeader, event);

/// The peer's index is not where it can be: it is hostile, or began anew, or the memory was lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WildIndex;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PushError {
    /// Nothing was written.
    Full,
    Wild(WildIndex),
}

/// Whether the peer has to be woken.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notify {
    Needed,
    /// It is awake, or has been told.
    Spared,
}

fn slot_at(place: RingPlace, words: usize, index: u64) -> usize {
    place.at + size_of::<RingHeader>() + (index & (place.slots - 1)) as usize * words * 8
}

/// The writing end; `WORDS` per slot.
#[derive(Debug)]
pub struct Producer<M, const WORDS: usize> {
    memory: M,
    place: RingPlace,
    written: u64,
    published: u64,
    /// As last seen and found possible.
    consumed: u64,
}

impl<M: Words, const WORDS: usize> Producer<M, WORDS> {
    /// The consumer must not look before both ends have begun.
    pub fn new(memory: M, place: RingPlace) -> Self {
        assert!(place.slots.is_power_of_two());
        memory.store(place.at + PRODUCER, 0, Release);
        Producer {
            memory,
            place,
            written: 0,
            published: 0,
            consumed: 0,
        }
    }

    /// The index that the next slot will have.
    pub fn next_index(&self) -> u64 {
        self.written
    }

    pub fn free_slots(&mut self) -> Result<u64, WildIndex> {
        let consumed = self.memory.load(self.place.at + CONSUMER, Acquire);
        if self.published.wrapping_sub(consumed) > self.published - self.consumed {
            return Err(WildIndex);
        }
        self.consumed = consumed;
        Ok(self.place.slots - (self.written - consumed))
    }

    /// Writes the next slot, which the consumer does not see before `publish`.
    pub fn write(&mut self, slot: &[u64; WORDS]) -> Result<(), PushError> {
        if self.written - self.consumed == self.place.slots
            && self.free_slots().map_err(PushError::Wild)? == 0
        {
            return Err(PushError::Full);
        }
        let at = slot_at(self.place, WORDS, self.written);
        for (word, value) in slot.iter().enumerate() {
            self.memory.store(at + word * 8, *value, Relaxed);
        }
        self.written += 1;
        Ok(())
    }

    /// Lets the consumer see everything written: a batch costs one store, one fence and at most one notification.
    pub fn publish(&mut self) -> Notify {
        if self.written == self.published {
            return Notify::Spared;
        }
        let before = self.published;
        self.published = self.written;
        self.memory
            .store(self.place.at + PRODUCER, self.published, Release);
        self.notify_if_crossed(before)
    }

    fn notify_if_crossed(&self, before: u64) -> Notify {
        self.memory.fence();
        // A wild event index costs its owner a wake-up too many or too few, and us nothing.
        let event = self.memory.load(self.place.at + EVENT, Relaxed);
        if self.published.wrapping_sub(event) < self.published - before {
            Notify::Needed
        } else {
            Notify::Spared
        }
    }

    /// Whether the consumer wants to be woken by whatever comes next. After a store that it is to see.
    pub(crate) fn consumer_is_armed(&self) -> bool {
        self.memory.fence();
        self.memory.load(self.place.at + EVENT, Relaxed) == self.published.wrapping_add(1)
    }

    pub(crate) fn memory(&self) -> &M {
        &self.memory
    }

    pub(crate) fn place(&self) -> RingPlace {
        self.place
    }
}

/// The reading end.
#[derive(Debug)]
pub struct Consumer<M, const WORDS: usize> {
    memory: M,
    place: RingPlace,
    read: u64,
    released: u64,
    /// The producer's index as last seen and found possible.
    produced: u64,
}

impl<M: Words, const WORDS: usize> Consumer<M, WORDS> {
    /// The producer must not write before both ends have begun.
    pub fn new(memory: M, place: RingPlace) -> Self {
        assert!(place.slots.is_power_of_two());
        memory.store(place.at + EVENT, 0, Relaxed);
        memory.store(place.at + CONSUMER, 0, Release);
        Consumer {
            memory,
            place,
            read: 0,
            released: 0,
            produced: 0,
        }
    }

    /// The index that the next slot has.
    pub fn next_index(&self) -> u64 {
        self.read
    }

    /// A copy of the next slot; None if there is none now. The slot is the producer's again after `release`.
    pub fn read(&mut self) -> Result<Option<[u64; WORDS]>, WildIndex> {
        if self.read == self.produced && !self.look()? {
            return Ok(None);
        }
        let at = slot_at(self.place, WORDS, self.read);
        let mut slot = [0; WORDS];
        for (word, value) in slot.iter_mut().enumerate() {
            *value = self.memory.load(at + word * 8, Relaxed);
        }
        self.read += 1;
        Ok(Some(slot))
    }

    /// Gives the slots read back to the producer. Not later than before sleeping.
    pub fn release(&mut self) {
        if self.released != self.read {
            self.released = self.read;
            self.memory.store(self.place.at + CONSUMER, self.read, Release);
        }
    }

    /// `release`, and asks to be woken. True: nothing came meanwhile, and the producer will notify when something does.
    /// False: look again instead of sleeping.
    pub fn arm(&mut self) -> Result<bool, WildIndex> {
        self.release();
        self.memory
            .store(self.place.at + EVENT, self.read.wrapping_add(1), Relaxed);
        self.memory.fence();
        Ok(self.read == self.produced && !self.look()?)
    }

    /// `release`, and asks to be woken by what comes behind the next `expected` slots. Whoever asks must fence afterwards,
    /// as `Producer::publish` does, and look once more before sleeping.
    pub fn arm_behind(&mut self, expected: u64) {
        self.release();
        let event = self.read.wrapping_add(expected).wrapping_add(1);
        self.memory.store(self.place.at + EVENT, event, Relaxed);
    }

    /// Whether there is a slot that was not read.
    pub fn look(&mut self) -> Result<bool, WildIndex> {
        let produced = self.memory.load(self.place.at + PRODUCER, Acquire);
        // Never behind what was seen, and never more than the ring holds in front of what was given back.
        let ahead = produced.wrapping_sub(self.released);
        if ahead > self.place.slots || ahead < self.produced - self.released {
            return Err(WildIndex);
        }
        self.produced = produced;
        Ok(self.read != produced)
    }

    pub(crate) fn memory(&self) -> &M {
        &self.memory
    }

    pub(crate) fn place(&self) -> RingPlace {
        self.place
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::heap_words::HeapWords;

    fn ring(slots: u64) -> (HeapWords, Producer<HeapWords, 2>, Consumer<HeapWords, 2>) {
        let memory = HeapWords::new(384 + slots as usize * 16);
        let place = RingPlace { at: 0, slots };
        let producer = Producer::new(memory.clone(), place);
        let consumer = Consumer::new(memory.clone(), place);
        (memory, producer, consumer)
    }

    #[test]
    fn a_full_ring_takes_nothing_until_slots_are_given_back() {
        let (_, mut producer, mut consumer) = ring(2);
        producer.write(&[1, 1]).unwrap();
        producer.write(&[2, 2]).unwrap();
        assert_eq!(producer.write(&[3, 3]), Err(PushError::Full));
        assert_eq!(consumer.read(), Ok(None), "not published");
        let _ = producer.publish();
        assert_eq!(consumer.read(), Ok(Some([1, 1])));
        assert_eq!(
            producer.write(&[3, 3]),
            Err(PushError::Full),
            "read, not given back"
        );
        consumer.release();
        assert_eq!(producer.write(&[3, 3]), Ok(()));
    }

    #[test]
    fn only_a_sleeper_is_notified_and_only_once() {
        let (_, mut producer, mut consumer) = ring(4);
        producer.write(&[1, 1]).unwrap();
        assert_eq!(producer.publish(), Notify::Spared);
        assert_eq!(consumer.arm(), Ok(false));
        consumer.read().unwrap().unwrap();
        assert_eq!(consumer.arm(), Ok(true));
        assert_eq!(producer.publish(), Notify::Spared, "nothing was written");
        producer.write(&[2, 2]).unwrap();
        producer.write(&[3, 3]).unwrap();
        assert_eq!(producer.publish(), Notify::Needed);
        producer.write(&[4, 4]).unwrap();
        assert_eq!(producer.publish(), Notify::Spared);
    }

    #[test]
    fn what_is_expected_does_not_notify_but_what_is_behind_it() {
        let (_, mut producer, mut consumer) = ring(4);
        consumer.arm_behind(2);
        for slot in 1..=2 {
            producer.write(&[slot; 2]).unwrap();
            assert_eq!(producer.publish(), Notify::Spared);
            consumer.read().unwrap().unwrap();
        }
        assert_eq!(consumer.look(), Ok(false), "read, and armed without another arm");
        producer.write(&[3, 3]).unwrap();
        assert_eq!(producer.publish(), Notify::Needed);
    }

    #[test]
    fn a_wild_index_is_an_error() {
        for wild in [5, u64::MAX, 1 << 63] {
            let (memory, _, mut consumer) = ring(4);
            memory.store(PRODUCER, wild, Relaxed);
            assert_eq!(consumer.read(), Err(WildIndex));
            assert_eq!(consumer.arm(), Err(WildIndex));
        }
        for wild in [1, u64::MAX] {
            let (memory, mut producer, _) = ring(4);
            memory.store(CONSUMER, wild, Relaxed);
            assert_eq!(producer.free_slots(), Err(WildIndex));
        }
        let (memory, mut producer, mut consumer) = ring(4);
        producer.write(&[1, 1]).unwrap();
        let _ = producer.publish();
        consumer.read().unwrap().unwrap();
        memory.store(PRODUCER, 0, Relaxed);
        assert_eq!(consumer.read(), Err(WildIndex), "it went back");
    }

    proptest! {
        /// Against a queue: what comes out is what went in, in its order, whatever the batches.
        #[test]
        fn is_a_queue(steps in prop::collection::vec(0..5u8, 0..200), slots in 1..4u32) {
            let (_, mut producer, mut consumer) = ring(1 << slots);
            let (mut sent, mut got) = (0u64, 0u64);
            for step in steps {
                match step {
                    0 | 1 => match producer.write(&[sent, !sent]) {
                        Ok(()) => sent += 1,
                        Err(error) => {
                            prop_assert_eq!(error, PushError::Full);
                            prop_assert!(sent - got + (consumer.next_index() - consumer.released) >= 1 << slots);
                        }
                    },
                    2 => drop(producer.publish()),
                    3 => if let Some(slot) = consumer.read().unwrap() {
                        prop_assert_eq!(slot, [got, !got]);
                        got += 1;
                    },
                    _ => { consumer.arm().unwrap(); }
                }
            }
            prop_assert!(got <= sent);
        }
    }
}
