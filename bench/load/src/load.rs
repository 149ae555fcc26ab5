//! Keeps a number of calls outstanding on one connection for a while and times each.

use std::error::Error;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::nfs::{Operation, Target};
use crate::rpc::{NFS_PROGRAM, Records, decode_reply, encode_call};

pub struct Plan {
    pub address: SocketAddr,
    pub operation: Operation,
    pub depth: usize,
    pub duration: Duration,
}

/// Of the xid: as many lanes as there may be calls outstanding, 4096.
const LANE_BITS: u32 = 12;

/// A lane is one place in the pipeline: its next call goes out when its reply has come. The xid's low bits
/// are the lane's number, so that a reply finds its call without a table; the others make every call a new one, or a
/// duplicate request cache would answer it from memory.
struct Lane {
    sent: Instant,
    sequence: u64,
    call: u32,
}

/// Latencies in nanoseconds, and how many calls were answered in how long.
pub struct Outcome {
    pub latency_ns: Histogram<u64>,
    pub elapsed: Duration,
}

pub fn run(plan: &Plan, target: &Target, connection: usize) -> Result<Outcome, Box<dyn Error + Send + Sync>> {
    let mut stream = TcpStream::connect(plan.address)?;
    stream.set_nodelay(true)?;
    let mut records = Records::default();
    let mut latency_ns = Histogram::new_with_bounds(100, 60_000_000_000, 3)?;
    let data = vec![0x5a; 1 << 20];
    let mut out = Vec::with_capacity(4 << 20);
    let first = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)?
        .subsec_nanos()
        ^ (connection as u32).rotate_left(10);
    let started = Instant::now();
    let mut lanes: Vec<Lane> = (0..plan.depth as u64)
        .map(|lane| Lane {
            sent: started,
            sequence: lane * 2,
            call: first,
        })
        .collect();
    let send = |out: &mut Vec<u8>, lane: usize, state: &Lane| {
        let procedure = plan.operation.procedure(state.sequence);
        encode_call(
            out,
            state.call << LANE_BITS | lane as u32,
            NFS_PROGRAM,
            procedure,
            |out| {
                let name = connection * plan.depth + lane;
                plan.operation.encode(out, target, state.sequence, name, &data);
            },
        );
    };
    for (lane, state) in lanes.iter().enumerate() {
        send(&mut out, lane, state);
    }
    let mut outstanding = plan.depth;
    while outstanding > 0 {
        if !out.is_empty() {
            stream.write_all(&out)?;
            out.clear();
        }
        if records.fill(&mut stream)? == 0 {
            return Err("the server closed the connection".into());
        }
        let now = Instant::now();
        while let Some(record) = records.next_record()? {
            let (xid, mut reader) = decode_reply(record)?;
            let lane = (xid & ((1 << LANE_BITS) - 1)) as usize;
            let Some(state) = lanes.get_mut(lane) else {
                return Err(format!("a reply to a call never made: xid {xid}").into());
            };
            plan.operation.check(&mut reader, target, state.sequence)?;
            latency_ns.saturating_record((now - state.sent).as_nanos() as u64);
            outstanding -= 1;
            if now - started < plan.duration || state.sequence % 2 == 0 && plan.operation == Operation::Create
            {
                state.sent = now;
                state.call = state.call.wrapping_add(1);
                // CREATE needs its REMOVE next; everything else walks over the file.
                state.sequence += if plan.operation == Operation::Create {
                    1
                } else {
                    plan.depth as u64
                };
                send(&mut out, lane, state);
                outstanding += 1;
            }
        }
    }
    Ok(Outcome {
        latency_ns,
        elapsed: started.elapsed(),
    })
}
