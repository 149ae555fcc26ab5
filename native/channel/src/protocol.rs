//! What the slots mean: the interface of the FSVA paper's Table 1 that NFS does not carry already.
//!
//! A request and its answer share `op` and `request_id`. An answer's `status` is 0 or an errno number, as everywhere in
//! the server. What has no room in a slot lies in lent memory, which the answering side copies before it looks at it.

use crate::message::Hint;

/// The client's requests. What each field of the slot means stands with each; `handle_index` is of an OPEN's answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u16)]
pub enum Op {
    /// Nothing, and back.
    Null = 0,
    /// `grants[0]`: an `OpenRequest`, over which the answer puts the file's attributes (`length` bytes).
    /// Answer: `handle_index`.
    Open = 1,
    /// Ends `handle_index`.
    Release = 2,
    /// `grants[0]`: room for the attributes; answer: `length`.
    Getattr = 3,
    /// `offset`, `length`, `grants`: buffers, filled one after the other. Answer: `length`, `flags` END_OF_FILE.
    Read = 4,
    /// `offset`, `length`, `grants`: the data; `flags`: stable_how of RFC 1813. Answer: `length`, `flags`: committed,
    /// `offset`: the write verifier as a little-endian number.
    Write = 5,
    /// `offset`, `length` (0: to the end), as COMMIT. Answer: `offset`: the write verifier.
    Fsync = 6,
    /// `offset` (a multiple of 4 KiB), `length`. Answer: `grants` of the server's pages that have the file's bytes,
    /// `length`: how many of them are the file's, `flags` END_OF_FILE. Behind the end the pages are zeros.
    MapPage = 7,
    /// `grants`: released by the client before, and not needed any more.
    UnmapPage = 8,
    /// The server's only request: `grants` that the client has claimed are not the file's bytes any more. It answers when it
    /// has released them.
    InvalidatePage = 9,
    /// `offset`, `length` (0: to the end): the client caches these pages, or will not need them; the server need not.
    EvictPage = 10,
    /// `grants[0]`: room; answer: `length` bytes of `RestoredGrant`s that the client still holds, `flags` MORE if the room
    /// was too small; `offset`: how many to skip.
    RestoreGrants = 11,
    /// Reserved for a unified cache and for cooperative caching (paper, sections 4.4 and 4.8).
    Allocate = 12,
    Access = 13,
    PeerRead = 14,
    Token = 15,
}

impl Op {
    /// None: of a later version, or nonsense.
    pub fn from_number(number: u16) -> Option<Op> {
        const ALL: [Op; 16] = [
            Op::Null,
            Op::Open,
            Op::Release,
            Op::Getattr,
            Op::Read,
            Op::Write,
            Op::Fsync,
            Op::MapPage,
            Op::UnmapPage,
            Op::InvalidatePage,
            Op::EvictPage,
            Op::RestoreGrants,
            Op::Allocate,
            Op::Access,
            Op::PeerRead,
            Op::Token,
        ];
        ALL.get(usize::from(number)).copied()
    }

    /// Whether it must not be executed twice, and so goes through the response cache.
    pub fn once(self) -> bool {
        matches!(
            self,
            Op::Open | Op::Release | Op::Write | Op::MapPage | Op::UnmapPage
        )
    }
}

/// `flags` of answers.
pub const END_OF_FILE: u16 = 1;
pub const MORE: u16 = 2;

/// What an opened file may be used for.
pub const ACCESS_READ: u32 = 1;
pub const ACCESS_WRITE: u32 = 2;

pub const HANDLE_BYTES_MAX: usize = 64;
/// As many as AUTH_SYS carries (RFC 5531).
pub const GROUPS_MAX: usize = 16;
/// Attributes as `fsva_core::answer::Attributes` lays them out.
pub const ATTRIBUTES_BYTES: usize = 88;

/// On whose behalf a file is opened, and which: what the kernel of the user VM checked when it opened it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenRequest {
    /// The server's own handle, MAC and all, as the kernel's client holds it.
    pub handle: Vec<u8>,
    /// ACCESS_READ, ACCESS_WRITE or both.
    pub access: u32,
    pub uid: u32,
    pub gid: u32,
    pub gids: Vec<u32>,
}

