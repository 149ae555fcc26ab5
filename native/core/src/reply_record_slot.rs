//! The calls that are running, one slot each: what they are about to do, and whether they have done it.
//!
//! ```text
//! slot   state u64 | sequence u64 | checksum u64 | body length u32 | 0 u32 | body
//! state  stage u8 in the low byte, the sequence above it
//! body   key 16 | flags u8 | evidence
//! ```
//!
//! The state is stored in one piece and last, so a slot that is not free has a whole body. The checksum, which covers
//! sequence and body, is for everything else that may happen to a file.

use crate::mapped_memory_unsafe::Region;
use crate::reply_record_evidence::{EVIDENCE_BYTES_MAX, Evidence};
use crate::reply_record_ring::{KEY_BYTES, Key, Salt, checksum};

pub const SLOT_BYTES: usize = 1024;
const HEADER_BYTES: usize = 32;
const BODY_BYTES_MAX: usize = SLOT_BYTES - HEADER_BYTES;
const _: () = assert!(KEY_BYTES + 1 + EVIDENCE_BYTES_MAX <= BODY_BYTES_MAX);
const FLAG_DURABLE: u8 = 1;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// The operation may or may not have happened.
    Prepared,
    /// It has, and may have to be finished: attributes to be set, directories to be synced.
    Happened,
}

const FREE: u8 = 0;
const PREPARED: u8 = 1;
const HAPPENED: u8 = 2;

/// A slot as it is read after a restart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Doubt {
    pub sequence: u64,
    pub stage: Stage,
    pub key: Key,
    /// The reply will speak of what is on stable storage.
    pub durable: bool,
    pub evidence: Evidence,
}

#[derive(Debug)]
pub struct Slot {
    region: Region,
    sequence: u64,
    body: Vec<u8>,
}

impl Slot {
    /// `region` has SLOT_BYTES bytes; whatever was there is gone.
    pub fn new(region: Region) -> Slot {
        assert_eq!(region.len(), SLOT_BYTES);
        let mut slot = Slot {
            region,
            sequence: 0,
            body: Vec::new(),
        };
        slot.clear();
        slot
    }

    pub fn prepare(&mut self, salt: &Salt, sequence: u64, key: &Key, durable: bool, evidence: &Evidence) {
        assert!(sequence < 1 << 56);
        self.clear();
        self.sequence = sequence;
        self.body.clear();
        self.body.extend(key);
        self.body.push(if durable { FLAG_DURABLE } else { 0 });
        evidence.encode(&mut self.body);
        let checksum = checksum(salt, &sequence.to_le_bytes(), &self.body);
        self.region.write(8, &sequence.to_le_bytes());
        self.region.write(16, &checksum);
        self.region.write(24, &(self.body.len() as u64).to_le_bytes());
        self.region.write(HEADER_BYTES, &self.body);
        self.stage(PREPARED);
    }

    /// After `prepare`.
    pub fn happened(&mut self) {
        self.stage(HAPPENED);
    }

    pub fn clear(&mut self) {
        self.region.publish(0, u64::from(FREE).to_le());
    }

    fn stage(&mut self, stage: u8) {
        self.region
            .publish(0, (self.sequence << 8 | u64::from(stage)).to_le());
    }
}

/// What the bytes of a slot say; None if it is free, or damaged.
pub fn read(bytes: &[u8], salt: &Salt) -> Option<Doubt> {
    let (head, rest) = bytes.split_first_chunk::<HEADER_BYTES>()?;
    let word = |at: usize| u64::from_le_bytes(head[at..at + 8].try_into().expect("eight bytes"));
    let (state, sequence) = (word(0), word(8));
    let stage = match state as u8 {
        PREPARED => Stage::Prepared,
        HAPPENED => Stage::Happened,
        _ => return None,
    };
    let body = rest.get(..usize::try_from(word(24)).ok()?)?;
    if state >> 8 != sequence || head[16..24] != checksum(salt, &sequence.to_le_bytes(), body) {
        return None;
    }
    let (key, rest) = body.split_first_chunk::<KEY_BYTES>()?;
    let (flags, evidence) = rest.split_first()?;
    Some(Doubt {
        sequence,
        stage,
        key: *key,
        durable: flags & FLAG_DURABLE != 0,
        evidence: Evidence::decode(evidence)?,
    })
}

/// Whether the slot holds something, be it damaged.
pub fn is_in_use(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|stage| *stage != FREE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reply_record_evidence::tests::evidence;

    const SALT: Salt = [9; 32];

    fn image(slot: &Slot) -> Vec<u8> {
        let mut bytes = vec![0; SLOT_BYTES];
        slot.region.read(0, &mut bytes);
        bytes
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn says_what_was_prepared_and_is_never_half(
            first in evidence(),
            second in evidence(),
            key in any::<Key>(),
            durable: bool,
        ) {
            let mut slot = Slot::new(Region::anonymous(SLOT_BYTES).unwrap());
            prop_assert_eq!(read(&image(&slot), &SALT), None);
            slot.prepare(&SALT, 5, &key, durable, &first);
            let mut expected = Doubt { sequence: 5, stage: Stage::Prepared, key, durable, evidence: first.clone() };
            prop_assert_eq!(read(&image(&slot), &SALT), Some(expected.clone()));
            prop_assert_eq!(read(&image(&slot), &[1; 32]), None);
            slot.happened();
            expected.stage = Stage::Happened;
            prop_assert_eq!(read(&image(&slot), &SALT), Some(expected));
            slot.clear();
            prop_assert_eq!(read(&image(&slot), &SALT), None);

            // A power failure may leave any mixture of old and new on the disk.
            let before = image(&slot);
            slot.prepare(&SALT, 6, &key, durable, &second);
            let after = image(&slot);
            let expected = Some(Doubt { sequence: 6, stage: Stage::Prepared, key, durable, evidence: second });
            for torn in 0..SLOT_BYTES {
                for image in [
                    [&after[..torn], &before[torn..]].concat(),
                    [&before[..torn], &after[torn..]].concat(),
                ] {
                    let found = read(&image, &SALT);
                    prop_assert!(found.is_none() || found == expected, "torn at {}", torn);
                }
            }
        }

        #[test]
        fn noise_is_no_intent(mut bytes in prop::collection::vec(any::<u8>(), 0..SLOT_BYTES), stage in 0..3u8) {
            if let Some(first) = bytes.first_mut() {
                *first = stage;
            }
            prop_assert_eq!(read(&bytes, &SALT), None);
        }
    }
}
