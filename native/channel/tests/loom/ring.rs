use std::sync::Arc;

use fsva_channel::geometry::RingPlace;
use fsva_channel::hint_ring::{HintConsumer, HintProducer, Received};
use fsva_channel::message::Hint;
use fsva_channel::ring::{Consumer, Notify, Producer, PushError};
use fsva_channel::words::Words;
use loom::sync::Notify as Bell;
use loom::thread;

use crate::memory::{ModelWords, Without, check_bounded, fault};

/// Sends `items` through a ring of `slots` to a consumer that sleeps whenever it may: it must be woken for each, and find
/// each whole. The model reports a deadlock if it is not woken.
fn sleeping_consumer(slots: u64, items: u64, without: Without) {
    let memory = ModelWords::ring(slots, 2, without);
    let place = RingPlace { at: 0, slots };
    let mut producer = Producer::<_, 2>::new(memory.clone(), place);
    let mut consumer = Consumer::<_, 2>::new(memory, place);
    let bell = Arc::new(Bell::new());
    let rung = bell.clone();
    let sender = thread::spawn(move || {
        for item in 1..=items {
            while let Err(error) = producer.write(&[item, !item]) {
                assert_eq!(error, PushError::Full);
                thread::yield_now();
            }
            if producer.publish() == Notify::Needed {
                rung.notify();
            }
        }
    });
    for item in 1..=items {
        let slot = loop {
            if let Some(slot) = consumer.read().unwrap() {
                break slot;
            }
            if consumer.arm().unwrap() {
                bell.wait();
            }
        };
        assert_eq!(slot, [item, !item], "a slot that is torn, stale or overtaken");
        consumer.release();
    }
    sender.join().unwrap();
}

#[test]
fn no_wake_up_is_lost() {
    loom::model(|| sleeping_consumer(2, 2, Without::Nothing));
}

#[test]
fn control_without_fences_a_wake_up_is_lost() {
    let fault = fault(|| sleeping_consumer(2, 2, Without::Fences));
    assert!(fault.contains("deadlock"), "{fault}");
}

#[test]
fn no_slot_is_overtaken() {
    loom::model(|| sleeping_consumer(1, 2, Without::Nothing));
}

#[test]
fn control_without_release_and_acquire_a_slot_is_not_whole() {
    let fault = fault(|| sleeping_consumer(1, 2, Without::Ordering));
    assert!(fault.contains("torn"), "{fault}");
}

/// As above with a batch: one notification for both slots.
fn batch(without: Without) {
    let memory = ModelWords::ring(2, 2, without);
    let place = RingPlace { at: 0, slots: 2 };
    let mut producer = Producer::<_, 2>::new(memory.clone(), place);
    let mut consumer = Consumer::<_, 2>::new(memory, place);
    let bell = Arc::new(Bell::new());
    let rung = bell.clone();
    let sender = thread::spawn(move || {
        for item in 1..=2 {
            producer.write(&[item, !item]).unwrap();
        }
        if producer.publish() == Notify::Needed {
            rung.notify();
        }
    });
    let mut next = 1;
    while next <= 2 {
        if let Some(slot) = consumer.read().unwrap() {
            assert_eq!(slot, [next, !next]);
            next += 1;
        } else if consumer.arm().unwrap() {
            bell.wait();
        }
    }
    sender.join().unwrap();
}

#[test]
fn a_batch_is_seen_whole() {
    loom::model(|| batch(Without::Nothing));
}

#[test]
fn control_without_fences_a_batch_is_not_noticed() {
    let fault = fault(|| batch(Without::Fences));
    assert!(fault.contains("deadlock"), "{fault}");
}

/// A consumer that looks for the first slot itself, and then sleeps until it is woken for the second.
fn expecting_consumer(without: Without) {
    let memory = ModelWords::ring(2, 2, without);
    let place = RingPlace { at: 0, slots: 2 };
    let mut producer = Producer::<_, 2>::new(memory.clone(), place);
    let mut consumer = Consumer::<_, 2>::new(memory.clone(), place);
    let bell = Arc::new(Bell::new());
    let rung = bell.clone();
    let sender = thread::spawn(move || {
        for item in 1..=2 {
            producer.write(&[item, !item]).unwrap();
            if producer.publish() == Notify::Needed {
                rung.notify();
            }
        }
    });
    consumer.arm_behind(1);
    // As publishing the request does.
    memory.fence();
    while consumer.read().unwrap().is_none() {
        thread::yield_now();
    }
    while !consumer.look().unwrap() {
        bell.wait();
    }
    assert_eq!(consumer.read().unwrap(), Some([2, !2]));
    sender.join().unwrap();
}

#[test]
fn what_comes_behind_the_expected_wakes() {
    loom::model(|| expecting_consumer(Without::Nothing));
}

#[test]
fn control_without_fences_nobody_is_woken_behind_the_expected() {
    let fault = fault(|| expecting_consumer(Without::Fences));
    assert!(fault.contains("deadlock"), "{fault}");
}

/// Two hints through one slot, not waited for: the receiver sleeps whenever it may, and still accounts for both.
fn hints(without: Without) {
    let memory = ModelWords::ring(1, 4, without);
    let place = RingPlace { at: 0, slots: 1 };
    let mut producer = HintProducer::new(memory.clone(), place);
    let mut consumer = HintConsumer::new(memory, place);
    let bell = Arc::new(Bell::new());
    let rung = bell.clone();
    let sender = thread::spawn(move || {
        for object in 0..2 {
            let hint = Hint {
                object,
                ..Hint::default()
            };
            if producer.offer(&hint).unwrap().1 == Notify::Needed {
                rung.notify();
            }
        }
    });
    let mut next = 0;
    while next < 2 {
        match consumer.receive().unwrap() {
            Some(Received::Hint(hint)) => {
                assert_eq!(hint.object, next, "a gap that does not show");
                next += 1;
            }
            Some(Received::Gap(lost)) => next += lost,
            None => {
                if consumer.arm().unwrap() {
                    bell.wait();
                }
            }
        }
    }
    assert_eq!(next, 2);
    sender.join().unwrap();
}

#[test]
fn every_hint_or_its_gap_arrives() {
    check_bounded(5, || hints(Without::Nothing));
}

#[test]
fn control_without_fences_a_loss_is_not_noticed() {
    let fault = fault(|| hints(Without::Fences));
    assert!(fault.contains("deadlock"), "{fault}");
}
