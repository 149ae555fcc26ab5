//! The NFSv3 calls (RFC 1813) that make up the load: what is sent, and what a right reply looks like.

use std::error::Error;

use clap::ValueEnum;

use crate::rpc::Client;
use crate::xdr::{Encode, Malformed, Reader};

pub const FATTR3_BYTES: usize = 84;
/// dircount and maxcount of READDIRPLUS: room for well over 100 entries.
const LISTING_BYTES_MAX: u32 = 32 << 10;
pub const WORK_DIRECTORY: &str = "fsva-load";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Operation {
    Null,
    Getattr,
    Lookup,
    Access,
    Read,
    Write,
    /// CREATE and REMOVE of one name, alternating.
    Create,
    Readdirplus,
    Commit,
}

/// A directory of so many files, with which nothing else is done.
#[derive(Default)]
pub struct Listed {
    pub directory: Vec<u8>,
    pub entries: u32,
}

/// What the load runs on: a directory of its own with one data file.
pub struct Target {
    pub directory: Vec<u8>,
    /// What READDIRPLUS lists.
    pub listed: Listed,
    pub file: Vec<u8>,
    pub file_bytes: u64,
    pub io_bytes: u32,
    /// READ and WRITE go to blocks in no order.
    pub random: bool,
}

pub fn status(reader: &mut Reader, what: &str) -> Result<(), Malformed> {
    match reader.u32(what)? {
        0 => Ok(()),
        status => Err(Malformed(format!("{what}: nfsstat3 {status}"))),
    }
}

pub fn post_op_attr(reader: &mut Reader) -> Result<(), Malformed> {
    match reader.u32("attributes_follow")? {
        0 => Ok(()),
        _ => reader.skip(FATTR3_BYTES, "fattr3"),
    }
}

pub fn wcc_data(reader: &mut Reader) -> Result<(), Malformed> {
    if reader.u32("before")? != 0 {
        reader.skip(24, "wcc_attr")?;
    }
    post_op_attr(reader)
}

/// READDIRPLUS3resok from the start of the directory: with handle and attributes of every file, and all of them or as
/// many as one reply holds.
fn listing(reader: &mut Reader, expected: u32) -> Result<(), Malformed> {
    post_op_attr(reader)?;
    reader.skip(8, "cookieverf")?;
    let mut files = 0;
    while reader.u32("value_follows")? != 0 {
        reader.skip(8, "fileid")?;
        let name = reader.opaque("name")?;
        reader.skip(8, "cookie")?;
        let is_file = !matches!(name, b"." | b"..");
        let has_attributes = reader.u32("attributes_follow")? != 0;
        if has_attributes {
            reader.skip(FATTR3_BYTES, "fattr3")?;
        }
        let has_handle = reader.u32("handle_follows")? != 0;
        if has_handle {
            reader.opaque("name_handle")?;
        }
        if is_file {
            files += 1;
            if !(has_attributes && has_handle) {
                return Err(Malformed("READDIRPLUS knows nothing of a file".into()));
            }
        }
    }
    match reader.u32("eof")? {
        0 if files > 0 && files < expected => Ok(()),
        1 if files == expected => Ok(()),
        eof => Err(Malformed(format!(
            "READDIRPLUS gave {files} of {expected} files, eof {eof}"
        ))),
    }
}

/// MNT (MOUNT v3, RFC 1813 section 5.2.1).
pub fn mount(client: &mut Client, path: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    client.call(
        1,
        |out| out.opaque(path.as_bytes()),
        |reader| {
            status(reader, "MNT")?;
            Ok(reader.opaque("fhandle3")?.to_vec())
        },
    )
}

/// The handle of a fresh or existing child: CREATE or MKDIR, then LOOKUP.
pub fn make(
    client: &mut Client,
    directory: &[u8],
    name: &str,
    procedure: u32,
) -> Result<Vec<u8>, Box<dyn Error>> {
    client.call(
        procedure,
        |out| {
            out.opaque(directory);
            out.opaque(name.as_bytes());
            if procedure == 8 {
                out.u32(0);
            }
            sattr3_with_mode(out, 0o755);
        },
        |_| Ok(()),
    )?;
    client.call(
        3,
        |out| {
            out.opaque(directory);
            out.opaque(name.as_bytes());
        },
        |reader| {
            status(reader, "LOOKUP")?;
            Ok(reader.opaque("object")?.to_vec())
        },
    )
}

