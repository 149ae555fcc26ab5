//! Two processes over one region, one of which is killed at any moment. Without libtest: the child is this program again.

mod peers;

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use fsva_channel::channel::Event;
use fsva_channel::geometry::Side;
use fsva_channel::grant_word::{Access, Loan};
use fsva_channel::lender::Ended;
use fsva_channel::message::{GrantRef, Message};
use fsva_channel::page_pool::PageSize;
use fsva_channel::session::SILENCE_MAX;
use peers::{
    APPEND, Client, DIE_AFTER_CLAIM, DIE_AFTER_EFFECT, DIE_BEFORE, DIE_BEFORE_ANSWER, Mode, NULL, SUM,
    Server, Wires, join_over, logged,
};

/// Only against hanging.
const PATIENCE: Duration = Duration::from_secs(120);

type Scenario = fn();

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [role, log, mode] = words.as_slice()
        && role == "--child-server"
    {
        let modes = [Mode::Plain, Mode::Dying, Mode::Forgetful];
        let known = modes.iter().find(|known| format!("{known:?}") == *mode);
        serve(Path::new(log), *known.unwrap());
        return ExitCode::SUCCESS;
    }
    if words.first().is_some_and(|role| role == "--child-client") {
        claim_and_wait();
        return ExitCode::SUCCESS;
    }
    let scenarios: [(&str, Scenario); 6] = [
        (
            "control_without_the_response_cache_a_request_happens_twice",
            control_without_the_response_cache_a_request_happens_twice,
        ),
        ("requests_and_answers_pass", requests_and_answers_pass),
        (
            "killed_at_each_point_a_request_happens_once",
            killed_at_each_point_a_request_happens_once,
        ),
        (
            "killed_at_any_moment_each_request_happens_once",
            killed_at_any_moment_each_request_happens_once,
        ),
        (
            "what_a_killed_client_held_comes_back",
            what_a_killed_client_held_comes_back,
        ),
        (
            "a_stopped_server_is_dead_and_comes_again",
            a_stopped_server_is_dead_and_comes_again,
        ),
    ];
    let mut failed = 0;
    for (name, scenario) in scenarios {
        let passed = std::panic::catch_unwind(scenario).is_ok();
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        failed += usize::from(!passed);
    }
    let passed = scenarios.len() - failed;
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {verdict}. {passed} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out"
    );
    ExitCode::from(u8::from(failed > 0))
}

/// The child's socket is its standard input.
fn own_socket() -> UnixStream {
    UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned().unwrap())
}

fn serve(log: &Path, mode: Mode) {
    let mut server = Server::new(join_over(own_socket(), Side::Server), log, mode);
    // Until the parent ends: then the socket does.
    while server.step().is_ok() {
        if server.channel.poll(server.clock.now()) == Ok(Event::PeerDead) {
            server.channel.begin_again().unwrap();
        }
    }
}

/// A client that claims the grant of the generation that it is told, or none for 0, and then does nothing but live.
fn claim_and_wait() {
    let mut client = Client::new(join_over(own_socket(), Side::Client));
    let reference = GrantRef {
        index: 0,
        generation: client_generation(),
    };
    while !client.channel.is_connected() {
        client.step().unwrap();
    }
    if reference.generation != 0 {
        let _claim = client.channel.borrower.claim(reference).unwrap();
    }
    while client.step().is_ok() {}
}

fn client_generation() -> u32 {
    std::env::args().nth(2).unwrap().parse().unwrap()
}

struct Process {
    child: Child,
    socket: UnixStream,
}

impl Process {
    fn start(wires: &Wires, words: &[&str]) -> Process {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(words)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .spawn()
            .unwrap();
        let side = if words[0] == "--child-server" {
            Side::Server
        } else {
            Side::Client
        };
        wires.send(&ours, side);
        Process { child, socket: ours }
    }

    fn server(wires: &Wires, log: &Path, mode: Mode) -> Process {
        let log = log.to_str().unwrap();
        Process::start(wires, &["--child-server", log, &format!("{mode:?}")])
    }

