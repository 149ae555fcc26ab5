//! A record whose file is not what was left there: a disk that lies, a tool that writes to it, another version.

use proptest::prelude::*;

use super::tests::{answered, begin, evidence, open};
use super::*;
use crate::reply_record_file::FILE_NAME;

#[derive(Clone, Debug)]
enum Damage {
    Bit { at: usize, bit: u8 },
    Word { at: usize, word: u32 },
    Zeros { at: usize, length: usize },
    Copied { from: usize, to: usize, length: usize },
    Cut { length: usize },
    Longer { more: Vec<u8> },
}

fn damage() -> impl Strategy<Value = Damage> {
    // The head and the first slots are where a change is felt; the rest has to be met, too.
    let at = || prop_oneof![any::<usize>(), 0..4096usize, 0..256usize];
    prop_oneof![
        6 => (at(), 0..8u8).prop_map(|(at, bit)| Damage::Bit { at, bit }),
        4 => (at(), prop_oneof![any::<u32>(), Just(0), Just(u32::MAX), 0..64u32])
            .prop_map(|(at, word)| Damage::Word { at, word }),
        2 => (at(), 1..5000usize).prop_map(|(at, length)| Damage::Zeros { at, length }),
        2 => (at(), at(), 1..600usize).prop_map(|(from, to, length)| Damage::Copied { from, to, length }),
        1 => at().prop_map(|length| Damage::Cut { length }),
        1 => prop::collection::vec(any::<u8>(), 1..100).prop_map(|more| Damage::Longer { more }),
    ]
}

impl Damage {
    fn apply(&self, file: &mut Vec<u8>) {
        let size = file.len().max(1);
        let end = |at: usize, length: usize| (at + length).min(size);
        match self {
            Damage::Bit { at, bit } => file[at % size] ^= 1 << bit,
            Damage::Word { at, word } => {
                let at = at % size / 4 * 4;
                if let Some(place) = file.get_mut(at..at + 4) {
                    place.copy_from_slice(&word.to_le_bytes());
                }
            }
            Damage::Zeros { at, length } => file[at % size..end(at % size, *length)].fill(0),
            Damage::Copied { from, to, length } => {
                let (from, to) = (from % size, to % size);
                let length = (*length).min(size - from).min(size - to);
                file.copy_within(from..from + length, to);
            }
            Damage::Cut { length } => file.truncate(1 + length % size),
            Damage::Longer { more } => file.extend(more),
        }
    }
}

fn reply(xid: u32) -> Vec<u8> {
    vec![xid as u8; 40 + xid as usize * 13]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 2))]

    /// The server starts, nobody is given what is not the reply to his call, and new calls are recorded.
    #[test]
    fn a_damaged_record_gives_right_replies_or_none(
        damages in prop::collection::vec(damage(), 1..12),
        rounds in 1..3u32,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE_NAME);
        for round in 0..rounds {
            let (record, _) = open(directory.path());
            for xid in round * 20..round * 20 + 8 {
                if answered(&record, xid).is_none() {
                    record.end(begin(&record, xid), Some(&reply(xid)));
                }
            }
            // In doubt: begun, and in one case done.
            for xid in round * 20 + 8..round * 20 + 11 {
                if let Begun::New(number) = record.begin(&super::tests::call(xid), Keep::Reply) {
                    record.intent(number).unwrap().prepare(false, evidence("name"));
                    if xid % 2 == 0 {
                        record.intent(number).unwrap().happened();
                    }
                }
            }
            drop(record);
            let mut file = std::fs::read(&path).unwrap();
            for damage in &damages {
                damage.apply(&mut file);
            }
            std::fs::write(&path, &file).unwrap();
        }
        let (record, _) = open(directory.path());
        record.decide(|past| past.happened().then_some(true));
        for xid in (0..rounds * 20).filter(|xid| xid % 20 < 8) {
            if let Begun::Answered(found) = record.begin(&super::tests::call(xid), Keep::Reply) {
                prop_assert_eq!(found, reply(xid));
            }
        }
        for xid in 1000..1020 {
            record.end(begin(&record, xid), Some(&reply(xid - 1000)));
        }
        drop(record);
        let (again, _) = open(directory.path());
        for xid in 1000..1020 {
            prop_assert_eq!(answered(&again, xid), Some(reply(xid - 1000)));
        }
    }
}
