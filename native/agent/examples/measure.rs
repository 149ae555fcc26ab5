//! What calls cost a native client of the real server's end, next to the paper's Table 2:
//! `cargo run --release -p fsva-agent --example measure`. Two processes on one machine share a memfd.

#[path = "../tests/server/mod.rs"]
mod server;

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fsva_agent::client::{Client, ConnectOptions};
use fsva_channel::protocol::ACCESS_READ;
use server::{Server, options, pattern, root};

const ROUNDS: usize = 5;
const CALLS: usize = 20_000;
const PAGE: usize = 4096;
const FILE_BYTES: usize = 1 << 20;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == "--serve") {
        let server = Server::start(Path::new(&words[1]));
        let handle = server.write("file", &pattern(FILE_BYTES, 1));
        std::fs::write(Path::new(&words[1]).join("handle"), handle).unwrap();
        // Until the parent ends.
        let _ = std::io::stdin().read(&mut [0]);
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg("--serve")
        .arg(directory.path())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let handle = loop {
        match std::fs::read(directory.path().join("handle")) {
            Ok(handle) if !handle.is_empty() => break handle,
            _ => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    println!("| operation | p50 us | p99 us | paper us |");
    println!("| --- | --- | --- | --- |");
    measure(&handle, options(directory.path()));
    let asleep = ConnectOptions {
        spin_max: Duration::ZERO,
        ..options(directory.path())
    };
    let client = Client::connect(asleep).unwrap();
    row("null call, the client sleeps", "9.64", CALLS / 10, 1, || {
        client.ping().unwrap();
    });
    drop(child.stdin.take());
    child.wait().unwrap();
}

fn measure(handle: &[u8], options: ConnectOptions) {
    let client = Client::connect(options).unwrap();
    let file = client.open_handle(handle, ACCESS_READ, &root()).unwrap();
    let buffer = client.lend(256 * PAGE).unwrap();
    row("null call", "9.64", CALLS, 1, || {
        client.ping().unwrap();
    });
    row("getattr", "15.3", CALLS, 1, || {
        file.getattr().unwrap();
    });
    row("read of a cached page by grant", "21.2", CALLS, 1, || {
        file.read(&buffer, 0..PAGE, 0).unwrap();
    });
    row("map and unmap of a cached page", "21.2 + 3.79", CALLS, 1, || {
        drop(file.map(0, PAGE).unwrap());
    });
    row("128 KiB by grant", "-", CALLS / 10, 1, || {
        file.read(&buffer, 0..32 * PAGE, 0).unwrap();
    });
    for size in [1, 16, 256] {
        row(
            &format!("null call in a batch of {size}, each"),
            "-",
            CALLS / size + 50,
            size,
            || {
                let mut batch = client.batch();
                (0..size).for_each(|_| batch.ping());
                assert!(batch.run().iter().all(Result::is_ok));
            },
        );
        row(
            &format!("page read in a batch of {size}, each"),
            "-",
            CALLS / size + 50,
            size,
            || {
                let mut batch = client.batch();
                for page in 0..size {
                    let at = page * PAGE;
                    batch.read(&file, &buffer, at..at + PAGE, at as u64);
                }
                assert!(batch.run().iter().all(Result::is_ok));
            },
        );
    }
    row("lend and end a buffer of a page", "0.76", CALLS, 1, || {
        drop(client.lend(PAGE).unwrap());
    });
}

/// Prints p50 and p99 in microseconds per operation, of the round with the lowest p50.
fn row(name: &str, paper: &str, samples: usize, operations: usize, mut sample: impl FnMut()) {
    let best = (0..ROUNDS)
        .map(|_| {
            let mut times: Vec<u64> = (0..samples)
                .map(|_| {
                    let start = Instant::now();
                    sample();
                    start.elapsed().as_nanos() as u64
                })
                .collect();
            times.sort_unstable();
            let at = |part: usize| times[times.len() * part / 100] as f64 / operations as f64 / 1000.0;
            (at(50), at(99))
        })
        .min_by(|one, other| one.0.total_cmp(&other.0))
        .unwrap();
    println!("| {name} | {:.3} | {:.3} | {paper} |", best.0, best.1);
}
