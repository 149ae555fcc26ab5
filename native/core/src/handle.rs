//! The wire form of a file handle (nfs_fh3, RFC 1813, section 2.5: at most 64 bytes, opaque to clients).
//!
//! ```text
//! version u8 | kind u8 | export id u32 | file system key u32 | object (1 to 38 bytes) | MAC (16 bytes)
//! ```
//!
//! Integers are little-endian. The object is, by kind:
//! ```text
//! kernel   handle type u8, then the bytes of struct file_handle
//! table    id u64 in the file system's handle table
//! foreign  the handle that a Vfs written in JavaScript minted
//! ```
//!
//! The MAC is what makes a handle a capability of the export named inside: open_by_handle_at reaches any inode of
//! a file system, so a handle that this server did not make must never get that far.

use crate::errno::{Errno, Result};
use crate::state_directory::MacKey;

pub const WIRE_BYTES_MAX: usize = 64;
pub const MAC_BYTES: usize = 16;
/// Where the object starts, of any kind.
pub const OBJECT_AT: usize = 10;
const OBJECT_BYTES_MAX: usize = WIRE_BYTES_MAX - OBJECT_AT - MAC_BYTES;

/// The longest kernel handle that fits; a file system whose handles are longer needs the handle table.
pub const KERNEL_BYTES_MAX: usize = OBJECT_BYTES_MAX - 1;
/// The longest handle of a JavaScript Vfs that fits.
pub const FOREIGN_BYTES_MAX: usize = OBJECT_BYTES_MAX;

/// Other versions belong to other layouts and are refused, never guessed at.
const VERSION: u8 = 1;
const KIND_KERNEL: u8 = 1;
const KIND_TABLE: u8 = 2;
const KIND_FOREIGN: u8 = 3;

/// Names an export in handles: stable as long as its path (or its fsid option) is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct ExportId(pub u32);

/// Names a file system below one export's root: stable across restart, remount and reboot.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct FilesystemKey(pub u32);

impl FilesystemKey {
    /// What a handle of a JavaScript Vfs carries; no real file system has it.
    pub const FOREIGN: FilesystemKey = FilesystemKey(0);
}

/// What inside its file system a handle names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Object<'a> {
    /// As name_to_handle_at gives it: at most KERNEL_BYTES_MAX bytes.
    Kernel { handle_type: u8, bytes: &'a [u8] },
    /// An id of the file system's handle table.
    Table(u64),
    /// 1 to FOREIGN_BYTES_MAX bytes.
    Foreign(&'a [u8]),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Handle<'a> {
    pub export: ExportId,
    pub filesystem: FilesystemKey,
    pub object: Object<'a>,
}

/// A sealed handle, by value: nothing is allocated to make one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct WireHandle {
    length: u8,
    bytes: [u8; WIRE_BYTES_MAX],
}

impl WireHandle {
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

/// Seals and opens handles with the server's key. Cheap to clone, usable from any thread.
#[derive(Clone)]
pub struct HandleCodec {
    key: [u8; 32],
}

impl HandleCodec {
    pub fn new(key: &MacKey) -> HandleCodec {
        // Derived, so that another use of the state directory's key can never produce a handle's MAC.
        HandleCodec {
            key: blake3::derive_key("fsva 2026 NFS file handle MAC v1", key.as_bytes()),
        }
    }

    /// EOVERFLOW if the object does not fit, EINVAL if it is empty.
    pub fn seal(&self, handle: &Handle) -> Result<WireHandle> {
        let mut wire = WireHandle {
            length: 0,
            bytes: [0; WIRE_BYTES_MAX],
        };
        let id;
        let (kind, first, rest): (u8, Option<u8>, &[u8]) = match handle.object {
            Object::Kernel { handle_type, bytes } => (KIND_KERNEL, Some(handle_type), bytes),
            Object::Table(number) => {
                id = number.to_le_bytes();
                (KIND_TABLE, None, &id)
            }
            Object::Foreign(bytes) => (KIND_FOREIGN, None, bytes),
        };
        if rest.is_empty() {
            return Err(Errno::INVAL);
        }
        let object_start = OBJECT_AT + usize::from(first.is_some());
        let object_end = object_start + rest.len();
        if object_end > OBJECT_AT + OBJECT_BYTES_MAX {
            return Err(Errno::OVERFLOW);
        }
        wire.bytes[0] = VERSION;
        wire.bytes[1] = kind;
        wire.bytes[2..6].copy_from_slice(&handle.export.0.to_le_bytes());
        wire.bytes[6..10].copy_from_slice(&handle.filesystem.0.to_le_bytes());
        if let Some(handle_type) = first {
            wire.bytes[OBJECT_AT] = handle_type;
        }
        wire.bytes[object_start..object_end].copy_from_slice(rest);
        let mac = self.mac(&wire.bytes[..object_end]);
        wire.bytes[object_end..object_end + MAC_BYTES].copy_from_slice(&mac);
        wire.length = (object_end + MAC_BYTES) as u8;
        Ok(wire)
    }

    /// EBADHANDLE for whatever this server's key did not seal.
    pub fn open<'a>(&self, wire: &'a [u8]) -> Result<Handle<'a>> {
        if wire.len() > WIRE_BYTES_MAX || wire.len() <= OBJECT_AT + MAC_BYTES || wire[0] != VERSION {
            return Err(Errno::BADHANDLE);
        }
        let (sealed, mac) = wire.split_at(wire.len() - MAC_BYTES);
        let mac: &[u8; MAC_BYTES] = mac.try_into().map_err(|_| Errno::BADHANDLE)?;
        if !constant_time_eq::constant_time_eq_16(mac, &self.mac(sealed)) {
            return Err(Errno::BADHANDLE);
        }
        let object = &sealed[OBJECT_AT..];
        Ok(Handle {
            export: ExportId(little_endian_u32(&sealed[2..6])),
            filesystem: FilesystemKey(little_endian_u32(&sealed[6..10])),
            object: match sealed[1] {
                KIND_KERNEL if object.len() > 1 => Object::Kernel {
                    handle_type: object[0],
                    bytes: &object[1..],
                },
                KIND_TABLE => Object::Table(u64::from_le_bytes(
                    object.try_into().map_err(|_| Errno::BADHANDLE)?,
                )),
                KIND_FOREIGN => Object::Foreign(object),
                _ => return Err(Errno::BADHANDLE),
            },
        })
    }

    fn mac(&self, sealed: &[u8]) -> [u8; MAC_BYTES] {
        let mut mac = [0; MAC_BYTES];
        mac.copy_from_slice(&blake3::keyed_hash(&self.key, sealed).as_bytes()[..MAC_BYTES]);
        mac
    }
}

