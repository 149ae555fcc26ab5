//! The handle table on disk: a log of checksummed records, appended to, rewritten when most of it is dead.
//!
//! ```text
//! header  "fsva handle table 1\n"
//! record  body length u16 | body | first 8 bytes of the body's BLAKE3
//! ```
//!
//! Integers are little-endian. Whatever follows the first record that is not whole (a write torn by a crash) is cut
//! off on load; if that is more than one record can be, a copy is kept beside the log.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::object_identity::ObjectIdentity;

const HEADER: &[u8] = b"fsva handle table 1\n";
const CHECKSUM_BYTES: usize = 8;
const LOAD_BYTES: usize = 1 << 20;
/// Longest name of a directory entry in Linux.
pub const NAME_BYTES_MAX: usize = 255;
const BODY_BYTES_MAX: usize = 1 + 8 + 8 + ObjectIdentity::ENCODED_BYTES + NAME_BYTES_MAX;
pub const RECORD_BYTES_MAX: usize = 2 + BODY_BYTES_MAX + CHECKSUM_BYTES;

const RESERVE: u8 = 1;
const PLACE: u8 = 2;
const UNPLACE: u8 = 3;
const FORGET: u8 = 4;

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Record<'a> {
    /// Ids below this one may have been given out.
    Reserve { below: u64 },
    /// The object is found there (also); whatever the table had there before is not there any more. Without a
    /// name: it was in that directory once.
    Place {
        id: u64,
        parent: u64,
        identity: ObjectIdentity,
        name: &'a [u8],
    },
    /// Whatever the table had there is not there any more.
    Unplace { parent: u64, name: &'a [u8] },
    /// The object is gone.
    Forget { id: u64 },
}

impl<'a> Record<'a> {
    pub fn encode(&self, into: &mut Vec<u8>) {
        let start = into.len();
        into.extend([0, 0]);
        match self {
            Record::Reserve { below } => {
                into.push(RESERVE);
                into.extend(below.to_le_bytes());
            }
            Record::Place {
                id,
                parent,
                identity,
                name,
            } => {
                into.push(PLACE);
                into.extend(id.to_le_bytes());
                into.extend(parent.to_le_bytes());
                into.extend(identity.encode());
                into.extend(*name);
            }
            Record::Unplace { parent, name } => {
                into.push(UNPLACE);
                into.extend(parent.to_le_bytes());
                into.extend(*name);
            }
            Record::Forget { id } => {
                into.push(FORGET);
                into.extend(id.to_le_bytes());
            }
        }
        let length = into.len() - start - 2;
        assert!(length <= BODY_BYTES_MAX, "names have at most 255 bytes");
        into[start..start + 2].copy_from_slice(&(length as u16).to_le_bytes());
        let checksum = checksum(&into[start + 2..]);
        into.extend(checksum);
    }

    /// The first record and its length, or None if there is no whole one.
    pub fn decode(bytes: &'a [u8]) -> Option<(Record<'a>, usize)> {
        let (length, rest) = bytes.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_le_bytes(*length));
        if length > BODY_BYTES_MAX {
            return None;
        }
        let body = rest.get(..length)?;
        if rest.get(length..length + CHECKSUM_BYTES)? != checksum(body) {
            return None;
        }
        Some((Record::decode_body(body)?, 2 + length + CHECKSUM_BYTES))
    }

    fn decode_body(body: &'a [u8]) -> Option<Record<'a>> {
        let (&kind, rest) = body.split_first()?;
        let (first, rest) = rest.split_first_chunk::<8>()?;
        let first = u64::from_le_bytes(*first);
        match kind {
            RESERVE if rest.is_empty() => Some(Record::Reserve { below: first }),
            FORGET if rest.is_empty() => Some(Record::Forget { id: first }),
            UNPLACE if is_name(rest) => Some(Record::Unplace {
                parent: first,
                name: rest,
            }),
            PLACE => {
                let (parent, rest) = rest.split_first_chunk::<8>()?;
                let (identity, name) = rest.split_first_chunk::<{ ObjectIdentity::ENCODED_BYTES }>()?;
                let identity = ObjectIdentity::decode(identity)?;
                let parent = u64::from_le_bytes(*parent);
                (name.is_empty() || is_name(name)).then_some(Record::Place {
                    id: first,
                    parent,
                    identity,
                    name,
                })
            }
            _ => None,
        }
    }
}

