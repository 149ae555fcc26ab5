//! Slots as values: read once from shared memory, then private.

use crate::layout::{ControlSlot, GRANTS_PER_SLOT, HintSlot};

pub const CONTROL_WORDS: usize = size_of::<ControlSlot>() / 8;
pub const HINT_WORDS: usize = size_of::<HintSlot>() / 8;

/// A grant by number. A generation is used once, so a reference that is too old matches nothing.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Hash)]
pub struct GrantRef {
    pub index: u16,
    /// 0: no grant.
    pub generation: u32,
}

/// What a control slot says, apart from epoch and sequence.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Message {
    pub op: u16,
    pub flags: u16,
    pub length: u32,
    pub request_id: u64,
    pub handle_index: u32,
    pub status: u32,
    pub offset: u64,
    pub grants: [GrantRef; GRANTS_PER_SLOT],
}

/// Which slot of which epoch this is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    pub epoch: u32,
    pub sequence: u32,
}

const fn pair(low: u32, high: u32) -> u64 {
    low as u64 | (high as u64) << 32
}

const fn low(word: u64) -> u32 {
    word as u32
}

const fn high(word: u64) -> u32 {
    (word >> 32) as u32
}

impl Message {
    pub fn encode(&self, stamp: Stamp) -> [u64; CONTROL_WORDS] {
        let generation = |grant: usize| self.grants[grant].generation;
        let indices = self.grants.iter().rev();
        [
            pair(u32::from(self.op) | u32::from(self.flags) << 16, self.length),
            self.request_id,
            pair(stamp.epoch, stamp.sequence),
            pair(self.handle_index, self.status),
            self.offset,
            pair(generation(0), generation(1)),
            pair(generation(2), generation(3)),
            indices.fold(0, |word, grant| word << 16 | u64::from(grant.index)),
        ]
    }

    pub fn decode(slot: &[u64; CONTROL_WORDS]) -> (Message, Stamp) {
        let generations = [low(slot[5]), high(slot[5]), low(slot[6]), high(slot[6])];
        let grants = std::array::from_fn(|grant| GrantRef {
            index: (slot[7] >> (16 * grant)) as u16,
            generation: generations[grant],
        });
        let message = Message {
            op: slot[0] as u16,
            flags: (slot[0] >> 16) as u16,
            length: high(slot[0]),
            request_id: slot[1],
            handle_index: low(slot[3]),
            status: high(slot[3]),
            offset: slot[4],
            grants,
        };
        let stamp = Stamp {
            epoch: low(slot[2]),
            sequence: high(slot[2]),
        };
        (message, stamp)
    }
}

/// What a hint slot says, apart from its number.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Hint {
    pub op: u16,
    pub flags: u16,
    pub handle_index: u32,
    pub object: u64,
    pub argument: u64,
}

impl Hint {
    pub fn encode(&self, sequence: u64) -> [u64; HINT_WORDS] {
        let head = pair(
            u32::from(self.op) | u32::from(self.flags) << 16,
            self.handle_index,
        );
        [sequence, head, self.object, self.argument]
    }

    pub fn decode(slot: &[u64; HINT_WORDS]) -> (u64, Hint) {
        let hint = Hint {
            op: slot[1] as u16,
            flags: (slot[1] >> 16) as u16,
            handle_index: high(slot[1]),
            object: slot[2],
            argument: slot[3],
        };
        (slot[0], hint)
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    fn bytes<const WORDS: usize>(slot: &[u64; WORDS]) -> Vec<u8> {
        slot.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    fn number(bytes: &[u8], at: usize, size: usize) -> u64 {
        let mut word = [0; 8];
        word[..size].copy_from_slice(&bytes[at..at + size]);
        u64::from_le_bytes(word)
    }

    #[test]
    fn a_message_lies_as_the_layout_says() {
        let message = Message {
            op: 0x1122,
            flags: 0x3344,
            length: 0x5566_7788,
            request_id: 0x0123_4567_89ab_cdef,
            handle_index: 0x99aa_bbcc,
            status: 0xddee_ff00,
            offset: 0xfedc_ba98_7654_3210,
            grants: std::array::from_fn(|grant| GrantRef {
                index: 0xa0 + grant as u16,
                generation: 0xb0b0_b0b0 + grant as u32,
            }),
        };
        let stamp = Stamp {
            epoch: 0x1357_9bdf,
            sequence: 0x2468_ace0,
        };
        let slot = message.encode(stamp);
        let bytes = bytes(&slot);
        assert_eq!(number(&bytes, offset_of!(ControlSlot, op), 2), 0x1122);
        assert_eq!(number(&bytes, offset_of!(ControlSlot, flags), 2), 0x3344);
        assert_eq!(number(&bytes, offset_of!(ControlSlot, length), 4), 0x5566_7788);
        assert_eq!(
            number(&bytes, offset_of!(ControlSlot, request_id), 8),
            message.request_id
        );
        assert_eq!(number(&bytes, offset_of!(ControlSlot, epoch), 4), 0x1357_9bdf);
        assert_eq!(number(&bytes, offset_of!(ControlSlot, sequence), 4), 0x2468_ace0);
        assert_eq!(
            number(&bytes, offset_of!(ControlSlot, handle_index), 4),
            0x99aa_bbcc
        );
        assert_eq!(number(&bytes, offset_of!(ControlSlot, status), 4), 0xddee_ff00);
        assert_eq!(number(&bytes, offset_of!(ControlSlot, offset), 8), message.offset);
        for grant in 0..GRANTS_PER_SLOT {
            let generation = offset_of!(ControlSlot, grant_generations) + grant * 4;
            assert_eq!(number(&bytes, generation, 4), 0xb0b0_b0b0 + grant as u64);
            let index = offset_of!(ControlSlot, grant_indices) + grant * 2;
            assert_eq!(number(&bytes, index, 2), 0xa0 + grant as u64);
        }
        assert_eq!(Message::decode(&slot), (message, stamp));
    }

    #[test]
    fn a_hint_lies_as_the_layout_says() {
        let hint = Hint {
            op: 0x1122,
            flags: 0x3344,
            handle_index: 0x5566_7788,
            object: 3,
            argument: 4,
        };
        let slot = hint.encode(9);
        let bytes = bytes(&slot);
        assert_eq!(number(&bytes, offset_of!(HintSlot, sequence), 8), 9);
        assert_eq!(number(&bytes, offset_of!(HintSlot, op), 2), 0x1122);
        assert_eq!(number(&bytes, offset_of!(HintSlot, flags), 2), 0x3344);
        assert_eq!(number(&bytes, offset_of!(HintSlot, handle_index), 4), 0x5566_7788);
        assert_eq!(number(&bytes, offset_of!(HintSlot, object), 8), 3);
        assert_eq!(number(&bytes, offset_of!(HintSlot, argument), 8), 4);
        assert_eq!(Hint::decode(&slot), (9, hint));
    }
}
