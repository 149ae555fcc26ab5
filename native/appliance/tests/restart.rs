//! A server and a client in two processes, one of which is killed. Without libtest: the child is this program again.

mod peer;
mod scene;

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use fsva_appliance::session::{Session, SessionClient, SessionOptions};
use fsva_channel::borrower::Claim;
use fsva_channel::geometry::Side;
use fsva_channel::grant_word::Access;
use fsva_channel::layout::CachedResponse;
use fsva_channel::message::Message;
use fsva_channel::protocol::{ACCESS_READ, Op, RESTORED_GRANT_BYTES};
use fsva_channel::words::Words;
use peer::{ADDRESS, Client, Files, GEOMETRY, PATIENCE, Wires, message, pattern, result};
use scene::{Process, Scene, receive_ends};

const SETTLE: Duration = Duration::from_millis(120);
/// OPENs of one batch.
const OPENS: u64 = 64;

type Scenario = fn();

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--child-server", directory, mode, opens] => {
            serve(Path::new(directory), *mode == "forgetful", opens.parse().unwrap());
            return ExitCode::SUCCESS;
        }
        ["--child-client", handle] => {
            map_and_wait(&from_hex(handle));
            return ExitCode::SUCCESS;
        }
        _ => {}
    }
    let scenarios: [(&str, Scenario); 5] = [
        (
            "control_without_the_response_cache_files_are_opened_twice",
            control_without_the_response_cache_files_are_opened_twice,
        ),
        (
            "killed_before_it_answered_each_file_is_opened_once",
            killed_before_it_answered_each_file_is_opened_once,
        ),
        (
            "killed_at_any_moment_everything_is_answered_once",
            killed_at_any_moment_everything_is_answered_once,
        ),
        (
            "lent_pages_survive_and_changed_ones_are_taken_back",
            lent_pages_survive_and_changed_ones_are_taken_back,
        ),
        (
            "what_a_killed_client_held_comes_back",
            what_a_killed_client_held_comes_back,
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

/// Kills itself when so many files are open.
fn serve(directory: &Path, forgetful: bool, opens: u64) {
    let ends = receive_ends();
    if forgetful {
        let at = ends.region.map.response_cache;
        for entry in 0..GEOMETRY.responses as usize {
            let tag = at + entry * size_of::<CachedResponse>();
            ends.region.memory.store(tag, 0, Ordering::Relaxed);
        }
    }
    let files = Files::in_directory(directory, |_| {});
    let (ended, end) = std::sync::mpsc::channel();
    let session = Session::start(SessionOptions {
        engine: files.engine.clone(),
        region: ends.region,
        wake: ends.wake,
        client: SessionClient {
            address: ADDRESS.parse().unwrap(),
            privileged_port: false,
        },
        spin_max: Duration::from_micros(50),
        on_end: Box::new(move |end| ended.send(end).unwrap()),
    })
    .unwrap();
    while end.try_recv().is_err() {
        if session.figures().open_files >= opens {
            // SAFETY: kills this process, which the test waits for.
            unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
        }
        if opens == u64::MAX {
            let _ = end.recv_timeout(Duration::from_millis(50));
            if session.figures().connected == 0 {
                std::thread::yield_now();
            }
        }
    }
}

/// Opens a file, maps a page of it, claims that, and then does nothing but live.
fn map_and_wait(handle: &[u8]) {
    let ends = receive_ends();
    let channel = fsva_channel::channel::Channel::join(
        ends.region,
        Side::Client,
        ends.wake,
        fsva_channel::spin::Spin::default(),
    )
    .unwrap();
    let mut client = Client::new(channel);
    let file = client.open(handle, ACCESS_READ, 0).unwrap();
    let _claims = map(&mut client, file, 0, 8192);
    while client.step().is_ok() {}
}

fn map(client: &mut Client, file: u32, offset: u64, length: u32) -> Vec<Claim> {
    let answer = client.call(Message {
        handle_index: file,
        offset,
        length,
        ..message(Op::MapPage)
    });
    assert_eq!(result(&answer).err(), None);
    let named = answer.grants.iter().filter(|grant| grant.generation != 0);
    named
        .map(|grant| client.channel.borrower.claim(*grant).unwrap())
        .collect()
}

/// Kills the server in the middle of a batch of OPENs. Says how many of them failed, because what they asked for was
/// overwritten by their answer already, or are open though nobody has them.
fn faults_of_a_killed_server(mode: &str) -> u64 {
    let (mut scene, handles) = Scene::new(&[("one", b"1"), ("two", b"2")], OPENS / 2);
    let asked = scene.ask_opens(&handles, OPENS);
    scene.settle(mode);
    let indices = scene.opened(asked);
    let mut distinct = indices.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), indices.len(), "each OPEN has an index of its own");
    let failed = OPENS - indices.len() as u64;
    for index in indices {
        let id = scene.client.ask(Message {
            handle_index: index,
            ..message(Op::Release)
        });
        scene.settle(mode);
        assert_eq!(scene.client.answers.remove(&id).unwrap().status, 0);
    }
    failed + scene.files_left_open()
}

