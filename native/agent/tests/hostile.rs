//! Servers that an honest client meets only once: whatever they do, calls end with an error that says what it is, nothing is
//! read that is not the region's, and nobody panics.

mod fake;

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fake::{Fake, Numbers, answer_to, socket_in, to_null};
use fsva_agent::client::{Client, ConnectOptions, Who};
use fsva_agent::error::ClientError;
use fsva_agent::file::File;
use fsva_agent::rendezvous::Rendezvous;
use fsva_channel::channel::Channel;
use fsva_channel::frame::{FrameReader, send_frame};
use fsva_channel::grant_word::{Access, Loan};
use fsva_channel::layout::HEADER_BYTES;
use fsva_channel::lender::Ended;
use fsva_channel::message::{GrantRef, Message};
use fsva_channel::page_pool::PageSize;
use fsva_channel::protocol::{ACCESS_READ, ATTRIBUTES_BYTES, Op};
use fsva_channel::words::Words;

/// Of calls that the server of the test answers.
const PATIENCE: Duration = Duration::from_secs(120);
/// Of calls that it does not.
const SHORT: Duration = Duration::from_millis(200);
const READ_WRITE: u32 = 3;

fn open(client: &Client) -> Result<File, ClientError> {
    client.open_handle(&[7; 30], READ_WRITE, &Who::default())
}

/// A client with little patience, on a machine that may be busy.
fn connect_in_time(fake: &Fake) -> Arc<Client> {
    loop {
        if let Ok(client) = Client::connect(fake.options(SHORT)) {
            return client;
        }
    }
}

/// Attributes that say that they are some, where the request was, as an honest server does it.
fn opened(channel: &mut Channel, request: &Message) -> Message {
    let claim = channel.borrower.claim(request.grants[0]).unwrap();
    let at = claim.at(0, ATTRIBUTES_BYTES as u32, Access::Write).unwrap();
    let mut attributes = [0; ATTRIBUTES_BYTES];
    attributes[32] = 1;
    channel.region.memory.copy_in(at, &attributes);
    channel.borrower.release(claim);
    Message {
        length: ATTRIBUTES_BYTES as u32,
        handle_index: 5,
        ..answer_to(request)
    }
}

/// Everything that a client can do with a file; what came of it does not matter.
fn use_all(client: &Client, file: &File) -> Vec<ClientError> {
    let mut errors = Vec::new();
    let mut note = |error: Option<ClientError>| errors.extend(error);
    if let Ok(buffer) = client.lend(8192) {
        match file.read(&buffer, 0..5000, 0) {
            Ok(read) => assert!(read.bytes <= 5000),
            Err(error) => note(Some(error)),
        }
        match file.write(&buffer, 4096..4100, 0) {
            Ok(written) => assert!(written.bytes <= 4),
            Err(error) => note(Some(error)),
        }
    }
    note(file.getattr().err());
    note(file.fsync().err());
    note(file.evict(0, 0).err());
    match file.map(0, 20_000) {
        Ok(mapping) => {
            assert!(mapping.bytes() <= 20_000);
            let mut bytes = vec![0; 20_000];
            assert_eq!(mapping.copy_to(0, &mut bytes), mapping.bytes());
        }
        Err(error) => note(Some(error)),
    }
    note(client.ping().err());
    errors
}

#[test]
fn any_answer_is_an_error_or_within_bounds() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let fake = Fake::start(Box::new(move |channel, request| {
        if request.op == Op::InvalidatePage as u16 {
            return Vec::new();
        }
        if let Some(null) = to_null(request) {
            return vec![null];
        }
        if request.op == Op::Open as u16 && !numbers.next().is_multiple_of(4) {
            return vec![opened(channel, request)];
        }
        let grant = |numbers: &mut Numbers| GrantRef {
            index: numbers.wild() as u16,
            generation: (numbers.wild() % 4) as u32,
        };
        let answer = Message {
            op: if numbers.next().is_multiple_of(8) {
                // A request of its own is no answer, and leaves one out.
                (numbers.wild() as u16).max(Op::EvictPage as u16)
            } else {
                request.op
            },
            flags: numbers.wild() as u16,
            length: numbers.wild() as u32,
            request_id: request.request_id,
            handle_index: numbers.wild() as u32,
            status: if numbers.next().is_multiple_of(3) {
                numbers.wild() as u32
            } else {
                0
            },
            offset: numbers.wild(),
            grants: std::array::from_fn(|_| grant(&mut numbers)),
        };
        // Its requests of us are nonsense, too, and its answers may come twice.
        let request_of_us = Message {
            op: Op::InvalidatePage as u16,
            ..answer
        };
        vec![answer, answer, request_of_us]
    }));
    let client = Client::connect(fake.options(PATIENCE)).unwrap();
    let mut errors = 0;
    for _ in 0..300 {
        match open(&client) {
            Ok(file) => errors += use_all(&client, &file).len(),
            Err(_) => errors += 1,
        }
    }
    assert!(errors > 300, "it was hostile: {errors}");
    assert!(client.figures().strays > 0);
    client.ping().unwrap();
}

