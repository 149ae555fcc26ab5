//! What getdents64(2) gives.

use std::ffi::{CStr, CString};

use crate::errno::{Errno, Result};

/// One record with the longest name fits.
pub(crate) const RECORDS_BYTES_MIN: usize = 1024;

/// An entry of a directory; the name lies where getdents put it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Record<'a> {
    pub fileid: u64,
    /// The position after it.
    pub cookie: u64,
    pub name: &'a CStr,
}

impl Record<'_> {
    pub fn is_dot(&self) -> bool {
        self.name == c"."
    }

    pub fn is_dot_dot(&self) -> bool {
        self.name == c".."
    }
}

/// One that is kept.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub fileid: u64,
    pub cookie: u64,
    pub name: CString,
}

impl Entry {
    pub fn record(&self) -> Record<'_> {
        Record {
            fileid: self.fileid,
            cookie: self.cookie,
            name: &self.name,
        }
    }
}

impl From<Record<'_>> for Entry {
    fn from(record: Record<'_>) -> Entry {
        Entry {
            fileid: record.fileid,
            cookie: record.cookie,
            name: record.name.into(),
        }
    }
}

/// struct linux_dirent64: d_ino u64, d_off i64, d_reclen u16, d_type u8, d_name NUL-terminated.
pub(crate) fn parse(mut records: &[u8]) -> Result<Vec<Record<'_>>> {
    const NAME_OFFSET: usize = 19;
    let mut parsed = Vec::with_capacity(records.len() / 32);
    while let Some((header, _)) = records.split_at_checked(NAME_OFFSET) {
        let word = |at: usize| u64::from_ne_bytes(header[at..at + 8].try_into().expect("8 bytes"));
        let record_length = usize::from(u16::from_ne_bytes([header[16], header[17]]));
        let (record, rest) = records.split_at_checked(record_length).ok_or(Errno::IO)?;
        let name = record.get(NAME_OFFSET..).ok_or(Errno::IO)?;
        let name = CStr::from_bytes_until_nul(name).map_err(|_| Errno::IO)?;
        // To system calls it would mean the directory itself.
        if name.is_empty() {
            return Err(Errno::IO);
        }
        parsed.push(Record {
            fileid: word(0),
            cookie: word(8),
            name,
        });
        records = rest;
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(fileid: u64, cookie: u64, name: &[u8]) -> Vec<u8> {
        let length = (19 + name.len() + 1).next_multiple_of(8);
        let mut bytes = [fileid.to_ne_bytes(), cookie.to_ne_bytes()].concat();
        bytes.extend((length as u16).to_ne_bytes());
        bytes.push(8);
        bytes.extend(name);
        bytes.resize(length, 0);
        bytes
    }

    #[test]
    fn records_follow_each_other() {
        let longest = [b'x'; 255];
        let bytes = [record(7, 1, b"a"), record(8, 2, &longest), record(9, 3, b"..")].concat();
        let parsed = parse(&bytes).unwrap();
        let found: Vec<_> = parsed
            .iter()
            .map(|record| (record.fileid, record.cookie, record.name.to_bytes()))
            .collect();
        assert_eq!(found, [(7, 1, &b"a"[..]), (8, 2, &longest), (9, 3, b"..")]);
        assert!(parsed[2].is_dot_dot() && !parsed[2].is_dot());
        assert_eq!(parse(&[]), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_record_is_an_error() {
        let good = record(7, 1, b"name");
        for length in [0u16, 18, 19, u16::MAX] {
            let mut bad = good.clone();
            bad[16..18].copy_from_slice(&length.to_ne_bytes());
            assert_eq!(parse(&bad), Err(Errno::IO), "length {length}");
        }
        assert_eq!(parse(&record(7, 1, b"")), Err(Errno::IO), "no name");
        let mut endless = good.clone();
        endless[19..].fill(b'x');
        assert_eq!(parse(&endless), Err(Errno::IO));
    }
}
