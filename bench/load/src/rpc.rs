//! ONC RPC over TCP (RFC 5531): call headers, record marks, reply checks, and a plain one-call client.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::xdr::{Encode, Malformed, Reader};

pub const NFS_PROGRAM: u32 = 100_003;
pub const MOUNT_PROGRAM: u32 = 100_005;
const LAST_FRAGMENT: u32 = 0x8000_0000;
const RECORD_BYTES_MAX: usize = 4 << 20;

/// Appends one call as a single-fragment record; `arguments` writes what follows the header.
pub fn encode_call(
    out: &mut Vec<u8>,
    xid: u32,
    program: u32,
    procedure: u32,
    arguments: impl FnOnce(&mut Vec<u8>),
) {
    let mark = out.len();
    out.u32(0);
    for word in [xid, 0, 2, program, 3, procedure] {
        out.u32(word);
    }
    // AUTH_SYS as the user that runs the benchmark's files: root, no supplementary groups.
    out.u32(1);
    out.u32(20 + 8);
    out.u32(0);
    out.opaque(b"fsvaload");
    for word in [0, 0, 0] {
        out.u32(word);
    }
    out.u32(0);
    out.u32(0);
    arguments(out);
    let length = (out.len() - mark - 4) as u32;
    out[mark..mark + 4].copy_from_slice(&(length | LAST_FRAGMENT).to_be_bytes());
}

/// Checks a reply's header (MSG_ACCEPTED, SUCCESS) and leaves the reader at its result.
pub fn decode_reply(record: &[u8]) -> Result<(u32, Reader<'_>), Malformed> {
    let mut reader = Reader::new(record);
    let xid = reader.u32("xid")?;
    for (what, wanted) in [("msg_type", 1), ("reply_stat", 0)] {
        let value = reader.u32(what)?;
        if value != wanted {
            return Err(Malformed(format!("{what} is {value}, not {wanted}")));
        }
    }
    reader.u32("verf.flavor")?;
    reader.opaque("verf.body")?;
    match reader.u32("accept_stat")? {
        0 => Ok((xid, reader)),
        status => Err(Malformed(format!("accept_stat is {status}, not SUCCESS"))),
    }
}

/// Cuts whole records off the front of what has been received.
#[derive(Default)]
pub struct Records {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Records {
    /// Reads once from the socket; 0 means that the peer closed.
    pub fn fill(&mut self, stream: &mut TcpStream) -> std::io::Result<usize> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        if self.buffer.len() - self.end < 256 << 10 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            self.buffer.resize(self.end + (2 << 20), 0);
        }
        let count = stream.read(&mut self.buffer[self.end..])?;
        self.end += count;
        Ok(count)
    }

    /// The next complete record, if it is there. Servers under test answer in single fragments.
    pub fn next_record(&mut self) -> Result<Option<&[u8]>, Malformed> {
        let bytes = &self.buffer[self.start..self.end];
        let Some(mark) = bytes.first_chunk::<4>() else {
            return Ok(None);
        };
        let mark = u32::from_be_bytes(*mark);
        let length = (mark & !LAST_FRAGMENT) as usize;
        if mark & LAST_FRAGMENT == 0 || length > RECORD_BYTES_MAX {
            return Err(Malformed(format!("record mark {mark:#x}")));
        }
        if bytes.len() < 4 + length {
            return Ok(None);
        }
        let start = self.start + 4;
        self.start = start + length;
        Ok(Some(&self.buffer[start..start + length]))
    }
}

/// A connection that makes one call at a time: for set-up, not for load.
pub struct Client {
    stream: TcpStream,
    records: Records,
    xid: u32,
    program: u32,
}

impl Client {
    pub fn connect(address: SocketAddr, program: u32) -> Result<Self, Box<dyn Error>> {
        let stream = TcpStream::connect(address).map_err(|error| format!("connect to {address}: {error}"))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            records: Records::default(),
            xid: 1,
            program,
        })
    }

    /// The connection without what calls on it need.
    pub fn into_stream(self) -> TcpStream {
        self.stream
    }

    pub fn call<T>(
        &mut self,
        procedure: u32,
        arguments: impl FnOnce(&mut Vec<u8>),
        result: impl FnOnce(&mut Reader) -> Result<T, Malformed>,
    ) -> Result<T, Box<dyn Error>> {
        self.xid += 1;
        let mut out = Vec::new();
        encode_call(&mut out, self.xid, self.program, procedure, arguments);
        self.stream.write_all(&out)?;
        loop {
            if let Some(record) = self.records.next_record()? {
                let (_, mut reader) = decode_reply(record)?;
                return Ok(result(&mut reader)?);
            }
            if self.records.fill(&mut self.stream)? == 0 {
                return Err("the server closed the connection".into());
            }
        }
    }
}
