//! The replies that were given, in a ring: a new one takes the place of the oldest.
//!
//! ```text
//! frame  magic u32 | reply length u32 | sequence u64 | key 16 | flags u64 | checksum u64 | reply | zeros to 16
//! ```
//!
//! Integers are little-endian; frames begin at multiples of 16 and do not wrap around. The checksum is a keyed BLAKE3 of
//! everything before it and of the reply, so that a frame that was written in part, or overwritten in part, is
//! recognized, and nothing that a client sends can look like one. No pointer says where the ring begins: whoever reads
//! it takes every frame that is whole and sorts by sequence.

use std::collections::VecDeque;

use crate::mapped_memory_unsafe::Region;

pub const KEY_BYTES: usize = 16;
/// Identifies a call: a keyed hash of the client's address, xid, procedure and arguments.
pub type Key = [u8; KEY_BYTES];
pub type Salt = [u8; 32];

/// Larger replies are not kept. Those of the procedures in question have at most a few hundred bytes.
pub const REPLY_BYTES_MAX: usize = 4096;
const MAGIC: u32 = 0x7c4a_11f5;
const HEADER_BYTES: usize = 48;
const ALIGNMENT: usize = 16;
pub const FRAME_BYTES_MAX: usize = HEADER_BYTES + REPLY_BYTES_MAX;

/// The reply speaks of what is on stable storage.
const FLAG_DURABLE: u64 = 1;

/// Where a reply lies. Valid until it is reported as evicted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    at: usize,
    reply_bytes: usize,
    pub sequence: u64,
}

/// A frame as it is read after a restart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    pub sequence: u64,
    pub key: Key,
    pub durable: bool,
    pub reply: Vec<u8>,
}

struct Held {
    key: Key,
    at: usize,
    frame_bytes: usize,
    sequence: u64,
}

pub struct Ring {
    region: Region,
    salt: Salt,
    next: usize,
    sequence: u64,
    /// Oldest first, which is also the order in which the ring comes by them.
    held: VecDeque<Held>,
    held_bytes: usize,
    frame: Vec<u8>,
}

impl Ring {
    /// Over a region of at least FRAME_BYTES_MAX bytes whose content does not matter.
    pub fn new(region: Region, salt: Salt) -> Ring {
        assert!(region.len() >= FRAME_BYTES_MAX);
        Ring {
            region,
            salt,
            next: 0,
            sequence: 0,
            held: VecDeque::new(),
            held_bytes: 0,
            frame: Vec::with_capacity(FRAME_BYTES_MAX),
        }
    }

    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Of the last reply.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Keeps a reply of at most REPLY_BYTES_MAX bytes. `evicted` hears of those that had to go for it.
    pub fn append(
        &mut self,
        key: &Key,
        durable: bool,
        reply: &[u8],
        mut evicted: impl FnMut(&Key, u64),
    ) -> Place {
        assert!(reply.len() <= REPLY_BYTES_MAX);
        self.sequence += 1;
        encode(&mut self.frame, &self.salt, self.sequence, key, durable, reply);
        let frame_bytes = self.frame.len();
        if frame_bytes > self.region.len() - self.next {
            while self.held.front().is_some_and(|oldest| oldest.at >= self.next) {
                self.evict(&mut evicted);
            }
            self.next = 0;
        }
        let (at, end) = (self.next, self.next + frame_bytes);
        while self
            .held
            .front()
            .is_some_and(|oldest| oldest.at >= at && oldest.at < end)
        {
            self.evict(&mut evicted);
        }
        self.region.write(at, &self.frame);
        self.next = end;
        self.held_bytes += frame_bytes;
        self.held.push_back(Held {
            key: *key,
            at,
            frame_bytes,
            sequence: self.sequence,
        });
        Place {
            at,
            reply_bytes: reply.len(),
            sequence: self.sequence,
        }
    }

    fn evict(&mut self, evicted: &mut impl FnMut(&Key, u64)) {
        let oldest = self.held.pop_front().expect("only called if there is one");
        self.held_bytes -= oldest.frame_bytes;
        evicted(&oldest.key, oldest.sequence);
    }

    pub fn reply(&self, place: Place) -> Vec<u8> {
        let mut reply = vec![0; place.reply_bytes];
        self.region.read(place.at + HEADER_BYTES, &mut reply);
        reply
    }

    /// Bytes in use.
    pub fn held_bytes(&self) -> usize {
        self.held_bytes
    }
}

fn padded(bytes: usize) -> usize {
    bytes.next_multiple_of(ALIGNMENT)
}

fn encode(frame: &mut Vec<u8>, salt: &Salt, sequence: u64, key: &Key, durable: bool, reply: &[u8]) {
    frame.clear();
    frame.extend(MAGIC.to_le_bytes());
    frame.extend((reply.len() as u32).to_le_bytes());
    frame.extend(sequence.to_le_bytes());
    frame.extend(key);
    frame.extend(if durable { FLAG_DURABLE } else { 0 }.to_le_bytes());
    let checksum = checksum(salt, frame, reply);
    frame.extend(checksum);
    frame.extend(reply);
    frame.resize(padded(frame.len()), 0);
}

pub fn checksum(salt: &Salt, head: &[u8], body: &[u8]) -> [u8; 8] {
    let mut hasher = blake3::Hasher::new_keyed(salt);
    hasher.update(head);
    hasher.update(body);
    let mut checksum = [0; 8];
    checksum.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    checksum
}