fn control_without_the_response_cache_files_are_opened_twice() {
    let started = Instant::now();
    while faults_of_a_killed_server("forgetful") == 0 {
        assert!(started.elapsed() < PATIENCE, "the other test tests nothing");
    }
}

fn killed_before_it_answered_each_file_is_opened_once() {
    for _ in 0..5 {
        assert_eq!(faults_of_a_killed_server("plain"), 0);
    }
}

fn killed_at_any_moment_everything_is_answered_once() {
    let (mut scene, handles) = Scene::new(&[("one", &[0; 65536]), ("two", &[0; 65536])], u64::MAX);
    let asked = scene.ask_opens(&handles, 2);
    scene.settle("plain");
    let files = scene.opened(asked);
    let mut contents = [vec![0; 65536], vec![0; 65536]];
    let mut seed = 1;
    for kill in 0..10u64 {
        let mut asked = Vec::new();
        let opens = scene.ask_opens(&handles, 7);
        for number in 0..24 {
            let which = number % 2;
            let at = number * 2048 + kill as usize;
            seed += 1;
            let bytes = pattern(2048, seed);
            contents[which][at..at + 2048].copy_from_slice(&bytes);
            let buffer = scene.client.buffer(2048);
            scene.client.fill(buffer, &bytes);
            let mut write = Message {
                handle_index: files[which],
                offset: at as u64,
                length: 2048,
                flags: (number % 3) as u16,
                ..message(Op::Write)
            };
            write.grants[0] = scene.client.lend(buffer, Access::Read);
            asked.push((scene.client.ask(write), buffer, write.grants[0]));
            scene.client.ask(Message {
                handle_index: files[which],
                ..message(Op::Fsync)
            });
        }
        for _ in 0..kill * 3 {
            scene.client.step().unwrap();
        }
        scene.server.kill();
        scene.settle("plain");
        for (id, buffer, reference) in asked {
            let answer = scene.client.answers.remove(&id).unwrap();
            assert_eq!((answer.status, answer.length), (0, 2048));
            scene.client.end(reference);
            scene.client.channel.pool.free(buffer.pages).unwrap();
        }
        let opened = scene.opened(opens);
        assert!(scene.client.answers.drain().all(|(_, answer)| answer.status == 0));
        for handle_index in opened {
            scene.client.ask(Message {
                handle_index,
                ..message(Op::Release)
            });
        }
        scene.settle("plain");
        assert!(scene.client.answers.drain().all(|(_, answer)| answer.status == 0));
        for (name, content) in ["one", "two"].iter().zip(&contents) {
            assert!(
                fs::read(scene.path(name)).unwrap() == *content,
                "after kill {kill}"
            );
        }
    }
    assert_eq!(scene.files_left_open(), 2);
}