/// Little-endian: handle length, access, uid, gid, number of groups, 0 (u32 each); handle (64); groups (16 u32).
pub const OPEN_REQUEST_BYTES: usize = 24 + HANDLE_BYTES_MAX + 4 * GROUPS_MAX;

impl OpenRequest {
    /// None: more than it can hold.
    pub fn encode(&self) -> Option<[u8; OPEN_REQUEST_BYTES]> {
        let mut bytes = [0; OPEN_REQUEST_BYTES];
        let numbers = [
            self.handle.len() as u32,
            self.access,
            self.uid,
            self.gid,
            self.gids.len() as u32,
        ];
        for (number, place) in numbers.iter().zip(bytes.chunks_exact_mut(4)) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        let (handle, gids) = bytes[24..].split_at_mut(HANDLE_BYTES_MAX);
        handle.get_mut(..self.handle.len())?.copy_from_slice(&self.handle);
        for (at, gid) in self.gids.iter().enumerate() {
            gids.get_mut(at * 4..at * 4 + 4)?
                .copy_from_slice(&gid.to_le_bytes());
        }
        Some(bytes)
    }

    /// None: what no honest client writes.
    pub fn decode(bytes: &[u8; OPEN_REQUEST_BYTES]) -> Option<OpenRequest> {
        let number =
            |at: usize| u32::from_le_bytes(bytes[at * 4..at * 4 + 4].try_into().expect("four bytes"));
        let [length, access, uid, gid, groups] = std::array::from_fn(number);
        let valid = access != 0 && access & !(ACCESS_READ | ACCESS_WRITE) == 0;
        if !valid || groups as usize > GROUPS_MAX {
            return None;
        }
        let (handle, gids) = bytes[24..].split_at(HANDLE_BYTES_MAX);
        Some(OpenRequest {
            handle: handle.get(..length as usize)?.to_vec(),
            access,
            uid,
            gid,
            gids: gids
                .chunks_exact(4)
                .take(groups as usize)
                .map(|gid| u32::from_le_bytes(gid.try_into().expect("four bytes")))
                .collect(),
        })
    }
}

/// One entry of RESTORE GRANTS' answer: index (u16), 0 (u16), generation (u32), handle index (u32), pages' length (u32),
/// offset in the file (u64).
pub const RESTORED_GRANT_BYTES: usize = 24;

/// What changed of an object; `flags` of CHANGED.
pub const CHANGED_DATA: u16 = 1;
pub const CHANGED_ATTRIBUTES: u16 = 2;
/// Entries of a directory came or went.
pub const CHANGED_DIRECTORY: u16 = 4;
/// The object lost a name.
pub const CHANGED_NAME_REMOVED: u16 = 8;

/// The server's hints. A notice is one CHANGED and, at once behind it, as many HANDLE as its handle needs.
/// RESYNC: what changed is not told; everything may have. A gap in the ring means the same.
pub const HINT_CHANGED: u16 = 1;
pub const HINT_HANDLE: u16 = 2;
pub const HINT_RESYNC: u16 = 3;

/// Bytes of a handle in one HANDLE hint: flags unused, then the three numbers.
const HANDLE_BYTES_PER_HINT: usize = 20;
pub const HINTS_PER_NOTICE_MAX: usize = 1 + HANDLE_BYTES_MAX.div_ceil(HANDLE_BYTES_PER_HINT);

/// "This handle changed."
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangeNotice {
    /// An or of CHANGED_*.
    pub what: u16,
    pub fileid: u64,
    pub fsid: u64,
    /// The wire handle: one that the client has been given before.
    pub handle: Vec<u8>,
}

impl ChangeNotice {
    /// In the order in which they are to be offered, with nothing in between.
    pub fn encode(&self) -> Vec<Hint> {
        let mut hints = vec![Hint {
            op: HINT_CHANGED,
            flags: self.what,
            handle_index: self.handle.len() as u32,
            object: self.fileid,
            argument: self.fsid,
        }];
        hints.extend(self.handle.chunks(HANDLE_BYTES_PER_HINT).map(|chunk| {
            let mut bytes = [0; HANDLE_BYTES_PER_HINT];
            bytes[..chunk.len()].copy_from_slice(chunk);
            let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
            Hint {
                op: HINT_HANDLE,
                flags: 0,
                handle_index: u32::from_le_bytes(bytes[..4].try_into().expect("four bytes")),
                object: word(4),
                argument: word(12),
            }
        }));
        hints
    }
}