fn little_endian_u32(bytes: &[u8]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn codec(byte: u8) -> HandleCodec {
        HandleCodec::new(&MacKey::from_bytes([byte; 32]))
    }

    /// Bytes to make an object of, so that a property can borrow from them.
    #[derive(Clone, Debug)]
    enum Sample {
        Kernel(u8, Vec<u8>),
        Table(u64),
        Foreign(Vec<u8>),
    }

    impl Sample {
        fn handle(&self, export: u32, filesystem: u32) -> Handle<'_> {
            let object = match self {
                Sample::Kernel(handle_type, bytes) => Object::Kernel {
                    handle_type: *handle_type,
                    bytes,
                },
                Sample::Table(id) => Object::Table(*id),
                Sample::Foreign(bytes) => Object::Foreign(bytes),
            };
            Handle {
                export: ExportId(export),
                filesystem: FilesystemKey(filesystem),
                object,
            }
        }
    }

    fn sample() -> impl Strategy<Value = Sample> {
        prop_oneof![
            (
                any::<u8>(),
                proptest::collection::vec(any::<u8>(), 1..=KERNEL_BYTES_MAX)
            )
                .prop_map(|(handle_type, bytes)| Sample::Kernel(handle_type, bytes)),
            any::<u64>().prop_map(Sample::Table),
            proptest::collection::vec(any::<u8>(), 1..=FOREIGN_BYTES_MAX).prop_map(Sample::Foreign),
        ]
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_as_it_was(sample in sample(), export: u32, filesystem: u32) {
            let wire = codec(1).seal(&sample.handle(export, filesystem)).unwrap();
            prop_assert!(wire.as_bytes().len() <= WIRE_BYTES_MAX);
            prop_assert_eq!(codec(1).open(wire.as_bytes()).unwrap(), sample.handle(export, filesystem));
        }

        #[test]
        fn any_bytes_are_a_bad_handle(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(codec(1).open(&bytes), Err(Errno::BADHANDLE));
        }

        #[test]
        fn another_key_opens_nothing(sample in sample()) {
            let wire = codec(1).seal(&sample.handle(1, 2)).unwrap();
            prop_assert_eq!(codec(2).open(wire.as_bytes()), Err(Errno::BADHANDLE));
        }

        #[test]
        fn every_flipped_bit_is_noticed(sample in sample()) {
            let wire = codec(1).seal(&sample.handle(1, 2)).unwrap();
            for bit in 0..wire.as_bytes().len() * 8 {
                let mut flipped = wire.as_bytes().to_vec();
                flipped[bit / 8] ^= 1 << (bit % 8);
                prop_assert_eq!(codec(1).open(&flipped), Err(Errno::BADHANDLE));
            }
        }

        #[test]
        fn every_other_length_is_noticed(sample in sample(), more in proptest::collection::vec(any::<u8>(), 1..40)) {
            let wire = codec(1).seal(&sample.handle(1, 2)).unwrap();
            for length in 0..wire.as_bytes().len() {
                prop_assert_eq!(codec(1).open(&wire.as_bytes()[..length]), Err(Errno::BADHANDLE));
            }
            let longer = [wire.as_bytes(), &more].concat();
            prop_assert_eq!(codec(1).open(&longer), Err(Errno::BADHANDLE));
        }
    }

    #[test]
    fn kinds_are_not_confused() {
        let table = codec(1).seal(&Sample::Table(7).handle(1, 2)).unwrap();
        let foreign = codec(1)
            .seal(&Sample::Foreign(7u64.to_le_bytes().to_vec()).handle(1, 2))
            .unwrap();
        assert_ne!(table.as_bytes(), foreign.as_bytes());
        let mut swapped = table.as_bytes().to_vec();
        swapped[1] = foreign.as_bytes()[1];
        assert_eq!(codec(1).open(&swapped), Err(Errno::BADHANDLE));
    }

    /// Whoever holds the key (an earlier version of this server, say) still has to keep to the layout.
    #[test]
    fn a_good_mac_does_not_excuse_a_bad_layout() {
        let codec = codec(1);
        let sealed = |head: [u8; 2], object: &[u8]| {
            let mut wire = [&head[..], &[0; 8], object].concat();
            let mac = codec.mac(&wire);
            wire.extend(mac);
            wire
        };
        assert!(codec.open(&sealed([VERSION, KIND_TABLE], &[0; 8])).is_ok());
        for (head, object) in [
            ([VERSION + 1, KIND_TABLE], &[0; 8][..]),
            ([0, KIND_TABLE], &[0; 8]),
            ([VERSION, 0], &[0; 8]),
            ([VERSION, 4], &[0; 8]),
            ([VERSION, KIND_TABLE], &[0; 7]),
            ([VERSION, KIND_TABLE], &[0; 9]),
            ([VERSION, KIND_KERNEL], &[1]),
            ([VERSION, KIND_FOREIGN], &[]),
            ([VERSION, KIND_FOREIGN], &[1; FOREIGN_BYTES_MAX + 1]),
        ] {
            assert_eq!(
                codec.open(&sealed(head, object)),
                Err(Errno::BADHANDLE),
                "{head:?} {object:?}"
            );
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let seal = |sample: Sample| {
            codec(1)
                .seal(&sample.handle(1, 2))
                .map(|wire| wire.as_bytes().len())
        };
        assert_eq!(
            seal(Sample::Kernel(1, vec![0; KERNEL_BYTES_MAX])),
            Ok(WIRE_BYTES_MAX)
        );
        assert_eq!(
            seal(Sample::Kernel(1, vec![0; KERNEL_BYTES_MAX + 1])),
            Err(Errno::OVERFLOW)
        );
        assert_eq!(
            seal(Sample::Foreign(vec![0; FOREIGN_BYTES_MAX])),
            Ok(WIRE_BYTES_MAX)
        );
        assert_eq!(
            seal(Sample::Foreign(vec![0; FOREIGN_BYTES_MAX + 1])),
            Err(Errno::OVERFLOW)
        );
        assert_eq!(seal(Sample::Kernel(1, vec![])), Err(Errno::INVAL));
        assert_eq!(seal(Sample::Foreign(vec![])), Err(Errno::INVAL));
    }

    /// Clients keep handles over an upgrade of the server: the layout of version 1 is for ever.
    #[test]
    fn the_layout_stays() {
        let sample = Sample::Kernel(0x81, vec![1, 2, 3, 4]);
        let wire = codec(7).seal(&sample.handle(0x0102_0304, 0x0506_0708)).unwrap();
        let body = [1, 1, 4, 3, 2, 1, 8, 7, 6, 5, 0x81, 1, 2, 3, 4];
        assert_eq!(wire.as_bytes()[..15], body);
        let key = blake3::derive_key("fsva 2026 NFS file handle MAC v1", &[7; 32]);
        assert_eq!(
            wire.as_bytes()[15..],
            blake3::keyed_hash(&key, &body).as_bytes()[..16]
        );
    }
}
