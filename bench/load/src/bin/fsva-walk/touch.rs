//! Many files, each looked up, asked for its attributes and read once, a number of them at a time.

use std::error::Error;
use std::io::Write;
use std::net::TcpStream;
use std::time::Instant;

use clap::Args;
use fsva_load::call::{FATTR3_BYTES, expect_ok, post_op_attr};
use fsva_load::rpc::{NFS_PROGRAM, Records, decode_reply, encode_call};
use fsva_load::xdr::{Encode, Malformed, Reader};

use fsva_load::server::Server;

#[derive(Args)]
pub struct Touch {
    #[arg(long)]
    files: u32,
    /// Files in work at a time
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1024))]
    depth: u32,
    /// Bytes that READ asks for, and that each file has at least
    #[arg(long, default_value_t = 4096)]
    io_bytes: u32,
}

#[derive(Clone, Copy)]
enum Step {
    Lookup,
    Getattr,
    Read,
}

/// One file in work. Its number modulo the depth is its lane, which the xid carries.
struct Lane {
    file: u32,
    step: Step,
    handle: Vec<u8>,
}

impl Touch {
    pub fn run(&self, server: &Server) -> Result<(), Box<dyn Error>> {
        let directory = server.mount()?;
        let mut stream = TcpStream::connect(server.nfs())?;
        stream.set_nodelay(true)?;
        let mut records = Records::default();
        let mut out = Vec::new();
        let started = Instant::now();
        let mut lanes: Vec<Lane> = (0..self.depth.min(self.files))
            .map(|file| Lane {
                file,
                step: Step::Lookup,
                handle: Vec::new(),
            })
            .collect();
        for (index, lane) in lanes.iter().enumerate() {
            self.send(&mut out, &directory, index, lane);
        }
        let mut working = lanes.len();
        while working > 0 {
            if !out.is_empty() {
                stream.write_all(&out)?;
                out.clear();
            }
            if records.fill(&mut stream)? == 0 {
                return Err("the server closed the connection".into());
            }
            while let Some(record) = records.next_record()? {
                let (xid, mut reader) = decode_reply(record)?;
                let index = xid as usize % self.depth as usize;
                let lane = lanes.get_mut(index).ok_or("a reply to a call never made")?;
                self.check(&mut reader, lane)?;
                lane.step = match lane.step {
                    Step::Lookup => Step::Getattr,
                    Step::Getattr => Step::Read,
                    Step::Read => {
                        lane.file += self.depth;
                        Step::Lookup
                    }
                };
                if lane.file >= self.files {
                    working -= 1;
                } else {
                    self.send(&mut out, &directory, index, lane);
                }
            }
        }
        println!(
            "{{\"files\":{},\"seconds\":{:.2}}}",
            self.files,
            started.elapsed().as_secs_f64()
        );
        Ok(())
    }

    fn send(&self, out: &mut Vec<u8>, directory: &[u8], index: usize, lane: &Lane) {
        let call = lane.file / self.depth * 3 + lane.step as u32;
        let procedure = match lane.step {
            Step::Lookup => 3,
            Step::Getattr => 1,
            Step::Read => 6,
        };
        let xid = call.wrapping_mul(self.depth).wrapping_add(index as u32);
        encode_call(out, xid, NFS_PROGRAM, procedure, |out| match lane.step {
            Step::Lookup => {
                out.opaque(directory);
                out.opaque(format!("f{:07}", lane.file).as_bytes());
            }
            Step::Getattr => out.opaque(&lane.handle),
            Step::Read => {
                out.opaque(&lane.handle);
                out.u64(0);
                out.u32(self.io_bytes);
            }
        });
    }

    fn check(&self, reader: &mut Reader, lane: &mut Lane) -> Result<(), Malformed> {
        expect_ok(reader, "status")?;
        match lane.step {
            Step::Lookup => {
                lane.handle = reader.opaque("object")?.to_vec();
                post_op_attr(reader)?;
                post_op_attr(reader)?;
            }
            Step::Getattr => reader.skip(FATTR3_BYTES, "fattr3")?,
            Step::Read => {
                post_op_attr(reader)?;
                let count = reader.u32("count")?;
                reader.u32("eof")?;
                if reader.opaque("data")?.len() != self.io_bytes as usize || count != self.io_bytes {
                    return Err(Malformed(format!("READ gave {count} of {} bytes", self.io_bytes)));
                }
            }
        }
        reader.end()
    }
}