    fn signal(&self, number: i32) {
        // SAFETY: our own child, which was not waited for.
        unsafe { libc::kill(self.child.id().cast_signed(), number) };
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("fsva-channel-{}-{name}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Scratch(path)
    }

    fn log(&self) -> PathBuf {
        self.0.join("log")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn request(op: u16, flags: u16, offset: u64) -> Message {
    Message {
        op,
        flags,
        offset,
        ..Message::default()
    }
}

/// Steps until all requests are answered. A server that ended is followed by the `next`, over the same wires, for the same
/// client.
fn settle(client: &mut Client, wires: &Wires, server: &mut Process, log: &Path, next: Mode) {
    let started = Instant::now();
    while !client.requests.is_empty() {
        client.step().unwrap();
        if server.child.try_wait().unwrap().is_some() {
            *server = Process::server(wires, log, next);
        }
        assert!(started.elapsed() < PATIENCE, "unanswered: {:?}", client.requests);
    }
}

fn requests_and_answers_pass() {
    let (scratch, wires) = (Scratch::new("pass"), Wires::new());
    let log = scratch.log();
    let mut server = Process::server(&wires, &log, Mode::Plain);
    let mut client = Client::new(wires.join(Side::Client, &server.socket));
    for round in 0..200 {
        for _ in 0..=round % 7 {
            client.ask(request(NULL, 0, 0)).unwrap();
        }
        settle(&mut client, &wires, &mut server, &log, Mode::Plain);
    }
    let channel = &mut client.channel;
    let pages = channel.pool.allocate(PageSize::Small, 2).unwrap();
    channel.region.memory.copy_in(pages.start(), &[3; 5000]);
    let loan = Loan {
        pages,
        bytes: 5000,
        access: Access::Read,
        cookie: 0,
    };
    let reference = channel.lender.lend(loan).unwrap();
    let mut sum = request(SUM, 0, 0);
    sum.grants[0] = reference;
    let id = client.ask(sum).unwrap();
    settle(&mut client, &wires, &mut server, &log, Mode::Plain);
    assert_eq!(client.answers[&id].offset, 15_000);
    assert_eq!(client.channel.lender.end(reference), Ok(Ended::Returned(loan)));
}

fn killed_at_each_point_a_request_happens_once() {
    for flags in [DIE_BEFORE, DIE_AFTER_EFFECT, DIE_BEFORE_ANSWER, DIE_AFTER_CLAIM] {
        let (scratch, wires) = (Scratch::new(&format!("point-{flags}")), Wires::new());
        let log = scratch.log();
        let mut server = Process::server(&wires, &log, Mode::Dying);
        let mut client = Client::new(wires.join(Side::Client, &server.socket));
        let pages = client.channel.pool.allocate(PageSize::Small, 1).unwrap();
        client.channel.region.memory.copy_in(pages.start(), &[1; 4096]);
        let loan = Loan {
            pages,
            bytes: 4096,
            access: Access::Read,
            cookie: 0,
        };
        let reference = client.channel.lender.lend(loan).unwrap();
        let mut sum = request(SUM, flags, 0);
        sum.grants[0] = reference;
        let mut ids = Vec::new();
        for number in 0..4 {
            client.ask(request(APPEND, 0, number * 2)).unwrap();
            client
                .ask(request(
                    APPEND,
                    if flags == DIE_AFTER_CLAIM { 0 } else { flags },
                    number * 2 + 1,
                ))
                .unwrap();
        }
        ids.push(client.ask(sum).unwrap());
        settle(&mut client, &wires, &mut server, &log, Mode::Plain);
        let mut log = logged(&log);
        log.sort_unstable();
        assert_eq!(log, (0..8).collect::<Vec<u64>>(), "killed at {flags}");
        assert_eq!(client.answers[&ids[0]].offset, 4096);
        assert_eq!(client.answers.len(), 9);
        assert_eq!(client.channel.lender.end(reference), Ok(Ended::Returned(loan)));
    }
}

fn control_without_the_response_cache_a_request_happens_twice() {
    let (scratch, wires) = (Scratch::new("forgetful"), Wires::new());
    let log = scratch.log();
    let mut server = Process::server(&wires, &log, Mode::Dying);
    let mut client = Client::new(wires.join(Side::Client, &server.socket));
    client.ask(request(APPEND, DIE_BEFORE_ANSWER, 5)).unwrap();
    settle(&mut client, &wires, &mut server, &log, Mode::Forgetful);
    assert_eq!(logged(&log), [5, 5]);
}

fn killed_at_any_moment_each_request_happens_once() {
    let (scratch, wires) = (Scratch::new("any"), Wires::new());
    let log = scratch.log();
    let mut server = Process::server(&wires, &log, Mode::Plain);
    let mut client = Client::new(wires.join(Side::Client, &server.socket));
    let mut asked = 0;
    for kill in 0..10u32 {
        let until = asked + 40 + u64::from(kill) * 7;
        while asked < until {
            if client.ask(request(APPEND, 0, asked)).is_some() {
                asked += 1;
            } else {
                client.step().unwrap();
            }
        }
        server.signal(libc::SIGKILL);
        settle(&mut client, &wires, &mut server, &log, Mode::Plain);
    }
    let mut log = logged(&log);
    log.sort_unstable();
    assert_eq!(log, (0..asked).collect::<Vec<u64>>());
    assert_eq!(client.answers.len() as u64, asked);
}

fn what_a_killed_client_held_comes_back() {
    let (scratch, wires) = (Scratch::new("client"), Wires::new());
    let (first_socket, _other) = UnixStream::pair().unwrap();
    let mut server = Server::new(
        wires.join(Side::Server, &first_socket),
        &scratch.log(),
        Mode::Plain,
    );
    let pages = server.channel.pool.allocate(PageSize::Small, 1).unwrap();
    let loan = Loan {
        pages,
        bytes: 4096,
        access: Access::Read,
        cookie: 0,
    };
    let reference = server.channel.lender.lend(loan).unwrap();
    assert_eq!(reference.index, 0);
    let words = ["--child-client", &reference.generation.to_string()];
    let client = Process::start(&wires, &words);
    let started = Instant::now();
    let step = |server: &mut Server| {
        assert!(started.elapsed() < PATIENCE);
        server.step().unwrap()
    };
    while !server.channel.lender.is_in_use(reference) {
        step(&mut server);
    }
    assert_eq!(server.channel.lender.revoke(reference), Ok(Ended::InUse));
    drop(client);
    assert_eq!(
        server.channel.lender.collect(9),
        [],
        "a killed client acknowledges nothing"
    );
    let _next = Process::start(&wires, &["--child-client", "0"]);
    let returned = loop {
        if let Event::PeerBegan {
            same_process,
            returned,
        } = step(&mut server)
        {
            assert!(!same_process);
            break returned;
        }
    };
    assert_eq!(returned, [loan]);
    assert_eq!(server.channel.pool.free_pages(PageSize::Small), 64);
}

fn a_stopped_server_is_dead_and_comes_again() {
    let (scratch, wires) = (Scratch::new("stopped"), Wires::new());
    let log = scratch.log();
    let mut server = Process::server(&wires, &log, Mode::Plain);
    let mut client = Client::new(wires.join(Side::Client, &server.socket));
    client.ask(request(APPEND, 0, 0)).unwrap();
    settle(&mut client, &wires, &mut server, &log, Mode::Plain);
    server.signal(libc::SIGSTOP);
    client.ask(request(APPEND, 0, 1)).unwrap();
    for _ in 0..3 {
        client.step().unwrap();
    }
    client.clock.ahead += SILENCE_MAX * 2;
    assert_eq!(client.step(), Ok(Event::PeerDead));
    assert!(!client.channel.is_connected());
    client.channel.begin_again().unwrap();
    server.signal(libc::SIGCONT);
    settle(&mut client, &wires, &mut server, &log, Mode::Plain);
    assert_eq!(logged(&log), [0, 1], "once, though it was sent in two epochs");
}