fn lent_pages_survive_and_changed_ones_are_taken_back() {
    let (mut scene, handles) = Scene::new(&[("same", &[1; 40_000]), ("other", &[1; 40_000])], u64::MAX);
    let asked = scene.ask_opens(&handles, 2);
    scene.settle("plain");
    let files = scene.opened(asked);
    std::thread::sleep(SETTLE);
    let same = map(&mut scene.client, files[0], 8192, 8192);
    // The same page twice, to be held twice afterwards.
    let again = map(&mut scene.client, files[0], 8192, 4096);
    assert_eq!(again[0].loan().pages, same[0].loan().pages);
    let other = map(&mut scene.client, files[1], 0, 4096);
    scene.server.kill();
    fs::write(scene.path("other"), [2; 40_000]).unwrap();
    scene.begin_again("plain");
    let room = scene.client.buffer(4096);
    let list = Message {
        length: 4096,
        ..message(Op::RestoreGrants)
    };
    let answer = scene.client.call_with(list, &[room], Access::Write);
    assert_eq!((answer.status, answer.flags), (0, 0));
    let bytes = scene.client.bytes(room, answer.length as usize);
    let mut held: Vec<(u16, u32, u32, u64)> = bytes
        .chunks_exact(RESTORED_GRANT_BYTES)
        .map(|entry| {
            let word = |at: usize| u32::from_le_bytes(entry[at..at + 4].try_into().unwrap());
            assert_eq!(word(8), files[0]);
            let offset = u64::from_le_bytes(entry[16..].try_into().unwrap());
            (word(0) as u16, word(4), word(12), offset)
        })
        .collect();
    held.sort_unstable();
    let mut expected: Vec<_> = (same.iter().zip([8192, 12288]))
        .chain(again.iter().zip([8192]))
        .map(|(claim, offset)| {
            let reference = claim.reference();
            (reference.index, reference.generation, 4096, offset)
        })
        .collect();
    expected.sort_unstable();
    assert_eq!(held, expected);
    let borrower = scene.client.channel.borrower.clone();
    assert!(!same.iter().chain(&again).any(|claim| borrower.is_revoked(claim)));
    scene.client.until("the changed page to be taken back", |client| {
        client
            .invalidations
            .iter()
            .any(|request| request.grants[0] == other[0].reference())
    });
    assert!(borrower.is_revoked(&other[0]));
    // What is still good is shared on: the same copy, without reading it again.
    let more = map(&mut scene.client, files[0], 12288, 4096);
    assert_eq!(more[0].loan().pages, same[1].loan().pages);
    for claims in [same, again, more] {
        let mut unmap = message(Op::UnmapPage);
        for (place, claim) in unmap.grants.iter_mut().zip(claims) {
            *place = claim.reference();
            borrower.release(claim);
        }
        assert_eq!(scene.client.call(unmap).status, 0);
    }
}

fn what_a_killed_client_held_comes_back() {
    let files = Files::new();
    let handle = files.write("file", &pattern(8192, 1));
    std::thread::sleep(SETTLE);
    let wires = Wires::new(&GEOMETRY);
    let mut client = Process::start(&wires, Side::Client, &["--child-client", &to_hex(&handle)]);
    let served = wires.session(&files.engine, &client.socket);
    let wait = |what: &str, done: &dyn Fn() -> bool| {
        let started = Instant::now();
        while !done() {
            assert!(started.elapsed() < PATIENCE, "waited for {what}");
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    wait("pages to be lent", &|| served.session.figures().lent_grants == 2);
    assert_eq!(served.session.figures().open_files, 1);
    client.kill();
    // This process holds the other end of the client's socket no more.
    let end = {
        let Process { socket, .. } = &client;
        socket.shutdown(std::net::Shutdown::Both).unwrap();
        served.ended()
    };
    assert_eq!(end, fsva_appliance::session::End::ClientGone);
    let next = Process::start(&wires, Side::Client, &["--child-client", &to_hex(&handle)]);
    let served = wires.session(&files.engine, &next.socket);
    wait("the next client", &|| served.session.figures().clients == 1);
    wait("its own pages", &|| served.session.figures().lent_grants == 2);
    let figures = served.session.figures();
    assert_eq!((figures.open_files, figures.cached_pages), (1, 2));
    assert_eq!(figures.quarantined_grants, 0);
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(digits: &str) -> Vec<u8> {
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}
