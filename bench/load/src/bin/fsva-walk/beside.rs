//! One file asked for again and again, while calls to another export are under way that take their time.

use std::collections::HashMap;
use std::error::Error;
use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use clap::Args;
use fsva_load::call::{FATTR3_BYTES, Procedure, expect_ok, post_op_attr};
use fsva_load::rpc::{NFS_PROGRAM, Records, decode_reply, encode_call};
use fsva_load::target::child;
use fsva_load::xdr::{Encode, Malformed, Reader};
use hdrhistogram::Histogram;

use fsva_load::server::Server;

#[derive(Args)]
pub struct Beside {
    /// Path of the other export, in which each name f0, f1, ... is a file
    #[arg(long)]
    other: String,
    /// LOOKUPs under way in the other export
    #[arg(long)]
    depth: u32,
    /// They go over a connection of their own
    #[arg(long)]
    apart: bool,
    /// READ of 4 KiB instead of GETATTR
    #[arg(long)]
    read: bool,
    #[arg(long)]
    seconds: f64,
}

const READ_BYTES: u32 = 4096;

enum Call {
    Asked(Instant),
    Other,
}

/// A connection with the calls under way on it, by xid.
struct Pipe {
    stream: TcpStream,
    records: Records,
    calls: HashMap<u32, Call>,
    next: u32,
}

/// What is asked.
struct Files {
    file: Vec<u8>,
    other: Vec<u8>,
    read: bool,
}

/// How long each of the one took, and how many of the others came back.
struct Outcome {
    latency_ns: Histogram<u64>,
    others: u64,
}

impl Beside {
    pub fn run(&self, server: &Server) -> Result<(), Box<dyn Error>> {
        let directory = server.mount()?;
        let files = Files {
            file: child(&mut server.connect()?, &directory, b"asked", Procedure::Create)?,
            other: server.mount_path(&self.other)?,
            read: self.read,
        };
        if self.read {
            files.fill(server)?;
        }
        let ends = Instant::now() + Duration::from_secs_f64(self.seconds);
        let asked = || Pipe::connect(server);
        let outcome = if self.apart {
            let (mut own, mut others) = (asked()?, asked()?);
            std::thread::scope(|scope| {
                let beside = scope.spawn(|| {
                    others
                        .run(&files, false, self.depth, ends)
                        .map_err(|e| e.to_string())
                });
                let mut outcome = own.run(&files, true, 0, ends)?;
                outcome.others = beside.join().expect("a load thread does not panic")?.others;
                Ok::<_, Box<dyn Error>>(outcome)
            })?
        } else {
            asked()?.run(&files, true, self.depth, ends)?
        };
        let us = |quantile| outcome.latency_ns.value_at_quantile(quantile) as f64 / 1e3;
        println!(
            "{{\"calls\":{},\"p50_us\":{:.1},\"p99_us\":{:.1},\"other_calls\":{}}}",
            outcome.latency_ns.len(),
            us(0.5),
            us(0.99),
            outcome.others
        );
        Ok(())
    }
}

impl Files {
    /// One block that is in memory.
    fn fill(&self, server: &Server) -> Result<(), Box<dyn Error>> {
        server.connect()?.call(
            7,
            |out| {
                out.opaque(&self.file);
                out.u64(0);
                out.u32(READ_BYTES);
                out.u32(0);
                out.opaque(&[0x5a; READ_BYTES as usize]);
            },
            |reader| expect_ok(reader, "WRITE"),
        )
    }

    fn check(&self, reader: &mut Reader) -> Result<(), Malformed> {
        expect_ok(reader, "status")?;
        if !self.read {
            reader.skip(FATTR3_BYTES, "fattr3")?;
            return reader.end();
        }
        post_op_attr(reader)?;
        reader.u32("count")?;
        reader.u32("eof")?;
        if reader.opaque("data")?.len() != READ_BYTES as usize {
            return Err(Malformed("a READ that gave less".into()));
        }
        reader.end()
    }
}

impl Pipe {
    fn connect(server: &Server) -> Result<Pipe, Box<dyn Error>> {
        let stream = TcpStream::connect(server.nfs())?;
        stream.set_nodelay(true)?;
        Ok(Pipe {
            stream,
            records: Records::default(),
            calls: HashMap::new(),
            next: 0,
        })
    }

    fn run(
        &mut self,
        files: &Files,
        asks: bool,
        depth: u32,
        ends: Instant,
    ) -> Result<Outcome, Box<dyn Error>> {
        let mut outcome = Outcome {
            latency_ns: Histogram::new_with_bounds(100, 60_000_000_000, 3)?,
            others: 0,
        };
        let mut out = Vec::new();
        for _ in 0..depth {
            self.send(&mut out, files, Call::Other);
        }
        if asks {
            self.send(&mut out, files, Call::Asked(Instant::now()));
        }
        while !self.calls.is_empty() {
            self.stream.write_all(&out)?;
            out.clear();
            if self.records.fill(&mut self.stream)? == 0 {
                return Err("the server closed the connection".into());
            }
            let now = Instant::now();
            let mut again = Vec::new();
            while let Some(record) = self.records.next_record()? {
                let (xid, mut reader) = decode_reply(record)?;
                let call = self.calls.remove(&xid).ok_or("a reply to a call never made")?;
                again.push(match call {
                    Call::Asked(sent) => {
                        files.check(&mut reader)?;
                        outcome
                            .latency_ns
                            .saturating_record((now - sent).as_nanos() as u64);
                        Call::Asked(now)
                    }
                    Call::Other => {
                        expect_ok(&mut reader, "LOOKUP")?;
                        outcome.others += 1;
                        Call::Other
                    }
                });
            }
            if now < ends {
                for call in again {
                    self.send(&mut out, files, call);
                }
            }
        }
        Ok(outcome)
    }

    fn send(&mut self, out: &mut Vec<u8>, files: &Files, call: Call) {
        let xid = self.next;
        self.next += 1;
        let procedure = match call {
            Call::Other => 3,
            Call::Asked(_) if files.read => 6,
            Call::Asked(_) => 1,
        };
        encode_call(out, xid, NFS_PROGRAM, procedure, |out| match call {
            Call::Other => {
                out.opaque(&files.other);
                out.opaque(format!("f{xid}").as_bytes());
            }
            Call::Asked(_) => {
                out.opaque(&files.file);
                if files.read {
                    out.u64(0);
                    out.u32(READ_BYTES);
                }
            }
        });
        self.calls.insert(xid, call);
    }
}
