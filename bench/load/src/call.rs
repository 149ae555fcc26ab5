//! The NFSv3 calls (RFC 1813) that make up the load: what is sent, and what a right reply looks like.

use crate::contents;
use crate::target::{LINK_TEXT, Target};
use crate::xdr::{Encode, Malformed, Reader};

pub const FATTR3_BYTES: usize = 84;
/// NF3REG of ftype3.
const REGULAR: u32 = 1;
/// READ, MODIFY and EXTEND of what ACCESS answers: all that root is given of any file.
const ACCESS_OF_ROOT: u32 = 0x01 | 0x04 | 0x08;
const LISTED_BYTES: u32 = 32 << 10;

/// By its number in RFC 1813.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Procedure {
    Null = 0,
    Getattr = 1,
    Setattr = 2,
    Lookup = 3,
    Access = 4,
    Readlink = 5,
    Read = 6,
    Write = 7,
    Create = 8,
    Mkdir = 9,
    Symlink = 10,
    Remove = 12,
    Readdir = 16,
    Readdirplus = 17,
    Fsstat = 18,
    Commit = 21,
}

/// One call of the load.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    pub procedure: Procedure,
    /// Which of the target's files, if it is about one.
    pub file: usize,
    /// Of READ and WRITE.
    pub offset: u64,
    /// Whose name CREATE and REMOVE use.
    pub lane: u32,
}

/// Reads the status; everything but NFS3_OK is an error.
pub fn expect_ok(reader: &mut Reader, what: impl std::fmt::Debug) -> Result<(), Malformed> {
    match reader.u32("status")? {
        0 => Ok(()),
        status => Err(Malformed(format!("{what:?}: nfsstat3 {status}"))),
    }
}

