//! What an operation of the side channel costs a client of a running `fsva-nfsd`, as one line of JSON. `npm run bench`
//! runs it: `measure SOCKET HANDLE-IN-HEX WHAT SECONDS SERVER-PID`, for a file of at least 1 MiB.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fsva_agent::client::{Client, ConnectOptions, Who};
use fsva_agent::file::File;
use fsva_agent::lent_buffer::LentBuffer;
use fsva_agent::rendezvous::Rendezvous;
use fsva_channel::borrower::Borrower;
use fsva_channel::geometry::Geometry;
use fsva_channel::grant_word::{Access, Loan};
use fsva_channel::lender::Lender;
use fsva_channel::page_range::PageRange;
use fsva_channel::protocol::ACCESS_READ;
use fsva_channel::region::Region;

const PAGE: usize = 4096;
const LARGE_READ: usize = 128 << 10;
/// Of it the server has the memory for `HOT_BYTES` in pieces of 64 KiB.
const REGION_BYTES: u64 = 256 << 20;
/// What is mapped again and again.
const HOT_BYTES: u64 = 8 << 20;
const BATCH_MAX: usize = 256;
/// Operations of some nanoseconds are timed so many at once.
const GROUP: usize = 64;
const WARM_UP: Duration = Duration::from_millis(200);

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [socket, handle, what, seconds, server] = words.as_slice() else {
        eprintln!("measure SOCKET HANDLE-IN-HEX WHAT SECONDS SERVER-PID");
        std::process::exit(2);
    };
    let limit = Duration::from_secs_f64(seconds.parse().expect("a number of seconds"));
    let measured = Measured {
        limit,
        server: server.clone(),
    };
    let outcome = match what.as_str() {
        "create-destroy" | "claim-release" => grants(what == "claim-release", &measured),
        _ => calls(Bench::connect(socket, handle), what, &measured),
    };
    println!("{}", outcome.json());
}

struct Measured {
    limit: Duration,
    /// Its process number: its CPU time counts, too.
    server: String,
}

impl Measured {
    /// Of both processes so far, user and system (proc_pid_stat(5)).
    fn cpu_seconds(&self) -> f64 {
        let mut ticks = 0.0;
        for process in ["self", &self.server] {
            let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("a process");
            let (_, fields) = stat.rsplit_once(") ").expect("fields behind the name");
            for field in fields.split(' ').skip(11).take(2) {
                ticks += field.parse::<f64>().expect("a number");
            }
        }
        ticks / 100.0
    }
}

/// Latencies of groups of operations.
struct Outcome {
    nanoseconds: Vec<u64>,
    per_group: usize,
    bytes: u64,
    elapsed: Duration,
    cpu_seconds: f64,
}

impl Outcome {
    /// Repeats `group`, which does `per_group` operations and says how many bytes they moved.
    fn of(per_group: usize, measured: &Measured, mut group: impl FnMut() -> usize) -> Outcome {
        let warm = Instant::now();
        while warm.elapsed() < WARM_UP {
            group();
        }
        let mut outcome = Outcome {
            nanoseconds: Vec::with_capacity(1 << 22),
            per_group,
            bytes: 0,
            elapsed: Duration::ZERO,
            cpu_seconds: 0.0,
        };
        let cpu_before = measured.cpu_seconds();
        let start = Instant::now();
        let mut before = start;
        while before - start < measured.limit {
            outcome.bytes += group() as u64;
            let now = Instant::now();
            outcome.nanoseconds.push((now - before).as_nanos() as u64);
            before = now;
        }
        outcome.elapsed = before - start;
        outcome.cpu_seconds = measured.cpu_seconds() - cpu_before;
        outcome
    }

    fn json(mut self) -> String {
        self.nanoseconds.sort_unstable();
        let quantile = |part: f64| {
            let index = (self.nanoseconds.len() - 1) as f64 * part;
            self.nanoseconds[index as usize] as f64 / self.per_group as f64 / 1e3
        };
        let operations = self.nanoseconds.len() * self.per_group;
        let seconds = self.elapsed.as_secs_f64();
        format!(
            r#"{{"operations":{operations},"perSecond":{},"bytes":{},"cpuSeconds":{},"p50Us":{},"p99Us":{}}}"#,
            operations as f64 / seconds,
            self.bytes,
            self.cpu_seconds,
            quantile(0.5),
            quantile(0.99),
        )
    }
}

struct Bench {
    client: Arc<Client>,
    file: File,
    buffer: LentBuffer,
    /// xorshift64.
    random: u64,
}

