//! A file's attributes, as the server lays them out (`fsva_core::answer::Attributes`).

use fsva_channel::protocol::ATTRIBUTES_BYTES;

/// Since 1970.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Time {
    pub seconds: u32,
    pub nseconds: u32,
}

/// fattr3 of RFC 1813, section 2.5.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Attributes {
    pub size: u64,
    pub used: u64,
    pub fsid: u64,
    pub fileid: u64,
    /// ftype3.
    pub kind: u32,
    pub mode: u32,
    pub nlink: u32,
    pub uid: u32,
    pub gid: u32,
    pub rdev_major: u32,
    pub rdev_minor: u32,
    pub atime: Time,
    pub mtime: Time,
    pub ctime: Time,
}

impl Attributes {
    /// None: the server says that it does not know them.
    pub fn decode(bytes: &[u8; ATTRIBUTES_BYTES]) -> Option<Attributes> {
        let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        let long = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        let time = |at: usize| Time {
            seconds: number(at),
            nseconds: number(at + 4),
        };
        (number(32) == 1).then(|| Attributes {
            size: long(0),
            used: long(8),
            fsid: long(16),
            fileid: long(24),
            kind: number(36),
            mode: number(40),
            nlink: number(44),
            uid: number(48),
            gid: number(52),
            rdev_major: number(56),
            rdev_minor: number(60),
            atime: time(64),
            mtime: time(72),
            ctime: time(80),
        })
    }

    /// As they were decoded.
    pub fn encode(&self) -> [u8; ATTRIBUTES_BYTES] {
        let mut bytes = [0; ATTRIBUTES_BYTES];
        let longs = [self.size, self.used, self.fsid, self.fileid];
        for (place, long) in bytes.chunks_exact_mut(8).zip(longs) {
            place.copy_from_slice(&long.to_le_bytes());
        }
        let times = [self.atime, self.mtime, self.ctime];
        let numbers = [
            1,
            self.kind,
            self.mode,
            self.nlink,
            self.uid,
            self.gid,
            self.rdev_major,
            self.rdev_minor,
        ];
        let numbers = numbers
            .into_iter()
            .chain(times.into_iter().flat_map(|time| [time.seconds, time.nseconds]));
        for (place, number) in bytes[8 * longs.len()..].chunks_exact_mut(4).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_come_back() {
        let mut bytes: [u8; ATTRIBUTES_BYTES] = std::array::from_fn(|at| at as u8 + 1);
        assert_eq!(Attributes::decode(&bytes), None);
        bytes[32..36].copy_from_slice(&1u32.to_le_bytes());
        assert_eq!(Attributes::decode(&bytes).unwrap().encode(), bytes);
    }
}