/// One path component: what a directory can hold.
pub fn is_name(name: &[u8]) -> bool {
    !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && name != b"."
        && name != b".."
        && !name.iter().any(|&byte| byte == b'/' || byte == 0)
}

fn checksum(body: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut checksum = [0; CHECKSUM_BYTES];
    checksum.copy_from_slice(&blake3::hash(body).as_bytes()[..CHECKSUM_BYTES]);
    checksum
}

/// The open log. Its caller serializes.
pub struct Log {
    path: PathBuf,
    file: File,
    bytes: u64,
    /// A failed append could not be undone: appending more would hide everything behind the torn record.
    broken: bool,
}

impl Log {
    /// Opens or creates the log, gives every record to `replay` in order, and cuts off a torn tail. The number of
    /// bytes cut off is given back.
    pub fn open(path: &Path, mut replay: impl FnMut(Record)) -> io::Result<(Log, u64)> {
        let mut file = options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let good = load(&mut file, &mut replay)?;
        let torn = file.metadata()?.len() - good;
        if torn > RECORD_BYTES_MAX as u64 {
            keep_copy(&mut file, good, &path.with_extension("damaged"))?;
        }
        if good == 0 {
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(HEADER)?;
        } else {
            file.set_len(good)?;
        }
        let bytes = good.max(HEADER.len() as u64);
        file.seek(SeekFrom::Start(bytes))?;
        Ok((
            Log {
                path: path.to_owned(),
                file,
                bytes,
                broken: false,
            },
            torn,
        ))
    }

    /// All of `records` or nothing. Once it returns, they survive the death of this process; `sync` makes them
    /// survive a power failure.
    pub fn append(&mut self, records: &[u8]) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other(
                "the handle table's log could not be written before",
            ));
        }
        if let Err(error) = self.file.write_all(records) {
            let undone = self
                .file
                .set_len(self.bytes)
                .and_then(|()| self.file.seek(SeekFrom::Start(self.bytes)));
            self.broken = undone.is_err();
            return Err(error);
        }
        self.bytes += records.len() as u64;
        Ok(())
    }

    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// For a sync that does not hold up appends.
    pub fn file(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Puts a log of only these records in the place of this one, on stable storage.
    pub fn replace(&mut self, records: impl Iterator<Item = Vec<u8>>) -> io::Result<()> {
        let new_path = self.path.with_extension("new");
        let file = options()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&new_path)?;
        let mut writer = io::BufWriter::with_capacity(1 << 16, file);
        writer.write_all(HEADER)?;
        let mut bytes = HEADER.len() as u64;
        for record in records {
            writer.write_all(&record)?;
            bytes += record.len() as u64;
        }
        let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        std::fs::rename(&new_path, &self.path)?;
        if let Some(directory) = self.path.parent() {
            File::open(directory)?.sync_all()?;
        }
        self.file = file;
        self.bytes = bytes;
        self.broken = false;
        Ok(())
    }
}

/// Replays the whole records from the start; their length with the header's, 0 if not even that is whole.
fn load(file: &mut File, replay: &mut impl FnMut(Record)) -> io::Result<u64> {
    let mut buffer = vec![0; LOAD_BYTES];
    let mut filled = 0;
    let mut good = 0;
    loop {
        let count = file.read(&mut buffer[filled..])?;
        filled += count;
        // Short reads are gathered: only a full buffer or the end of the file is looked at.
        if count > 0 && filled < LOAD_BYTES {
            continue;
        }
        let mut at = 0;
        if good == 0 {
            match buffer[..filled].get(..HEADER.len()) {
                Some(HEADER) => at = HEADER.len(),
                Some(_) => {
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        "not a handle table of this version",
                    ));
                }
                None => return Ok(0),
            }
        }
        while let Some((record, length)) = Record::decode(&buffer[at..filled]) {
            replay(record);
            at += length;
        }
        good += at as u64;
        let whole_records_left = filled - at >= RECORD_BYTES_MAX;
        if count == 0 || whole_records_left {
            return Ok(good);
        }
        buffer.copy_within(at..filled, 0);
        filled -= at;
    }
}

/// For a person to look at: records behind a damaged one cannot be found again by a program.
fn keep_copy(file: &mut File, from: u64, path: &Path) -> io::Result<()> {
    file.seek(SeekFrom::Start(from))?;
    let mut copy = options().write(true).create(true).truncate(true).open(path)?;
    io::copy(file, &mut copy).map(drop)
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600).custom_flags(libc::O_NOFOLLOW);
    options
}
