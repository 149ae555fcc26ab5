//! Listings as they go over the wire: READDIR3resok and READDIRPLUS3resok of RFC 1813, sections 3.3.16 and 3.3.17, in XDR.

use crate::answer::{Attributes, Time};
use crate::handle::WireHandle;

const ATTRIBUTES_BYTES: usize = 84;
/// dir_attributes and cookieverf.
const HEAD_BYTES: usize = 4 + ATTRIBUTES_BYTES + 8;
/// What ends the list, and eof.
const TAIL_BYTES: usize = 8;

fn pad4(length: usize) -> usize {
    length.next_multiple_of(4)
}

/// Bytes against dircount and maxcount of an entry with this name and, where `handle_bytes` is given, room for attributes
/// and a handle of that length.
pub(crate) fn cost(name_bytes: usize, handle_bytes: Option<usize>) -> (usize, usize) {
    let name = pad4(name_bytes);
    let plus = handle_bytes.map_or(0, |bytes| 4 + ATTRIBUTES_BYTES + 8 + pad4(bytes));
    (20 + name, 24 + name + plus)
}

/// What is to be said of an entry beside its name.
pub(crate) enum Plus<'a> {
    /// READDIR.
    No,
    Nothing,
    Known(&'a Attributes, &'a WireHandle),
}

/// The bytes, as far as they have been written.
pub(crate) struct Listing {
    bytes: Vec<u8>,
}

impl Listing {
    /// In memory whose contents are not needed any more.
    pub fn begin(mut bytes: Vec<u8>) -> Listing {
        bytes.clear();
        bytes.resize(HEAD_BYTES, 0);
        Listing { bytes }
    }

    /// Of the whole, if it ended here.
    pub fn byte_length(&self) -> usize {
        self.bytes.len() + TAIL_BYTES
    }

    fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    fn opaque(&mut self, bytes: &[u8]) {
        self.u32(bytes.len() as u32);
        self.bytes.extend_from_slice(bytes);
        self.bytes.resize(pad4(self.bytes.len()), 0);
    }

    /// entry3 or entryplus3, and that it follows.
    pub fn entry(&mut self, fileid: u64, name: &[u8], cookie: u64, plus: &Plus<'_>) {
        self.u32(1);
        self.u64(fileid);
        self.opaque(name);
        self.u64(cookie);
        match plus {
            Plus::No => {}
            Plus::Nothing => {
                self.u32(0);
                self.u32(0);
            }
            Plus::Known(attributes, handle) => {
                self.u32(1);
                self.bytes.extend_from_slice(&fattr3(attributes));
                self.u32(1);
                self.opaque(handle.as_bytes());
            }
        }
    }

    /// The cookie verifier is 0: cookies say all there is to say about a position.
    pub fn end(mut self, directory: &Attributes, end_of_directory: bool) -> Vec<u8> {
        self.u32(0);
        self.u32(u32::from(end_of_directory));
        self.bytes[3] = 1;
        self.bytes[4..4 + ATTRIBUTES_BYTES].copy_from_slice(&fattr3(directory));
        self.bytes
    }
}

fn fattr3(attributes: &Attributes) -> [u8; ATTRIBUTES_BYTES] {
    let mut bytes = [0; ATTRIBUTES_BYTES];
    let mut at = 0;
    let mut put = |value: &[u8]| {
        bytes[at..at + value.len()].copy_from_slice(value);
        at += value.len();
    };
    for word in [
        attributes.kind,
        attributes.mode,
        attributes.nlink,
        attributes.uid,
        attributes.gid,
    ] {
        put(&word.to_be_bytes());
    }
    put(&attributes.size.to_be_bytes());
    put(&attributes.used.to_be_bytes());
    put(&attributes.rdev_major.to_be_bytes());
    put(&attributes.rdev_minor.to_be_bytes());
    put(&attributes.fsid.to_be_bytes());
    put(&attributes.fileid.to_be_bytes());
    for Time { seconds, nseconds } in [attributes.atime, attributes.mtime, attributes.ctime] {
        put(&seconds.to_be_bytes());
        put(&nseconds.to_be_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handle::{ExportId, FilesystemKey, Handle, HandleCodec, Object};
    use crate::state_directory::MacKey;

    #[test]
    fn an_entry_costs_what_it_takes() {
        let handle = Handle {
            export: ExportId(1),
            filesystem: FilesystemKey(2),
            object: Object::Kernel {
                handle_type: 1,
                bytes: &[1; 6],
            },
        };
        let wire = HandleCodec::new(&MacKey::from_bytes([1; 32]))
            .seal(&handle)
            .unwrap();
        let handle_bytes = wire.as_bytes().len();
        assert_ne!(handle_bytes % 4, 0, "padded");
        for name in [&b"a"[..], b"four", b"a name of many bytes"] {
            let mut listing = Listing::begin(Vec::new());
            let head = listing.byte_length();
            listing.entry(1, name, 2, &Plus::No);
            let (dircount, maxcount) = cost(name.len(), None);
            assert_eq!(listing.byte_length() - head, maxcount);
            assert_eq!(dircount, 20 + pad4(name.len()));

            let mut listing = Listing::begin(Vec::new());
            listing.entry(1, name, 2, &Plus::Known(&Attributes::default(), &wire));
            assert_eq!(
                listing.byte_length() - head,
                cost(name.len(), Some(handle_bytes)).1
            );

            let mut listing = Listing::begin(Vec::new());
            listing.entry(1, name, 2, &Plus::Nothing);
            assert!(listing.byte_length() - head < cost(name.len(), Some(handle_bytes)).1);
        }
    }

    #[test]
    fn the_bytes_are_those_of_rfc_1813() {
        let mut listing = Listing::begin(vec![9; 7]);
        listing.entry(0x0102, b"name.", 0x0304, &Plus::No);
        let directory = Attributes {
            present: 1,
            kind: 2,
            mode: 0o755,
            nlink: 3,
            ..Attributes::default()
        };
        let bytes = listing.end(&directory, true);
        let words: Vec<u32> = bytes
            .chunks_exact(4)
            .map(|word| u32::from_be_bytes(word.try_into().unwrap()))
            .collect();
        assert_eq!(words[..4], [1, 2, 0o755, 3]);
        assert_eq!(words[4..24], [0; 20]);
        let (na, me) = (u32::from_be_bytes(*b"name"), u32::from_be_bytes(*b".\0\0\0"));
        assert_eq!(words[24..], [1, 0, 0x0102, 5, na, me, 0, 0x0304, 0, 1]);
    }
}
