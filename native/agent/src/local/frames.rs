//! What is said on the agent's socket, as bytes. Drawn in `local.rs`.

use std::mem::offset_of;

use fsva_channel::protocol::ATTRIBUTES_BYTES;

/// "fsvaloc" and a zero.
pub const HELLO_MAGIC: u64 = u64::from_le_bytes(*b"fsvaloc\0");
pub const VERSION: u32 = 1;

/// `flags` of the answer to a read.
pub const END_OF_FILE: u16 = 1;

/// Attributes as `fsva_core::answer::Attributes` lays them out.
pub type AttributeBytes = [u8; ATTRIBUTES_BYTES];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u16)]
pub enum LocalOp {
    Open = 1,
    Close = 2,
    Getattr = 3,
    Read = 4,
    Write = 5,
    Fsync = 6,
}

impl LocalOp {
    pub fn from_number(number: u16) -> Option<LocalOp> {
        use LocalOp::{Close, Fsync, Getattr, Open, Read, Write};
        [Open, Close, Getattr, Read, Write, Fsync]
            .into_iter()
            .find(|op| *op as u16 == number)
    }
}

/// Defines a frame once: a struct, the offsets of its fields (asserted), and its bytes.
macro_rules! frame {
    ($(#[$about:meta])* $name:ident, $size:literal, $bytes:ident {
        $($(#[$doc:meta])* $field:ident: $type:ty = $offset:literal,)*
    }) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(C)]
        pub struct $name { $($(#[$doc])* pub $field: $type,)* }

        pub const $bytes: usize = $size;
        const _: () = assert!(size_of::<$name>() == $size);
        $(const _: () = assert!(offset_of!($name, $field) == $offset);)*

        impl $name {
            pub fn encode(&self) -> [u8; $size] {
                let mut bytes = [0; $size];
                $(self.$field.put(&mut bytes[$offset..]);)*
                bytes
            }

            pub fn decode(bytes: &[u8; $size]) -> $name {
                $name { $($field: Field::take(&bytes[$offset..]),)* }
            }
        }
    };
}

frame! {
    /// The agent's first words.
    Hello, 32, HELLO_BYTES {
        magic: u64 = 0,
        version: u32 = 8,
        /// 0, or an errno number: why the program is not served.
        status: u32 = 12,
        /// Size of the memory file.
        memory_bytes: u32 = 16,
        /// More is not read or written at once.
        transfer_bytes: u32 = 20,
        /// More are not open at once on one connection.
        files: u32 = 24,
        reserved: u32 = 28,
    }
}

frame! {
    Request, 32, REQUEST_BYTES {
        op: u16 = 0,
        flags: u16 = 2,
        file: u32 = 4,
        /// Comes back in the answer.
        id: u64 = 8,
        /// In the file.
        offset: u64 = 16,
        length: u32 = 24,
        /// In the memory file.
        place: u32 = 28,
    }
}

frame! {
    Answer, 112, ANSWER_BYTES {
        op: u16 = 0,
        flags: u16 = 2,
        /// 0 or an errno number.
        status: u32 = 4,
        id: u64 = 8,
        length: u32 = 16,
        file: u32 = 20,
        attributes: AttributeBytes = 24,
    }
}

impl Answer {
    /// Yes to a request, with nothing more to say yet.
    pub fn to(request: &Request) -> Answer {
        Answer {
            op: request.op,
            flags: 0,
            status: 0,
            id: request.id,
            length: 0,
            file: request.file,
            attributes: [0; ATTRIBUTES_BYTES],
        }
    }
}

trait Field {
    fn put(&self, into: &mut [u8]);
    fn take(from: &[u8]) -> Self;
}

macro_rules! number_field {
    ($($type:ty)*) => {
        $(impl Field for $type {
            fn put(&self, into: &mut [u8]) {
                into[..size_of::<$type>()].copy_from_slice(&self.to_le_bytes());
            }

            fn take(from: &[u8]) -> $type {
                <$type>::from_le_bytes(from[..size_of::<$type>()].try_into().expect("as many bytes"))
            }
        })*
    };
}

number_field!(u16 u32 u64);

impl Field for AttributeBytes {
    fn put(&self, into: &mut [u8]) {
        into[..self.len()].copy_from_slice(self);
    }

    fn take(from: &[u8]) -> AttributeBytes {
        from[..ATTRIBUTES_BYTES].try_into().expect("as many bytes")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ops_have_their_numbers() {
        let known: Vec<u16> = (0..100)
            .filter(|number| LocalOp::from_number(*number).is_some())
            .collect();
        assert_eq!(known, [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn a_request_lies_as_drawn() {
        let request = Request {
            op: 0x0201,
            flags: 0x0403,
            file: 0x0807_0605,
            id: 0x100f_0e0d_0c0b_0a09,
            offset: 0x1817_1615_1413_1211,
            length: 0x1c1b_1a19,
            place: 0x201f_1e1d,
        };
        let counted: Vec<u8> = (1..=32).collect();
        assert_eq!(request.encode().as_slice(), counted);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_frame_and_come_back(
            request in prop::array::uniform32(any::<u8>()), answer in prop::collection::vec(any::<u8>(), ANSWER_BYTES),
        ) {
            prop_assert_eq!(Request::decode(&request).encode(), request);
            prop_assert_eq!(Hello::decode(&request).encode(), request);
            let answer: [u8; ANSWER_BYTES] = answer.try_into().unwrap();
            prop_assert_eq!(Answer::decode(&answer).encode(), answer);
        }
    }
}
