//! The file handles that the kernel's NFS client makes of its own objects (fs/nfs/export.c): what name_to_handle_at(2)
//! answers on an NFS mount, and open_by_handle_at(2) takes.
//!
//! In words of 4 bytes, of the processor's order: the fileid's high and low half, the kind of file as in a mode, then the
//! server's own handle as it travels, behind its length in 2 bytes, padded with zeros. The type is the number of words.

use std::io;
use std::os::fd::BorrowedFd;

use crate::nfs_handle_unsafe::handle_of;

const SERVER_HANDLE_AT: usize = 12;
const LENGTH_BYTES: usize = 2;
const WORD: usize = 4;
/// NFS3_FHSIZE.
pub const SERVER_HANDLE_BYTES_MAX: usize = 64;
const BYTES_MAX: usize = (SERVER_HANDLE_AT + LENGTH_BYTES + SERVER_HANDLE_BYTES_MAX).next_multiple_of(WORD);

/// The contents of a struct file_handle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClientHandle {
    length: usize,
    bytes: [u8; BYTES_MAX],
}

impl ClientHandle {
    /// `kind`: S_IFMT of the object's mode. The client finds what it holds only with the right fileid and kind; otherwise
    /// it asks the server with GETATTR, believes the answer and notes it in what it holds. None: no handle of NFSv3.
    pub fn new(server_handle: &[u8], fileid: u64, kind: u32) -> Option<ClientHandle> {
        if server_handle.is_empty() || server_handle.len() > SERVER_HANDLE_BYTES_MAX {
            return None;
        }
        let mut bytes = [0; BYTES_MAX];
        let words = [(fileid >> 32) as u32, fileid as u32, kind];
        for (word, place) in words.iter().zip(bytes.chunks_exact_mut(WORD)) {
            place.copy_from_slice(&word.to_ne_bytes());
        }
        let data_at = SERVER_HANDLE_AT + LENGTH_BYTES;
        bytes[SERVER_HANDLE_AT..data_at].copy_from_slice(&(server_handle.len() as u16).to_ne_bytes());
        let end = data_at + server_handle.len();
        bytes[data_at..end].copy_from_slice(server_handle);
        Some(ClientHandle {
            length: end.next_multiple_of(WORD),
            bytes,
        })
    }

    /// What the kernel answered; None if that is no handle of an NFSv3 mount.
    pub fn from_kernel(handle_type: i32, bytes: &[u8]) -> Option<ClientHandle> {
        let mut handle = ClientHandle {
            length: bytes.len(),
            bytes: [0; BYTES_MAX],
        };
        handle.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        let again = ClientHandle::new(handle.server_handle()?, handle.fileid(), handle.word(2))?;
        (again == handle && again.handle_type() == handle_type).then_some(handle)
    }

    /// The kernel's handle of an open object (O_PATH will do); EINVAL if that is none of an NFSv3 mount.
    pub fn of(object: BorrowedFd<'_>) -> io::Result<ClientHandle> {
        let kernel = handle_of(object)?;
        ClientHandle::from_kernel(kernel.kind, kernel.bytes())
            .ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))
    }

    pub fn handle_type(&self) -> i32 {
        (self.length / WORD) as i32
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    pub fn fileid(&self) -> u64 {
        u64::from(self.word(0)) << 32 | u64::from(self.word(1))
    }

    pub fn server_handle(&self) -> Option<&[u8]> {
        let length = self.bytes[SERVER_HANDLE_AT..].first_chunk::<LENGTH_BYTES>()?;
        let data = self.bytes().get(SERVER_HANDLE_AT + LENGTH_BYTES..)?;
        data.get(..usize::from(u16::from_ne_bytes(*length)))
    }

    fn word(&self, index: usize) -> u32 {
        let at = index * WORD;
        u32::from_ne_bytes(self.bytes[at..at + WORD].try_into().expect("four bytes"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Of a mount of Debian's 6.1: fileid 12, a regular file, 35 bytes of the server's.
    const FROM_LINUX: [u8; 52] = [
        0, 0, 0, 0, 12, 0, 0, 0, 0, 0x80, 0, 0, 35, 0, 1, 1, 0x3e, 0x23, 0x47, 0xbf, 0x6d, 0xbe, 0x67, 0xef,
        1, 12, 0, 0, 0, 0xf2, 0x78, 4, 0xe9, 0x39, 0x3f, 0x76, 0x25, 0x9c, 0xca, 0x67, 0x47, 0x5a, 0xaa,
        0x7b, 0x9e, 0xa8, 0xa7, 0x18, 0x6f, 0, 0, 0,
    ];

    #[test]
    #[cfg(target_endian = "little")]
    fn a_handle_of_linux_is_taken_apart_and_made_again() {
        let handle = ClientHandle::from_kernel(13, &FROM_LINUX).unwrap();
        assert_eq!(handle.fileid(), 12);
        assert_eq!(handle.server_handle().unwrap(), &FROM_LINUX[14..49]);
        let made = ClientHandle::new(&FROM_LINUX[14..49], 12, libc::S_IFREG).unwrap();
        assert_eq!((made.bytes(), made.handle_type()), (FROM_LINUX.as_slice(), 13));
        assert_eq!(ClientHandle::from_kernel(12, &FROM_LINUX), None);
    }

    proptest! {
        #[test]
        fn any_handle_comes_back(server_handle in prop::collection::vec(any::<u8>(), 1..=64), fileid: u64, kind: u32) {
            let handle = ClientHandle::new(&server_handle, fileid, kind).unwrap();
            prop_assert_eq!(ClientHandle::from_kernel(handle.handle_type(), handle.bytes()), Some(handle));
            prop_assert_eq!(handle.server_handle(), Some(server_handle.as_slice()));
            prop_assert_eq!(handle.fileid(), fileid);
        }

        #[test]
        fn any_bytes_are_a_handle_or_none(bytes in prop::collection::vec(any::<u8>(), 0..200), handle_type: i32) {
            if let Some(handle) = ClientHandle::from_kernel(handle_type, &bytes) {
                prop_assert!(handle.server_handle().is_some());
            }
        }
    }
}
