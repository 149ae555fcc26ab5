//! What the load runs on: a work directory of its own, made before anything is timed.

use std::error::Error;

use crate::call::{Call, Procedure, expect_ok, sattr3_with_mode};
use crate::operation::Operation;
use crate::rpc::Client;
use crate::xdr::Encode;

/// Bytes of each of the files that the mix works on.
const MIX_FILE_BYTES: u64 = 64 << 10;
const MIX_FILES: usize = 64;
const FILL_BYTES: u32 = 1 << 20;
/// What the symbolic link of the mix says.
pub const LINK_TEXT: &[u8] = b"where/the/data/is";

pub struct File {
    pub handle: Vec<u8>,
    pub name: Vec<u8>,
    pub bytes: u64,
}

pub struct Target {
    pub directory: Vec<u8>,
    /// What READDIR and READDIRPLUS list: a directory of `entries` files named `entry-NUMBER`.
    pub listed: Vec<u8>,
    pub entries: usize,
    pub link: Vec<u8>,
    /// One file; for the mix many.
    pub files: Vec<File>,
    pub io_bytes: u32,
    /// READ and WRITE go to blocks in no order.
    pub random: bool,
    /// WRITE asks for FILE_SYNC, not UNSTABLE.
    pub file_sync: bool,
    /// What READ returns is not looked at: the server is one that has no files.
    pub any_data: bool,
}

/// What the target is to be like.
pub struct Shape<'a> {
    pub work_directory: &'a str,
    pub operation: Operation,
    pub file_bytes: u64,
    pub io_bytes: u32,
    pub entries: usize,
    pub random: bool,
    pub file_sync: bool,
    pub any_data: bool,
}

/// MNT (MOUNT v3, RFC 1813 section 5.2.1).
pub fn mount(client: &mut Client, path: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    client.call(
        1,
        |out| out.opaque(path.as_bytes()),
        |reader| {
            expect_ok(reader, "MNT")?;
            Ok(reader.opaque("fhandle3")?.to_vec())
        },
    )
}

/// Makes what the operation needs and leaves what is there from before.
pub fn prepare(client: &mut Client, root: &[u8], shape: &Shape) -> Result<Target, Box<dyn Error>> {
    let directory = child(client, root, shape.work_directory.as_bytes(), Procedure::Mkdir)?;
    let is_mix = shape.operation == Operation::Mix;
    let mut listed = Vec::new();
    if is_mix || shape.operation == Operation::Readdirplus {
        let name = format!("listed-{}", shape.entries);
        listed = child(client, &directory, name.as_bytes(), Procedure::Mkdir)?;
        for entry in 0..shape.entries {
            child(
                client,
                &listed,
                format!("entry-{entry}").as_bytes(),
                Procedure::Create,
            )?;
        }
    }
    let mut link = Vec::new();
    let mut files = Vec::new();
    if is_mix {
        link = child(client, &directory, b"link", Procedure::Symlink)?;
        for number in 0..MIX_FILES {
            let name = format!("file-{number}").into_bytes();
            files.push(file(client, &directory, name, MIX_FILE_BYTES)?);
        }
    } else {
        files.push(file(
            client,
            &directory,
            format!("data-{}", shape.file_bytes).into_bytes(),
            shape.file_bytes,
        )?);
    }
    let mut target = Target {
        directory,
        listed,
        entries: shape.entries,
        link,
        files,
        io_bytes: FILL_BYTES,
        random: false,
        file_sync: false,
        any_data: shape.any_data,
    };
    for file in 0..target.files.len() {
        fill(client, &mut target, file)?;
    }
    Ok(Target {
        io_bytes: shape.io_bytes,
        random: shape.random,
        file_sync: shape.file_sync,
        ..target
    })
}

fn file(client: &mut Client, directory: &[u8], name: Vec<u8>, bytes: u64) -> Result<File, Box<dyn Error>> {
    let handle = child(client, directory, &name, Procedure::Create)?;
    Ok(File { handle, name, bytes })
}

fn fill(client: &mut Client, target: &mut Target, file: usize) -> Result<(), Box<dyn Error>> {
    let bytes = target.files[file].bytes;
    let mut offset = 0;
    while offset < bytes {
        target.io_bytes = u64::from(FILL_BYTES).min(bytes - offset) as u32;
        let call = Call {
            procedure: Procedure::Write,
            file,
            offset,
            lane: 0,
        };
        client.call(
            call.procedure as u32,
            |out| call.encode(out, target),
            |reader| call.check(reader, target),
        )?;
        offset += u64::from(target.io_bytes);
    }
    Ok(())
}

/// The handle of a child, which is made if it is not there.
pub fn child(
    client: &mut Client,
    directory: &[u8],
    name: &[u8],
    make: Procedure,
) -> Result<Vec<u8>, Box<dyn Error>> {
    let found = look_up(client, directory, name);
    if found.is_ok() {
        return found;
    }
    client.call(
        make as u32,
        |out| {
            out.opaque(directory);
            out.opaque(name);
            match make {
                Procedure::Symlink => {
                    sattr3_with_mode(out, 0o777);
                    out.opaque(LINK_TEXT);
                }
                Procedure::Mkdir => sattr3_with_mode(out, 0o755),
                _ => {
                    out.u32(0);
                    sattr3_with_mode(out, 0o644);
                }
            }
        },
        |reader| expect_ok(reader, "making a file"),
    )?;
    look_up(client, directory, name)
}

fn look_up(client: &mut Client, directory: &[u8], name: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    client.call(
        Procedure::Lookup as u32,
        |out| {
            out.opaque(directory);
            out.opaque(name);
        },
        |reader| {
            expect_ok(reader, "LOOKUP")?;
            Ok(reader.opaque("object")?.to_vec())
        },
    )
}