impl Bench {
    fn connect(socket: &str, handle: &str) -> Bench {
        let handle: Vec<u8> = (0..handle.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&handle[at..at + 2], 16).expect("hexadecimal digits"))
            .collect();
        let mut options = ConnectOptions::new(Rendezvous::Unix(PathBuf::from(socket)));
        options.region_bytes = Some(REGION_BYTES);
        let client = Client::connect(options).expect("a server");
        let file = client
            .open_handle(&handle, ACCESS_READ, &Who::default())
            .expect("the file");
        let buffer = client.lend(BATCH_MAX * PAGE).expect("memory to lend");
        Bench {
            client,
            file,
            buffer,
            random: 0x9e37_79b9_7f4a_7c15,
        }
    }

    fn block(&mut self, bytes: usize) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let blocks = self.file.attributes().size / bytes as u64;
        self.random % blocks * bytes as u64
    }

    fn read(&mut self, bytes: usize) -> usize {
        let offset = self.block(bytes);
        let read = self.file.read(&self.buffer, 0..bytes, offset).expect("a read");
        assert_eq!(read.bytes, bytes);
        bytes
    }

    /// Into the server's own pages, which stay there: what is mapped again is not read again.
    fn map(&mut self, bytes: usize) -> usize {
        let offset = self.block(bytes) % HOT_BYTES;
        let mapping = self.file.map(offset, bytes).expect("pages");
        assert_eq!(mapping.bytes(), bytes);
        bytes
    }

    fn batch_of_reads(&mut self, count: usize, bytes: usize) -> usize {
        let offsets: Vec<u64> = (0..count).map(|_| self.block(bytes)).collect();
        let mut batch = self.client.batch();
        for (place, offset) in offsets.into_iter().enumerate() {
            let range = place * bytes..(place + 1) * bytes;
            batch.read(&self.file, &self.buffer, range, offset);
        }
        for read in batch.run() {
            assert_eq!(read.expect("a read").bytes, bytes);
        }
        count * bytes
    }

    fn batch_of_null_calls(&mut self, count: usize) {
        let mut batch = self.client.batch();
        for _ in 0..count {
            batch.ping();
        }
        assert!(batch.run().into_iter().all(|answer| answer.is_ok()));
    }
}

fn calls(mut bench: Bench, what: &str, measured: &Measured) -> Outcome {
    let (kind, count) = what.split_once(' ').unwrap_or((what, "1"));
    let count: usize = count.parse().expect("a number");
    Outcome::of(count, measured, || match kind {
        "null" => bench.client.ping().map(|_| 0).expect("an answer"),
        "getattr" => bench.file.getattr().map(|_| 0).expect("attributes"),
        "read-page" => bench.read(PAGE),
        "read-128k" => bench.read(LARGE_READ),
        "map-unmap" => bench.map(PAGE),
        "map-128k" => bench.map(LARGE_READ),
        "null-batch" => {
            bench.batch_of_null_calls(count);
            0
        }
        "read-batch" => bench.batch_of_reads(count, PAGE),
        "read-128k-batch" => bench.batch_of_reads(count, LARGE_READ),
        _ => panic!("what is {what}?"),
    })
}

/// Without a server: an owner's and a grantee's end of one table, in one thread.
fn grants(claimed: bool, measured: &Measured) -> Outcome {
    let (region, _memory) = Region::create(&Geometry::USUAL).expect("memory");
    let place = region.map.client;
    let mut lender = Lender::new(region.memory.clone(), place);
    let borrower = Borrower::new(region.memory.clone(), place);
    let loan = Loan {
        pages: PageRange::new(place.small.first(), 1),
        bytes: PAGE as u32,
        access: Access::Write,
        cookie: 0,
    };
    let references: Vec<_> = (0..GROUP).map(|_| lender.lend(loan).expect("a grant")).collect();
    if !claimed {
        for reference in references {
            let _ = lender.end(reference);
        }
        return Outcome::of(GROUP, measured, || {
            for _ in 0..GROUP {
                let reference = lender.lend(loan).expect("a grant");
                let _ = lender.end(reference);
            }
            0
        });
    }
    let mut references = references;
    Outcome::of(GROUP, measured, || {
        for reference in &mut references {
            let claim = borrower.claim(*reference).expect("a claim");
            borrower.release(claim);
            // Each works once: the next one is made in its place.
            let _ = lender.end(*reference);
            *reference = lender.lend(loan).expect("a grant");
        }
        0
    })
}