/// What a consumer of hints learns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    Changed(ChangeNotice),
    /// Everything may have changed.
    Resync,
}

/// Puts notices together again. Anything that does not fit means that something is missing: Resync.
#[derive(Debug, Default)]
pub struct NoticeReader {
    pending: Option<(ChangeNotice, usize)>,
}

impl NoticeReader {
    pub fn hint(&mut self, hint: &Hint) -> Option<Notice> {
        match (hint.op, self.pending.take()) {
            (HINT_CHANGED, None) => {
                let length = hint.handle_index as usize;
                if length == 0 || length > HANDLE_BYTES_MAX {
                    return Some(Notice::Resync);
                }
                let notice = ChangeNotice {
                    what: hint.flags,
                    fileid: hint.object,
                    fsid: hint.argument,
                    handle: Vec::with_capacity(length),
                };
                self.pending = Some((notice, length));
                None
            }
            (HINT_HANDLE, Some((mut notice, length))) => {
                let mut bytes = [0; HANDLE_BYTES_PER_HINT];
                bytes[..4].copy_from_slice(&hint.handle_index.to_le_bytes());
                bytes[4..12].copy_from_slice(&hint.object.to_le_bytes());
                bytes[12..].copy_from_slice(&hint.argument.to_le_bytes());
                let wanted = (length - notice.handle.len()).min(HANDLE_BYTES_PER_HINT);
                notice.handle.extend_from_slice(&bytes[..wanted]);
                if notice.handle.len() == length {
                    return Some(Notice::Changed(notice));
                }
                self.pending = Some((notice, length));
                None
            }
            _ => Some(Notice::Resync),
        }
    }

    /// Hints were lost.
    pub fn gap(&mut self) -> Notice {
        self.pending = None;
        Notice::Resync
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(hints: &[Hint]) -> Vec<Notice> {
        let mut reader = NoticeReader::default();
        hints.iter().filter_map(|hint| reader.hint(hint)).collect()
    }

    #[test]
    fn ops_have_their_numbers() {
        for number in 0..16 {
            assert_eq!(Op::from_number(number).map(|op| op as u16), Some(number));
        }
        assert_eq!(Op::from_number(16), None);
    }

    #[test]
    fn what_does_not_fit_together_is_a_resync() {
        let notice = ChangeNotice {
            what: CHANGED_DATA,
            fileid: 1,
            fsid: 2,
            handle: vec![7; 64],
        };
        let hints = notice.encode();
        assert_eq!(hints.len(), HINTS_PER_NOTICE_MAX);
        assert_eq!(read(&hints), [Notice::Changed(notice)]);
        assert_eq!(read(&hints[1..2]), [Notice::Resync]);
        assert_eq!(read(&[hints[0], hints[0]]), [Notice::Resync]);
        assert_eq!(
            read(&[Hint {
                handle_index: 65,
                ..hints[0]
            }]),
            [Notice::Resync]
        );
    }

    proptest! {
        #[test]
        fn a_notice_comes_back(what: u16, fileid: u64, fsid: u64, handle in prop::collection::vec(any::<u8>(), 1..=64)) {
            let notice = ChangeNotice { what, fileid, fsid, handle };
            prop_assert_eq!(read(&notice.encode()), [Notice::Changed(notice)]);
        }

        #[test]
        fn an_open_request_comes_back(
            handle in prop::collection::vec(any::<u8>(), 0..=64), access in 1..=3u32, uid: u32, gid: u32,
            gids in prop::collection::vec(any::<u32>(), 0..=16),
        ) {
            let request = OpenRequest { handle, access, uid, gid, gids };
            prop_assert_eq!(OpenRequest::decode(&request.encode().unwrap()), Some(request));
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(bytes in prop::collection::vec(any::<u8>(), OPEN_REQUEST_BYTES)) {
            let _ = OpenRequest::decode(bytes.as_slice().try_into().unwrap());
        }
    }
}
