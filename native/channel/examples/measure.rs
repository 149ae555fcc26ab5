//! What the transport costs, next to the paper's Table 2: `cargo run --release -p fsva-channel --example measure`.
//! Two processes share a memfd; requests are executed by the example itself, not by a file system's server.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fsva_channel::channel::{Channel, Event, Incoming};
use fsva_channel::descriptors_unsafe::{receive_descriptors, send_descriptors};
use fsva_channel::geometry::{Geometry, Side};
use fsva_channel::grant_word::{Access, Loan};
use fsva_channel::message::Message;
use fsva_channel::page_pool::PageSize;
use fsva_channel::region::Region;
use fsva_channel::requests::Requests;
use fsva_channel::response_cache::Admission;
use fsva_channel::spin::{SPIN_MAX, Spin};
use fsva_channel::wake::{EventWake, StreamWake, Wake};

const NULL: u16 = 0;
/// Claim, pread of 4 KiB from a file in the page cache, release.
const READ: u16 = 1;
/// A null call that must not happen twice.
const ONCE: u16 = 2;

const ROUNDS: usize = 5;
const CALLS: usize = 20_000;
const SLEEPING_CALLS: usize = 2_000;
/// Operations of some nanoseconds are timed so many at once.
const GROUP: usize = 64;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.first().map(String::as_str) {
        Some("--serve") => serve(words[1] == "spin", words[2] == "stream", words[3] == "alone"),
        _ => measure(),
    }
}

fn wake(mine: OwnedFd, theirs: OwnedFd, socket: UnixStream, by_stream: bool) -> Arc<dyn Wake> {
    if by_stream {
        Arc::new(StreamWake::new(socket.into()).unwrap())
    } else {
        Arc::new(EventWake::new(mine, theirs, socket.into()).unwrap())
    }
}

/// Two that spin need a processor each; the scheduler likes to put two that talk on the same one.
fn pin(processor: usize) {
    // SAFETY: all zeros are a valid set; the set is valid for reading, and concerns this thread alone.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(processor, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set);
    }
}

fn spin(spinning: bool) -> Spin {
    Spin::new(if spinning { SPIN_MAX } else { Duration::ZERO })
}

fn serve(spinning: bool, by_stream: bool, alone: bool) {
    pin(usize::from(alone));
    let socket = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned().unwrap());
    let [memory, file, mine, theirs] = receive_descriptors::<4>(&socket).unwrap();
    let bytes = File::from(memory.try_clone().unwrap()).metadata().unwrap().len();
    let region = Region::attach(memory.as_fd(), 0, bytes as usize).unwrap();
    let wake = wake(mine, theirs, socket, by_stream);
    let mut channel = Channel::join(region, Side::Server, wake, spin(spinning)).unwrap();
    let (sender, start) = (channel.sender(), Instant::now());
    let mut answers = Vec::new();
    loop {
        channel.beat();
        if matches!(channel.poll(start.elapsed()), Err(_) | Ok(Event::PeerDead)) {
            return;
        }
        loop {
            while let Ok(Some(Incoming::Control(request))) = channel.receive() {
                answers.extend(execute(&mut channel, &request, file.as_fd()));
            }
            if answers.is_empty() {
                break;
            }
            let sent = sender.send(&answers, channel.peer_epoch()).unwrap_or(0);
            answers.drain(..sent);
        }
        if channel.wait(Duration::from_millis(100)).is_err() {
            return;
        }
    }
}

fn execute(channel: &mut Channel, request: &Message, file: std::os::fd::BorrowedFd<'_>) -> Option<Message> {
    let mut answer = Message {
        op: request.op,
        request_id: request.request_id,
        ..Message::default()
    };
    match request.op {
        READ => {
            let claim = channel.borrower.claim(request.grants[0]).ok()?;
            let at = claim.at(0, 4096, Access::Write)?;
            let read = channel.region.memory.pread(file, request.offset, at, 4096);
            answer.length = read.ok()? as u32;
            channel.borrower.release(claim);
        }
        ONCE => {
            let cache = channel.responses.as_mut()?;
            if cache.admit(request.request_id) != Ok(Admission::Execute) {
                return None;
            }
            cache.complete(&answer);
        }
        _ => {}
    }
    Some(answer)
}

/// The measuring side, and the child that serves it.
struct Pair {
    channel: Channel,
    requests: Requests,
    child: Child,
}

impl Pair {
    fn start(spinning: bool, by_stream: bool, alone: bool) -> Pair {
        let (region, memory) = Region::create(&Geometry::USUAL).unwrap();
        let mut file = File::from(temporary_file());
        file.write_all(&vec![7; 1 << 20]).unwrap();
        let [mine, theirs] = EventWake::descriptors().unwrap();
        let (ours, socket) = UnixStream::pair().unwrap();
        let words = [
            if spinning { "spin" } else { "sleep" },
            if by_stream { "stream" } else { "event" },
            if alone { "alone" } else { "together" },
        ];
        let child = Command::new(std::env::current_exe().unwrap())
            .arg("--serve")
            .args(words)
            .stdin(Stdio::from(OwnedFd::from(socket)))
            .spawn()
            .unwrap();
        send_descriptors(
            &ours,
            &[memory.as_fd(), file.as_fd(), theirs.as_fd(), mine.as_fd()],
        )
        .unwrap();
        let wake = wake(mine, theirs, ours, by_stream);
        let mut channel = Channel::join(region, Side::Client, wake, spin(spinning)).unwrap();
        let start = Instant::now();
        while !channel.is_connected() {
            channel.poll(start.elapsed()).unwrap();
            channel.wait(Duration::from_millis(10)).unwrap();
            assert!(start.elapsed() < Duration::from_secs(60));
        }
        Pair {
            channel,
            requests: Requests::new(Geometry::USUAL.responses),
            child,
        }
    }