fn sattr3_with_mode(out: &mut Vec<u8>, mode: u32) {
    for word in [1, mode, 0, 0, 0, 0, 0] {
        out.u32(word);
    }
}

/// The finalizer of splitmix64: a different number for each, in no order.
fn scatter(sequence: u64) -> u64 {
    let mut word = sequence.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ word >> 31
}

impl Operation {
    pub fn procedure(self, sequence: u64) -> u32 {
        match self {
            Self::Null => 0,
            Self::Getattr => 1,
            Self::Lookup => 3,
            Self::Access => 4,
            Self::Read => 6,
            Self::Write => 7,
            Self::Create => {
                if sequence.is_multiple_of(2) {
                    8
                } else {
                    12
                }
            }
            Self::Readdirplus => 17,
            Self::Commit => 21,
        }
    }

    /// Bytes of file data that one call moves.
    pub fn payload_bytes(self, target: &Target) -> u64 {
        match self {
            Self::Read | Self::Write => u64::from(target.io_bytes),
            _ => 0,
        }
    }

    pub fn encode(self, out: &mut Vec<u8>, target: &Target, sequence: u64, lane: usize, data: &[u8]) {
        let blocks = (target.file_bytes / u64::from(target.io_bytes)).max(1);
        let place = if target.random {
            scatter(sequence)
        } else {
            sequence
        };
        let offset = (place % blocks) * u64::from(target.io_bytes);
        match self {
            Self::Null => {}
            Self::Getattr => out.opaque(&target.file),
            Self::Lookup => {
                out.opaque(&target.directory);
                out.opaque(b"data");
            }
            Self::Access => {
                out.opaque(&target.file);
                out.u32(0x3f);
            }
            Self::Read => {
                out.opaque(&target.file);
                out.u64(offset);
                out.u32(target.io_bytes);
            }
            Self::Write => {
                out.opaque(&target.file);
                out.u64(offset);
                out.u32(target.io_bytes);
                out.u32(0);
                out.opaque(&data[..target.io_bytes as usize]);
            }
            Self::Create => {
                out.opaque(&target.directory);
                out.opaque(format!("new-{lane}").as_bytes());
                if sequence.is_multiple_of(2) {
                    out.u32(0);
                    sattr3_with_mode(out, 0o644);
                }
            }
            Self::Readdirplus => {
                out.opaque(&target.listed.directory);
                out.u64(0);
                out.u64(0);
                out.u32(LISTING_BYTES_MAX);
                out.u32(LISTING_BYTES_MAX);
            }
            Self::Commit => {
                out.opaque(&target.file);
                out.u64(0);
                out.u32(0);
            }
        }
    }

    /// Reads the whole reply and checks what can be known about it.
    pub fn check(self, reader: &mut Reader, target: &Target, sequence: u64) -> Result<(), Malformed> {
        if self == Self::Null {
            return reader.end();
        }
        status(reader, "status")?;
        match self {
            Self::Null => unreachable!("answered above"),
            Self::Getattr => reader.skip(FATTR3_BYTES, "fattr3")?,
            Self::Lookup => {
                if reader.opaque("object")? != target.file {
                    return Err(Malformed("LOOKUP found another file".into()));
                }
                post_op_attr(reader)?;
                post_op_attr(reader)?;
            }
            Self::Access => {
                post_op_attr(reader)?;
                reader.u32("access")?;
            }
            Self::Read => {
                post_op_attr(reader)?;
                let count = reader.u32("count")?;
                reader.u32("eof")?;
                let data = reader.opaque("data")?;
                if count != target.io_bytes || data.len() != count as usize {
                    return Err(Malformed(format!(
                        "READ gave {count} of {} bytes",
                        target.io_bytes
                    )));
                }
            }
            Self::Write => {
                wcc_data(reader)?;
                let count = reader.u32("count")?;
                if count != target.io_bytes {
                    return Err(Malformed(format!(
                        "WRITE took {count} of {} bytes",
                        target.io_bytes
                    )));
                }
                reader.u32("committed")?;
                reader.skip(8, "verf")?;
            }
            Self::Create if sequence.is_multiple_of(2) => {
                if reader.u32("handle_follows")? != 0 {
                    reader.opaque("obj")?;
                }
                post_op_attr(reader)?;
                wcc_data(reader)?;
            }
            Self::Create => wcc_data(reader)?,
            Self::Readdirplus => listing(reader, target.listed.entries)?,
            Self::Commit => {
                wcc_data(reader)?;
                reader.skip(8, "verf")?;
            }
        }
        reader.end()
    }
}
