//! The server's own handle of a file, taken out of the kernel's handle of the same file on an NFS mount.
//!
//! The kernel's NFS client makes its handles of (fs/nfs/export.c): the file id, two words, high half first; the file's
//! type, one word; the server's handle as a `struct nfs_fh`: a u16 with its length, in the machine's order, and its bytes;
//! padding to whole words. The handle's type is the number of words. So since Linux 4.13.

use std::os::fd::BorrowedFd;

use fsva_channel::protocol::{ACCESS_READ, ACCESS_WRITE, HANDLE_BYTES_MAX};

use crate::error::ClientError;
use crate::nfs_handle_unsafe::{self, KernelHandle};

const WORD: usize = 4;
const TYPE_AT: usize = 2 * WORD;
const EMBEDDED_AT: usize = 3 * WORD;
const EMBEDDED_DATA_AT: usize = EMBEDDED_AT + 2;
/// NFS_SUPER_MAGIC of linux/magic.h.
const NFS_MAGIC: i64 = 0x6969;

/// What the user VM's kernel checked when the descriptor was opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opened {
    /// The server's.
    pub handle: Vec<u8>,
    /// An or of ACCESS_*.
    pub access: u32,
}

/// Of a descriptor of a regular file on NFS that was opened for reading or writing; O_PATH proves no permission.
pub fn of_descriptor(descriptor: BorrowedFd<'_>) -> Result<Opened, ClientError> {
    let failed =
        |error: std::io::Error| ClientError::of_call("asking the kernel for the file's handle", &error);
    if nfs_handle_unsafe::file_system_magic(descriptor).map_err(failed)? != NFS_MAGIC {
        return Err(ClientError::Invalid("the descriptor is of no file on NFS"));
    }
    let access = access(nfs_handle_unsafe::status_flags(descriptor).map_err(failed)?)?;
    let kernel = nfs_handle_unsafe::handle_of(descriptor).map_err(failed)?;
    Ok(Opened {
        handle: embedded(&kernel)?.to_vec(),
        access,
    })
}

fn access(flags: i32) -> Result<u32, ClientError> {
    if flags & libc::O_PATH != 0 {
        return Err(ClientError::Invalid(
            "the descriptor was opened with O_PATH, which checks no permission",
        ));
    }
    match flags & libc::O_ACCMODE {
        libc::O_RDONLY => Ok(ACCESS_READ),
        libc::O_WRONLY => Ok(ACCESS_WRITE),
        libc::O_RDWR => Ok(ACCESS_READ | ACCESS_WRITE),
        _ => Err(ClientError::Invalid("the descriptor has an unknown access mode")),
    }
}

fn embedded(kernel: &KernelHandle) -> Result<&[u8], ClientError> {
    let unknown = ClientError::Invalid("this kernel's NFS handles look different");
    let bytes = kernel.bytes();
    let Some((head, data)) = bytes.split_at_checked(EMBEDDED_DATA_AT) else {
        return Err(unknown);
    };
    let is_words = bytes.len().is_multiple_of(WORD) && kernel.kind as usize == bytes.len() / WORD;
    let kind = u32::from_ne_bytes(head[TYPE_AT..][..WORD].try_into().expect("four bytes"));
    let length = usize::from(u16::from_ne_bytes([head[EMBEDDED_AT], head[EMBEDDED_AT + 1]]));
    let is_exact = (EMBEDDED_DATA_AT + length).next_multiple_of(WORD) == bytes.len();
    if !is_words || !is_exact || length == 0 || length > HANDLE_BYTES_MAX {
        return Err(unknown);
    }
    if kind != libc::S_IFREG {
        return Err(ClientError::Invalid("the descriptor is of no regular file"));
    }
    Ok(&data[..length])
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::AsFd;

    use super::*;

    /// A handle of 41 bytes of the server, as a 6.1 kernel embeds it.
    fn real() -> Vec<u8> {
        let mut bytes = vec![0, 0, 0, 0, 0x0b, 0, 0, 0, 0, 0x80, 0, 0, 41, 0];
        bytes.extend(1..=41);
        bytes.push(0);
        bytes
    }

    fn kernel(bytes: &[u8]) -> KernelHandle {
        KernelHandle::new((bytes.len() / 4) as i32, bytes)
    }

    fn refused(bytes: &[u8]) -> bool {
        embedded(&kernel(bytes)).is_err()
    }

    #[test]
    fn the_servers_handle_is_found() {
        let bytes = real();
        assert_eq!(bytes.len(), 56);
        assert_eq!(embedded(&kernel(&bytes)).unwrap(), (1..=41).collect::<Vec<u8>>());
    }

    #[test]
    fn every_length_that_is_not_exact_is_refused() {
        let bytes = real();
        for length in 0..=u16::MAX {
            let mut wrong = bytes.clone();
            wrong[12..14].copy_from_slice(&length.to_ne_bytes());
            // With the padding there is room for 42.
            assert_eq!(refused(&wrong), !(39..=42).contains(&length), "{length}");
        }
        for cut in 0..bytes.len() {
            assert!(refused(&bytes[..cut]), "{cut}");
        }
        let mut long = bytes.clone();
        long.extend([0; 4]);
        assert!(refused(&long));
    }

    #[test]
    fn other_types_are_refused() {
        let bytes = real();
        for kind in [0, 1, 13, 15, 0xff, -1] {
            assert!(embedded(&KernelHandle::new(kind, &bytes)).is_err());
        }
        let mut directory = bytes;
        directory[9] = 0x40;
        assert!(refused(&directory));
    }

    #[test]
    fn the_access_mode_bounds_what_may_be_done() {
        assert_eq!(access(libc::O_RDONLY | libc::O_DIRECT).unwrap(), ACCESS_READ);
        assert_eq!(access(libc::O_WRONLY | libc::O_APPEND).unwrap(), ACCESS_WRITE);
        assert_eq!(access(libc::O_RDWR).unwrap(), ACCESS_READ | ACCESS_WRITE);
        assert!(access(libc::O_PATH).is_err());
        assert!(access(3).is_err());
    }

    #[test]
    fn files_that_are_not_on_nfs_are_refused() {
        let file = File::open("/proc/self/exe").unwrap();
        let refused = of_descriptor(file.as_fd()).unwrap_err();
        assert_eq!(refused.errno(), libc::EINVAL);
    }
}
