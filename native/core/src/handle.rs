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