    /// Sends the requests at once and waits for all answers.
    fn call(&mut self, requests: &[Message]) {
        let asked: Vec<Message> = requests
            .iter()
            .map(|request| self.requests.begin(*request).unwrap())
            .collect();
        self.finish(&asked);
    }

    fn call_one(&mut self, request: Message) {
        let asked = self.requests.begin(request).unwrap();
        self.finish(&[asked]);
    }

    fn finish(&mut self, asked: &[Message]) {
        self.channel.beat();
        let epoch = self.channel.peer_epoch();
        assert_eq!(self.channel.sender().send(asked, epoch), Ok(asked.len()));
        while !self.requests.is_empty() {
            while let Some(incoming) = self.channel.receive().unwrap() {
                if let Incoming::Control(answer) = incoming {
                    self.requests.answered(&answer).unwrap();
                }
            }
            if !self.requests.is_empty() {
                self.channel.wait(Duration::from_secs(1)).unwrap();
            }
        }
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn temporary_file() -> OwnedFd {
    use std::os::unix::fs::OpenOptionsExt;
    File::options()
        .read(true)
        .write(true)
        .custom_flags(libc::O_TMPFILE)
        .open(std::env::temp_dir())
        .unwrap()
        .into()
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

fn null(op: u16) -> Message {
    Message {
        op,
        ..Message::default()
    }
}

fn measure() {
    println!("| operation | p50 us | p99 us | paper us |");
    println!("| --- | --- | --- | --- |");
    pin(0);
    let mut pair = Pair::start(true, false, true);
    row("null call, both spinning", "9.64", CALLS, 1, || {
        pair.call_one(null(NULL));
    });
    row(
        "null call kept in the response cache, both spinning",
        "-",
        CALLS,
        1,
        || {
            pair.call_one(null(ONCE));
        },
    );
    for size in [1, 16, 256] {
        let batch = vec![null(NULL); size];
        let name = format!("null call in a batch of {size}, each");
        row(&name, "-", CALLS / size + 100, size, || pair.call(&batch));
    }
    grants(&mut pair);
    drop(pair);
    for (by_stream, alone) in [(false, false), (false, true), (true, false), (true, true)] {
        let by = if by_stream { "stream" } else { "eventfd" };
        let on = if alone { "two processors" } else { "one processor" };
        let name = format!("null call, both asleep, on {on}, by {by}");
        let mut pair = Pair::start(false, by_stream, alone);
        row(&name, "9.64", SLEEPING_CALLS, 1, || pair.call_one(null(NULL)));
    }
}

fn grants(pair: &mut Pair) {
    let loan = {
        let pages = pair.channel.pool.allocate(PageSize::Small, 1).unwrap();
        Loan {
            pages,
            bytes: 4096,
            access: Access::Write,
            cookie: 0,
        }
    };
    let reference = pair.channel.lender.lend(loan).unwrap();
    let _ = pair.channel.lender.end(reference).unwrap();
    let mut references = Vec::with_capacity(GROUP);
    let lender = &mut pair.channel.lender;
    row("create and destroy a grant", "0.76", CALLS, GROUP, || {
        references.extend((0..GROUP).map(|_| lender.lend(loan).unwrap()));
        for reference in references.drain(..) {
            let _ = lender.end(reference).unwrap();
        }
    });
    // As its peer would: the table's other end works in this process as well.
    let borrower = fsva_channel::borrower::Borrower::new(
        pair.channel.region.memory.clone(),
        pair.channel.region.map.client,
    );
    row(
        "create, claim, release and destroy a grant",
        "4.55",
        CALLS,
        GROUP,
        || {
            references.extend((0..GROUP).map(|_| lender.lend(loan).unwrap()));
            for reference in &references {
                let claim = borrower.claim(*reference).unwrap();
                borrower.release(claim);
            }
            for reference in references.drain(..) {
                let _ = lender.end(reference).unwrap();
            }
        },
    );
    let memory = pair.channel.region.memory.clone();
    let mut buffer = vec![0; 4096];
    row("copy of 4 KiB from the region, warm", "1.73", CALLS, 1, || {
        memory.copy_out(loan.pages.start(), &mut buffer);
        std::hint::black_box(&buffer);
    });
    row(
        "read of a cached page by grant (lend, call, claim, pread, release, end)",
        "21.2",
        CALLS,
        1,
        || {
            let mut request = null(READ);
            request.grants[0] = pair.channel.lender.lend(loan).unwrap();
            pair.call_one(request);
            let _ = pair.channel.lender.end(request.grants[0]).unwrap();
        },
    );
    let mut buffers = Vec::new();
    for _ in 0..256 {
        let pages = pair.channel.pool.allocate(PageSize::Small, 1).unwrap();
        buffers.push(Loan { pages, ..loan });
    }
    for size in [16, 256] {
        let name = format!("the same in a batch of {size}, each");
        row(&name, "-", CALLS / size / 4 + 100, size, || {
            let batch: Vec<Message> = buffers[..size]
                .iter()
                .enumerate()
                .map(|(page, loan)| {
                    let mut request = null(READ);
                    request.offset = page as u64 * 4096;
                    request.grants[0] = pair.channel.lender.lend(*loan).unwrap();
                    request
                })
                .collect();
            pair.call(&batch);
            for request in batch {
                let _ = pair.channel.lender.end(request.grants[0]).unwrap();
            }
        });
    }
}