pub fn sattr3_with_mode(out: &mut Vec<u8>, mode: u32) {
    for word in [1, mode, 0, 0, 0, 0, 0] {
        out.u32(word);
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

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, value: T, wanted: T) -> Result<(), Malformed> {
    match value == wanted {
        true => Ok(()),
        false => Err(Malformed(format!("{what}: {value:?}, not {wanted:?}"))),
    }
}

impl Call {
    /// What has to come next on the same lane, if it can't be anything.
    pub fn next(self) -> Option<Self> {
        let procedure = Procedure::Remove;
        (self.procedure == Procedure::Create).then_some(Self { procedure, ..self })
    }

    /// The arguments.
    pub fn encode(self, out: &mut Vec<u8>, target: &Target) {
        let file = &target.files[self.file];
        match self.procedure {
            Procedure::Null => {}
            Procedure::Getattr | Procedure::Fsstat => out.opaque(&file.handle),
            Procedure::Setattr => {
                out.opaque(&file.handle);
                sattr3_with_mode(out, 0o644);
                out.u32(0);
            }
            Procedure::Lookup => {
                out.opaque(&target.directory);
                out.opaque(&file.name);
            }
            Procedure::Access => {
                out.opaque(&file.handle);
                out.u32(0x3f);
            }
            Procedure::Readlink => out.opaque(&target.link),
            Procedure::Read => {
                out.opaque(&file.handle);
                out.u64(self.offset);
                out.u32(target.io_bytes);
            }
            Procedure::Write => {
                out.opaque(&file.handle);
                out.u64(self.offset);
                out.u32(target.io_bytes);
                out.u32(if target.file_sync { 2 } else { 0 });
                out.u32(target.io_bytes);
                contents::append(out, self.offset, target.io_bytes as usize);
                out.pad();
            }
            Procedure::Create => {
                self.encode_new_name(out, target);
                out.u32(0);
                sattr3_with_mode(out, 0o644);
            }
            Procedure::Remove => self.encode_new_name(out, target),
            Procedure::Readdir => {
                out.opaque(&target.listed);
                out.u64(0);
                out.u64(0);
                out.u32(LISTED_BYTES);
            }
            Procedure::Readdirplus => {
                out.opaque(&target.listed);
                out.u64(0);
                out.u64(0);
                out.u32(LISTED_BYTES);
                out.u32(LISTED_BYTES);
            }
            Procedure::Commit => {
                out.opaque(&file.handle);
                out.u64(0);
                out.u32(0);
            }
            Procedure::Mkdir | Procedure::Symlink => unreachable!("only made before the load"),
        }
    }

    fn encode_new_name(self, out: &mut Vec<u8>, target: &Target) {
        out.opaque(&target.directory);
        out.opaque(format!("new-{}", self.lane).as_bytes());
    }

    /// Reads the whole reply and checks what can be known about it.
    pub fn check(self, reader: &mut Reader, target: &Target) -> Result<(), Malformed> {
        if self.procedure != Procedure::Null {
            expect_ok(reader, self.procedure)?;
        }
        let file = &target.files[self.file];
        match self.procedure {
            Procedure::Null => {}
            Procedure::Getattr => {
                expect("type", reader.u32("type")?, REGULAR)?;
                reader.skip(16, "mode to gid")?;
                expect("size", reader.u64("size")?, file.bytes)?;
                reader.skip(FATTR3_BYTES - 28, "fattr3")?;
            }
            Procedure::Lookup => {
                if reader.opaque("object")? != file.handle {
                    return Err(Malformed("LOOKUP found another file".into()));
                }
                post_op_attr(reader)?;
                post_op_attr(reader)?;
            }
            Procedure::Access => {
                post_op_attr(reader)?;
                let access = reader.u32("access")?;
                expect("access", access & ACCESS_OF_ROOT, ACCESS_OF_ROOT)?;
            }
            Procedure::Readlink => {
                post_op_attr(reader)?;
                expect("link", reader.opaque("link")?, LINK_TEXT)?;
            }
            Procedure::Read => self.check_read(reader, target)?,
            Procedure::Write => {
                wcc_data(reader)?;
                expect("WRITE's count", reader.u32("count")?, target.io_bytes)?;
                let committed = reader.u32("committed")?;
                if target.file_sync {
                    expect("committed", committed, 2)?;
                }
                reader.skip(8, "verf")?;
            }
            Procedure::Create => {
                if reader.u32("handle_follows")? != 0 {
                    reader.opaque("obj")?;
                }
                post_op_attr(reader)?;
                wcc_data(reader)?;
            }
            Procedure::Setattr | Procedure::Remove => wcc_data(reader)?,
            Procedure::Readdir | Procedure::Readdirplus => self.check_listing(reader, target)?,
            Procedure::Fsstat => {
                post_op_attr(reader)?;
                reader.skip(52, "FSSTAT3resok")?;
            }
            Procedure::Commit => {
                wcc_data(reader)?;
                reader.skip(8, "verf")?;
            }
            Procedure::Mkdir | Procedure::Symlink => unreachable!("only made before the load"),
        }
        reader.end()
    }

    fn check_read(self, reader: &mut Reader, target: &Target) -> Result<(), Malformed> {
        post_op_attr(reader)?;
        let wanted = u64::from(target.io_bytes).min(target.files[self.file].bytes - self.offset) as u32;
        expect("READ's count", reader.u32("count")?, wanted)?;
        reader.u32("eof")?;
        let data = reader.opaque("data")?;
        expect("READ's length", data.len(), wanted as usize)?;
        match target.any_data || contents::are_right(data, self.offset) {
            true => Ok(()),
            false => Err(Malformed(format!("READ at {} gave other data", self.offset))),
        }
    }

    /// One page of the listing, from its beginning: names that are there, each once; all of them if it ends there.
    fn check_listing(self, reader: &mut Reader, target: &Target) -> Result<(), Malformed> {
        post_op_attr(reader)?;
        reader.skip(8, "cookieverf")?;
        let mut seen = vec![false; target.entries];
        let mut count = 0;
        while reader.u32("value_follows")? != 0 {
            reader.u64("fileid")?;
            let name = reader.opaque("name")?;
            reader.u64("cookie")?;
            let is_file = name != b"." && name != b"..";
            if self.procedure == Procedure::Readdirplus {
                let has_attributes = reader.u32("attributes_follow")? != 0;
                if has_attributes {
                    reader.skip(FATTR3_BYTES, "fattr3")?;
                }
                let has_handle = reader.u32("handle_follows")? != 0;
                if has_handle {
                    reader.opaque("name_handle")?;
                }
                if is_file && !(has_attributes && has_handle) {
                    return Err(Malformed("READDIRPLUS knows nothing of a file".into()));
                }
            }
            if !is_file {
                continue;
            }
            let number = name
                .strip_prefix(b"entry-")
                .and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<usize>().ok());
            match number.and_then(|number| seen.get_mut(number)) {
                Some(seen) if !*seen => *seen = true,
                _ => {
                    return Err(Malformed(format!(
                        "a name that is not to be there: {}",
                        name.escape_ascii()
                    )));
                }
            }
            count += 1;
        }
        match reader.u32("eof")? {
            0 if count > 0 => Ok(()),
            0 => Err(Malformed("a page without entries".into())),
            _ => expect("entries", count, target.entries),
        }
    }
}