/// Every whole frame in the bytes of a ring, oldest first. Where there is none, the next multiple of 16 is looked at.
pub fn scan(bytes: &[u8], salt: &Salt) -> Vec<Kept> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = bytes.get(at..)
        && rest.len() >= HEADER_BYTES
    {
        match decode(rest, salt) {
            Some((kept, frame_bytes)) => {
                found.push(kept);
                at += frame_bytes;
            }
            None => at += ALIGNMENT,
        }
    }
    found.sort_by_key(|kept| kept.sequence);
    found
}

fn decode(bytes: &[u8], salt: &Salt) -> Option<(Kept, usize)> {
    let (head, rest) = bytes.split_first_chunk::<{ HEADER_BYTES - 8 }>()?;
    if head[..4] != MAGIC.to_le_bytes() {
        return None;
    }
    let (stored, rest) = rest.split_first_chunk::<8>()?;
    let word = |at: usize| u64::from_le_bytes(head[at..at + 8].try_into().expect("eight bytes"));
    let reply_bytes = u32::from_le_bytes(head[4..8].try_into().expect("four bytes")) as usize;
    if reply_bytes > REPLY_BYTES_MAX {
        return None;
    }
    let reply = rest.get(..reply_bytes)?;
    if checksum(salt, head, reply) != *stored {
        return None;
    }
    let kept = Kept {
        sequence: word(8),
        key: head[16..32].try_into().expect("sixteen bytes"),
        durable: word(32) & FLAG_DURABLE != 0,
        reply: reply.to_vec(),
    };
    Some((kept, padded(HEADER_BYTES + reply_bytes)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const SALT: Salt = [7; 32];

    fn ring(bytes: usize) -> Ring {
        Ring::new(Region::anonymous(bytes).unwrap(), SALT)
    }

    fn image(ring: &Ring) -> Vec<u8> {
        let mut bytes = vec![0; ring.region.len()];
        ring.region.read(0, &mut bytes);
        bytes
    }

    fn key(number: u64) -> Key {
        let mut key = [0; KEY_BYTES];
        key[..8].copy_from_slice(&number.to_le_bytes());
        key
    }

    #[test]
    fn a_frame_torn_at_any_byte_is_not_there_and_hides_no_other() {
        let mut ring = ring(8192);
        for number in 0..10 {
            ring.append(&key(number), true, &[number as u8; 100], |_, _| {
                panic!("there is room")
            });
        }
        let before = image(&ring);
        ring.append(&key(10), true, &[10; 100], |_, _| panic!("there is room"));
        let after = image(&ring);
        let changed = before
            .iter()
            .zip(&after)
            .rposition(|(old, new)| old != new)
            .unwrap();
        for torn in 0..=changed {
            // Written up to here, or from here on: the processor may do either.
            for image in [
                [&after[..torn], &before[torn..]].concat(),
                [&before[..torn], &after[torn..]].concat(),
            ] {
                let found = scan(&image, &SALT);
                let whole = image == after;
                assert_eq!(found.len(), if whole { 11 } else { 10 }, "torn at {torn}");
                assert!(
                    found
                        .iter()
                        .zip(0..)
                        .all(|(kept, number)| kept.key == key(number))
                );
            }
        }
        assert_eq!(scan(&after, &SALT).len(), 11);
        assert!(
            scan(&after, &[8; 32]).is_empty(),
            "another file's frames are noise"
        );
    }

    proptest! {
        #[test]
        fn holds_the_newest_and_reports_every_eviction(
            sizes in prop::collection::vec(0..=REPLY_BYTES_MAX, 1..300),
            bytes in FRAME_BYTES_MAX..40_000usize,
        ) {
            let mut ring = ring(bytes);
            let mut held: BTreeMap<u64, (u64, Place, Vec<u8>)> = BTreeMap::new();
            for (number, size) in (0u64..).zip(sizes) {
                let reply = vec![number as u8; size];
                let mut evicted = Vec::new();
                let place = ring.append(&key(number), number % 2 == 0, &reply, |key, sequence| {
                    evicted.push((*key, sequence));
                });
                for (key, sequence) in evicted {
                    let oldest = held.pop_first().map(|(sequence, (number, ..))| (number, sequence));
                    prop_assert_eq!(oldest.map(|(number, sequence)| (self::key(number), sequence)), Some((key, sequence)));
                }
                held.insert(place.sequence, (number, place, reply));
                prop_assert_eq!(ring.len(), held.len());
                prop_assert!(ring.held_bytes() <= bytes);
            }
            for (_, place, reply) in held.values() {
                prop_assert_eq!(&ring.reply(*place), reply);
            }
            let found = scan(&image(&ring), &SALT);
            let mut newest = found.iter().rev();
            for (sequence, (number, _, reply)) in held.iter().rev() {
                let kept = newest.next().unwrap();
                prop_assert_eq!((kept.sequence, kept.key, &kept.reply), (*sequence, key(*number), reply));
                prop_assert_eq!(kept.durable, number % 2 == 0);
            }
        }

        #[test]
        fn noise_is_no_frame(mut bytes in prop::collection::vec(any::<u8>(), 0..20_000), at in 0..1000usize) {
            let magic = MAGIC.to_le_bytes();
            if let Some(place) = bytes.get_mut(at * 16..at * 16 + 4) {
                place.copy_from_slice(&magic);
            }
            prop_assert!(scan(&bytes, &SALT).is_empty());
        }
    }
}