#[test]
fn answers_that_nobody_asked_for_change_nothing() {
    let fake = Fake::start(Box::new(|_, request| {
        let mut answers = vec![answer_to(request)];
        for id in [
            0,
            1,
            request.request_id + 1,
            request.request_id + 16,
            u64::MAX,
            request.request_id,
        ] {
            let stray = Message {
                request_id: id,
                status: 77,
                ..answer_to(request)
            };
            answers.push(stray);
        }
        answers
    }));
    let client = Client::connect(fake.options(PATIENCE)).unwrap();
    for _ in 0..200 {
        // The next request's answer is there before it is asked: then it is no stray, and an error.
        match client.ping() {
            Ok(_) => {}
            Err(ClientError::Errno { errno, .. }) => assert_eq!(errno, 77),
            Err(error) => panic!("{error}"),
        }
    }
    assert!(client.figures().strays > 200);
}

#[test]
fn what_a_silent_server_claimed_is_not_used_again() {
    let fake = Fake::start(Box::new(|channel, request| {
        if let Some(null) = to_null(request) {
            return vec![null];
        }
        if request.op == Op::Open as u16 {
            return vec![opened(channel, request)];
        }
        // It stops in the middle: it has claimed the buffer, and never says anything.
        let _claim = channel.borrower.claim(request.grants[0]);
        Vec::new()
    }));
    let client = connect_in_time(&fake);
    let file = loop {
        if let Ok(file) = open(&client) {
            break file;
        }
    };
    let buffer = client.lend(8192).unwrap();
    let free = client.figures().free_small_pages;
    let late = file.read(&buffer, 0..8192, 0).unwrap_err();
    assert!(matches!(late, ClientError::TimedOut), "{late}");
    drop(buffer);
    assert_eq!(
        client.figures().free_small_pages,
        free,
        "the server may still write there"
    );
    // With nothing but silence the window fills, and that is an error as well.
    let buffer = client.lend(4096).unwrap();
    for _ in 0..20 {
        assert!(matches!(file.read(&buffer, 0..10, 0), Err(ClientError::TimedOut)));
    }
    drop(file);
    drop(client);
}

