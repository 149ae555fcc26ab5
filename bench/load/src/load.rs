//! Keeps a number of calls outstanding on one connection for a while and times each.

use std::error::Error;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hdrhistogram::Histogram;

use crate::call::Call;
use crate::operation::Operation;
use crate::rpc::{NFS_PROGRAM, Records, decode_reply, encode_call};
use crate::target::Target;

pub struct Plan {
    pub address: SocketAddr,
    pub operation: Operation,
    pub connections: usize,
    /// Per connection.
    pub depth: usize,
    /// Replies that come before this are checked but not counted.
    pub measured_from: Instant,
    pub measured_until: Instant,
}

/// Of the xid: as many lanes as there may be calls outstanding, 4096.
const LANE_BITS: u32 = 12;

/// A lane is one place in the pipeline: its next call goes out when its reply has come. The xid's low bits
/// are the lane's number, so that a reply finds its call without a table; the others make every call a new one, or a
/// duplicate request cache would answer it from memory.
struct Lane {
    sent: Instant,
    /// The calls of all lanes together count up, so that they walk over the file.
    sequence: u64,
    xid: u32,
    call: Call,
}

/// Latencies in nanoseconds, and how many calls were answered in how long.
pub struct Outcome {
    pub latency_ns: Histogram<u64>,
    pub elapsed: Duration,
}

/// From 100 ns to a minute, by three digits.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(100, 60_000_000_000, 3).expect("the bounds are in order")
}

pub fn run(plan: &Plan, target: &Target, connection: usize) -> Result<Outcome, Box<dyn Error + Send + Sync>> {
    let mut stream = TcpStream::connect(plan.address)?;
    stream.set_nodelay(true)?;
    let mut records = Records::default();
    let mut latency_ns = histogram();
    let mut out = Vec::with_capacity(4 << 20);
    let salt = SystemTime::now().duration_since(UNIX_EPOCH)?.subsec_nanos();
    let first = salt ^ (connection as u32).rotate_left(10);
    let started = Instant::now();
    let mut last = started;
    let mut lanes: Vec<Lane> = (0..plan.depth)
        .map(|lane| {
            let number = connection * plan.depth + lane;
            Lane {
                sent: started,
                sequence: number as u64,
                xid: first << LANE_BITS | lane as u32,
                call: plan.operation.call(target, number as u64, number as u32),
            }
        })
        .collect();
    let send = |out: &mut Vec<u8>, lane: &Lane| {
        encode_call(out, lane.xid, NFS_PROGRAM, lane.call.procedure as u32, |out| {
            lane.call.encode(out, target);
        });
    };
    for lane in &lanes {
        send(&mut out, lane);
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
            let lane = lanes.get_mut(xid as usize & ((1 << LANE_BITS) - 1));
            let Some(lane) = lane.filter(|lane| lane.xid == xid) else {
                return Err(format!("a reply to a call never made: xid {xid}").into());
            };
            lane.call.check(&mut reader, target)?;
            if now >= plan.measured_from {
                latency_ns.saturating_record((now - lane.sent).as_nanos() as u64);
                last = now;
            }
            let next = match lane.call.next() {
                None if now < plan.measured_until => {
                    lane.sequence += (plan.depth * plan.connections) as u64;
                    Some(plan.operation.call(target, lane.sequence, lane.call.lane))
                }
                next => next,
            };
            match next {
                Some(call) => {
                    lane.call = call;
                    lane.sent = now;
                    lane.xid = lane.xid.wrapping_add(1 << LANE_BITS);
                    send(&mut out, lane);
                }
                None => outstanding -= 1,
            }
        }
    }
    Ok(Outcome {
        latency_ns,
        elapsed: last.saturating_duration_since(plan.measured_from),
    })
}