#[test]
fn a_server_that_answers_and_does_not_let_go_is_waited_for() {
    let claims = Arc::new(Mutex::new(Vec::new()));
    let kept = claims.clone();
    let fake = Fake::start(Box::new(move |channel, request| {
        if request.op == Op::Open as u16 {
            return vec![opened(channel, request)];
        }
        if request.op == Op::Read as u16 {
            kept.lock()
                .unwrap()
                .extend(channel.borrower.claim(request.grants[0]));
        }
        if request.op == Op::Fsync as u16 {
            for claim in kept.lock().unwrap().drain(..) {
                let _ = channel.borrower.release(claim);
            }
        }
        vec![answer_to(request)]
    }));
    let client = Client::connect(fake.options(PATIENCE)).unwrap();
    let file = open(&client).unwrap();
    let before = client.figures().free_small_pages;
    let buffer = client.lend(4096).unwrap();
    file.read(&buffer, 0..10, 0).unwrap();
    drop(buffer);
    assert_eq!(client.figures().free_small_pages, before - 1, "in quarantine");
    file.fsync().unwrap();
    while client.figures().free_small_pages != before {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn pages_that_are_taken_back_before_they_are_mapped() {
    let fake = Fake::start(Box::new(|channel, request| {
        if request.op == Op::Open as u16 {
            return vec![opened(channel, request)];
        }
        let mut answer = answer_to(request);
        if request.op == Op::MapPage as u16 {
            let pages = channel.pool.allocate(PageSize::Small, 1).unwrap();
            let loan = Loan {
                pages,
                bytes: 4096,
                access: Access::Read,
                cookie: 0,
            };
            let reference = channel.lender.lend(loan).unwrap();
            assert_eq!(channel.lender.revoke(reference), Ok(Ended::Returned(loan)));
            channel.pool.free(pages).unwrap();
            answer.grants[0] = reference;
            answer.length = 4096;
        }
        vec![answer]
    }));
    let client = Client::connect(fake.options(PATIENCE)).unwrap();
    let file = open(&client).unwrap();
    let error = file.map(0, 4096).err().unwrap();
    assert!(matches!(error, ClientError::Nonsense(_)), "{error}");
}

#[test]
fn any_words_in_the_memory_end_the_channel_and_not_the_client() {
    let mut numbers = Numbers(42);
    let mut requests = 0;
    let fake = Fake::start(Box::new(move |channel, request| {
        requests += 1;
        if requests % 7 == 0 {
            // Up to the pages: header, rings, response cache and grant tables.
            let end = channel.region.map.client.small.start();
            for _ in 0..8 {
                let at = numbers.next() as usize % (end / 8) * 8;
                let at = if numbers.next().is_multiple_of(2) {
                    at % HEADER_BYTES
                } else {
                    at
                };
                channel.region.memory.store(at, numbers.wild(), Ordering::Relaxed);
            }
        }
        if request.op == Op::Open as u16 && channel.borrower.claim(request.grants[0]).is_err() {
            return vec![answer_to(request)];
        }
        vec![answer_to(request)]
    }));
    let client = connect_in_time(&fake);
    for _ in 0..60 {
        if let Ok(file) = open(&client) {
            use_all(&client, &file);
        }
    }
    drop(client);
}

#[test]
fn a_region_that_is_zeroed_is_followed_by_another() {
    let mut zeroed = false;
    let fake = Fake::start(Box::new(move |channel, request| {
        if let Some(null) = to_null(request) {
            return vec![null];
        }
        if !zeroed {
            zeroed = true;
            // As a migration leaves it.
            for at in (0..channel.region.map.bytes).step_by(8) {
                channel.region.memory.store(at, 0, Ordering::Relaxed);
            }
            return Vec::new();
        }
        if request.op == Op::Open as u16 {
            return vec![opened(channel, request)];
        }
        vec![answer_to(request)]
    }));
    let client = Client::connect(fake.options(PATIENCE)).unwrap();
    let buffer = client.lend(4096).unwrap();
    let file = open(&client).unwrap();
    assert!(client.figures().connections >= 2);
    let lost = file.read(&buffer, 0..10, 0).unwrap_err();
    assert!(matches!(lost, ClientError::RegionLost), "{lost}");
    assert_eq!(file.access() & ACCESS_READ, ACCESS_READ);
}

/// What a server says first that is none.
fn refused(say: impl FnOnce(&mut UnixStream) + Send + 'static) -> ClientError {
    let directory = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(socket_in(directory.path())).unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        FrameReader::default().read(stream.as_fd()).unwrap();
        say(&mut stream);
        // Until the client goes.
        let _ = stream.read(&mut [0; 16]);
    });
    let options = ConnectOptions::new(Rendezvous::Unix(socket_in(directory.path())));
    let error = Client::connect(options).err().unwrap();
    server.join().unwrap();
    error
}

#[test]
fn a_rendezvous_that_makes_no_sense_is_an_error() {
    let say = |text: &'static str| refused(move |stream| send_frame(stream.as_fd(), text, &[]).unwrap());
    for text in [
        "{}",
        "[]",
        "nonsense",
        r#"{"ok":true}"#,
        r#"{"ok":true,"region":"other","bytes":1,"instance":"1"}"#,
        r#"{"ok":true,"region":"memfd","offset":0,"bytes":8388608,"instance":"1"}"#,
        r#"{"ok":true,"region":"memfd","bytes":-1,"instance":"1"}"#,
        r#"{"ok":true,"region":"device","bytes":8388608,"instance":"1"}"#,
        r#"{"ok":true,"region":"device","bytes":8388608,"instance":"no number"}"#,
    ] {
        let error = say(text);
        assert!(matches!(error, ClientError::Rendezvous(_)), "{text}: {error}");
    }
    let error = say(r#"{"ok":false,"error":"not you","advice":"ask"}"#);
    assert_eq!(error.to_string(), "not you; ask");
    assert_eq!(error.errno(), libc::ECONNREFUSED);
    for bytes in [&b"\xff\xff\xff\xff"[..], b"\x05\0\0\0ab"] {
        let error = refused(move |stream| {
            stream.write_all(bytes).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
        });
        assert!(matches!(error, ClientError::Rendezvous(_)), "{error}");
    }
    // Memory that its owner could take away again, and such that is none of ours.
    for (sealed, instance) in [(false, 0), (true, 1)] {
        let error = refused(move |stream| {
            let (region, memory) = fsva_channel::region::Region::create(&fake::GEOMETRY).unwrap();
            let plain = tempfile::tempfile().unwrap();
            plain.set_len(region.map.bytes as u64).unwrap();
            let memory = if sealed { memory.as_fd() } else { plain.as_fd() };
            let events = fsva_channel::wake::EventWake::descriptors().unwrap();
            let text = format!(
                r#"{{"ok":true,"region":"memfd","offset":0,"bytes":{},"instance":"{:x}"}}"#,
                region.map.bytes,
                region.instance ^ instance
            );
            send_frame(
                stream.as_fd(),
                &text,
                &[memory, events[0].as_fd(), events[1].as_fd()],
            )
            .unwrap();
        });
        assert_eq!(error.errno(), libc::EPROTO, "{error}");
    }
}
