//! Clients that write what they like, ask for too much, or die: they harm their own channel, and nothing else.

mod peer;

use std::fs;
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use fsva_appliance::session::End;
use fsva_channel::broken::Broken;
use fsva_channel::geometry::{Geometry, Owned};
use fsva_channel::grant_word::Access;
use fsva_channel::message::{GrantRef, Message};
use fsva_channel::protocol::{ACCESS_READ, OPEN_REQUEST_BYTES, Op};
use fsva_channel::words::Words;
use fsva_core::fair_queue::Flow;
use fsva_core::handle::HandleCodec;
use fsva_core::pool::POOL_THREADS_MAX;
use peer::{Client, Files, PATIENCE, Pair, READ_WRITE, message, pattern, result};
use proptest::prelude::*;

/// Small, so that garbage meets something.
const SMALL: Geometry = Geometry {
    control_slots: 64,
    hint_slots: 16,
    responses: 32,
    client: Owned {
        grants: 64,
        small_pages: 64,
        large_pages: 0,
    },
    server: Owned {
        grants: 64,
        small_pages: 64,
        large_pages: 0,
    },
};

fn well_behaved(files: &Files, sockets: &mut Vec<UnixStream>) -> (peer::Served, Client) {
    let wires = peer::Wires::new(&SMALL);
    let (one, other) = UnixStream::pair().unwrap();
    let served = wires.session(&files.engine, &other);
    let client = wires.client(&one);
    sockets.extend([one, other]);
    (served, client)
}

#[test]
fn grants_that_are_none_are_refused() {
    let mut pair = Pair::new();
    let handle = pair.files.write("file", &pattern(8192, 1));
    let file = pair.client.open(&handle, READ_WRITE, 0).unwrap();
    let buffer = pair.client.buffer(4096);
    let read = Message {
        handle_index: file,
        length: 4096,
        ..message(Op::Read)
    };
    assert_eq!(
        result(&pair.client.call(read)).err(),
        Some(libc::EINVAL),
        "no room"
    );
    let mut stale = read;
    stale.grants[0] = pair.client.lend(buffer, Access::Write);
    pair.client.end(stale.grants[0]);
    assert_eq!(result(&pair.client.call(stale)).err(), Some(libc::EFAULT));
    let refused = pair.client.call_with(read, &[buffer], Access::Read);
    assert_eq!(
        result(&refused).err(),
        Some(libc::EINVAL),
        "lent for reading only"
    );
    let mut twice = Message { length: 8192, ..read };
    twice.grants[0] = pair.client.lend(buffer, Access::Write);
    twice.grants[1] = twice.grants[0];
    assert_eq!(result(&pair.client.call(twice)).err(), Some(libc::EFAULT));
    pair.client.end(twice.grants[0]);
    let much = Message {
        length: u32::MAX,
        ..read
    };
    for op in [Op::Read, Op::Write] {
        let much = Message {
            op: op as u16,
            ..much
        };
        let refused = pair.client.call_with(much, &[buffer], Access::Write);
        assert_eq!(result(&refused).err(), Some(libc::EINVAL));
    }
    assert_eq!(
        pair.client.read(file, 0, &[buffer]).length,
        4096,
        "and it goes on"
    );
}

#[test]
fn what_no_client_writes_by_mistake_ends_the_session() {
    let forged = GrantRef {
        index: u16::MAX,
        generation: 7,
    };
    let mut reading = message(Op::Getattr);
    reading.grants[0] = forged;
    let mut opening = message(Op::Open);
    opening.grants[0] = forged;
    let files = Files::new();
    let handle = files.write("file", b"bytes");
    let mut sockets = Vec::new();
    let (_served, mut other) = well_behaved(&files, &mut sockets);
    let mut pair = Pair::over(files);
    let file = pair.client.open(&handle, ACCESS_READ, 0).unwrap();
    let reading = Message {
        handle_index: file,
        ..reading
    };
    pair.client.ask(reading);
    let _ = pair.client.step();
    assert_eq!(pair.served.ended(), End::Broken(Broken::Forged));
    let mut pair = Pair::over(pair.files);
    assert_eq!(pair.client.call(message(Op::Null)).status, 0);
    pair.client.ask(opening);
    let _ = pair.client.step();
    assert_eq!(pair.served.ended(), End::Broken(Broken::Forged));
    // Who did nothing wrong notices nothing.
    let buffer = other.buffer(5);
    let file = other.open(&handle, ACCESS_READ, 0).unwrap();
    assert_eq!(other.read(file, 0, &[buffer]).length, 5);
}

#[test]
fn a_request_under_way_can_not_be_overtaken() {
    let mut pair = Pair::with(Files::new(), &SMALL);
    let handle = pair.files.write("file", b"bytes");
    let file = pair.client.open(&handle, READ_WRITE, 0).unwrap();
    let _jam = jam(&pair.files, &handle);
    let write = Message {
        handle_index: file,
        ..message(Op::Write)
    };
    let id = pair.client.ask(write);
    let start = Instant::now();
    while pair.served.session.figures().under_way == 0 {
        pair.client.step().unwrap();
        assert!(start.elapsed() < PATIENCE);
    }
    let overtaking = Message {
        request_id: id + SMALL.responses,
        ..write
    };
    let epoch = pair.client.channel.peer_epoch();
    pair.client.channel.sender().send(&[overtaking], epoch).unwrap();
    drop(_jam);
    assert_eq!(pair.served.ended(), End::Broken(Broken::Forged));
}

/// All threads for changes of the export wait until this is dropped.
struct Jam(#[expect(dead_code, reason = "dropped, not read")] mpsc::Sender<()>);

fn jam(files: &Files, handle: &[u8]) -> Jam {
    let codec: &HandleCodec = &files.engine.guard.codec;
    let export = codec.open(handle).unwrap().export;
    let volume = files.engine.volume(export).unwrap();
    let (release, blocked) = mpsc::channel::<()>();
    let blocked = Arc::new(std::sync::Mutex::new(blocked));
    let (began, beginning) = mpsc::channel();
    for _ in 0..POOL_THREADS_MAX {
        let (blocked, began) = (blocked.clone(), began.clone());
        let job = Box::new(move || {
            began.send(()).unwrap();
            let _ = blocked.lock().unwrap().recv();
        });
        assert!(volume.changes.submit(Flow::SERVER, job).is_ok());
    }
    for _ in 0..POOL_THREADS_MAX {
        beginning.recv_timeout(PATIENCE).unwrap();
    }
    Jam(release)
}

#[test]
fn a_slow_lane_holds_up_nothing_else() {
    let mut pair = Pair::new();
    let handle = pair.files.write("file", &pattern(4096, 2));
    let file = pair.client.open(&handle, READ_WRITE, 0).unwrap();
    let buffer = pair.client.buffer(4096);
    assert_eq!(pair.client.read(file, 0, &[buffer]).length, 4096);
    let jam = jam(&pair.files, &handle);
    let waiting = pair.client.buffer(4);
    pair.client.fill(waiting, b"late");
    let mut write = Message {
        handle_index: file,
        length: 4,
        ..message(Op::Write)
    };
    write.grants[0] = pair.client.lend(waiting, Access::Read);
    let id = pair.client.ask(write);
    for _ in 0..100 {
        assert_eq!(pair.client.call(message(Op::Null)).status, 0);
        assert_eq!(pair.client.read(file, 0, &[buffer]).length, 4096);
    }
    assert_eq!(pair.client.answers.get(&id), None);
    assert_eq!(pair.served.session.figures().under_way, 1);
    // Its memory stays claimed until it is answered.
    assert!(pair.client.channel.lender.is_in_use(write.grants[0]));
    // Closing waits for it, too: until it is done, the region is used.
    let session = pair.served.session.clone();
    let closing = std::thread::spawn(move || session.close());
    assert!(pair.served.end.recv_timeout(Duration::from_millis(200)).is_err());
    drop(jam);
    closing.join().unwrap();
    assert_eq!(pair.served.ended(), End::Closed);
    assert_eq!(fs::read(pair.files.path("file")).unwrap()[..4], *b"late");
    assert!(!pair.client.channel.lender.is_in_use(write.grants[0]));
}

#[test]
fn open_files_and_requests_are_bounded() {
    let mut pair = Pair::with(Files::new(), &SMALL);
    let handle = pair.files.write("file", b"bytes");
    let mut open = Vec::new();
    let refused = loop {
        match pair.client.open(&handle, ACCESS_READ, 0) {
            Ok(file) => open.push(file),
            Err(errno) => break errno,
        }
        assert!(open.len() <= 4096);
    };
    assert_eq!(refused, libc::ENFILE);
    assert_eq!(pair.served.session.figures().open_files, open.len() as u64);
    pair.client.release(open[0]).unwrap();
    pair.client.open(&handle, ACCESS_READ, 0).unwrap();
}

#[test]
fn a_dead_client_ends_its_session() {
    let mut pair = Pair::new();
    assert_eq!(pair.client.call(message(Op::Null)).status, 0);
    pair.sockets.0.shutdown(std::net::Shutdown::Both).unwrap();
    assert_eq!(pair.served.ended(), End::ClientGone);
}

#[test]
fn a_region_that_is_zeroed_ends_the_session() {
    let mut pair = Pair::new();
    assert_eq!(pair.client.call(message(Op::Null)).status, 0);
    for at in (0..4096).step_by(8) {
        pair.wires.region.memory.store(at, 0, Ordering::Relaxed);
    }
    assert_eq!(pair.served.ended(), End::Broken(Broken::RegionLost));
}

fn any_request() -> impl Strategy<Value = Message> {
    let index = prop_oneof![0..4u16, any::<u16>()];
    let generation = prop_oneof![0..4u32, any::<u32>()];
    let grant = (index, generation).prop_map(|(index, generation)| GrantRef { index, generation });
    let length = prop_oneof![0..10_000u32, any::<u32>()];
    let offset = prop_oneof![0..10_000u64, any::<u64>(), Just(4096)];
    let file = prop_oneof![Just(1u32 << 12), Just(2 << 12), any::<u32>()];
    (
        0..18u16,
        0..4u16,
        length,
        file,
        offset,
        prop::array::uniform4(grant),
    )
        .prop_map(|(op, flags, length, handle_index, offset, grants)| Message {
            op,
            flags,
            length,
            handle_index,
            offset,
            grants,
            ..Message::default()
        })
}

fn any_scribbles(most: usize) -> impl Strategy<Value = Vec<(prop::sample::Index, u64)>> {
    let value = prop_oneof![0..5u64, any::<u64>()];
    prop::collection::vec((any::<prop::sample::Index>(), value), 0..most)
}

/// Any requests, with anything in the words of the region that both use: an answer or an end of the session, and others are
/// served as before.
#[test]
fn any_requests_are_answered_or_end_the_session() {
    let files = Files::new();
    let handle = files.write("file", &pattern(20_000, 3));
    let mut sockets = Vec::new();
    let (_served, mut other) = well_behaved(&files, &mut sockets);
    let file = other.open(&handle, ACCESS_READ, 0).unwrap();
    let buffer = other.buffer(100);
    let other = std::cell::RefCell::new(other);
    let requests = prop::collection::vec(any_request(), 1..24);
    proptest!(ProptestConfig::with_cases(48), |(requests in requests, scribbles in any_scribbles(40))| {
        let wires = peer::Wires::new(&SMALL);
        let (one, theirs) = UnixStream::pair().unwrap();
        let served = wires.session(&files.engine, &theirs);
        let mut client = wires.client(&one);
        let _ = client.open(&handle, READ_WRITE, 0);
        let lent = client.buffer(4096);
        client.lend(lent, Access::Write);
        let mut scribbles = scribbles.into_iter();
        let words = wires.region.map.bytes / 8;
        for request in requests {
            client.ask(request);
            let _ = client.step();
            for (place, value) in scribbles.by_ref().take(2) {
                wires.region.memory.store(place.index(words) * 8, value, Ordering::Relaxed);
            }
        }
        for _ in 0..3 {
            let _ = client.step();
        }
        prop_assert_eq!(other.borrow_mut().read(file, 0, &[buffer]).length, 100);
        served.session.close();
        prop_assert!(matches!(served.ended(), End::Closed | End::Broken(_)));
    });
}

/// A server that finds anything where an earlier one kept its books begins, or refuses to.
#[test]
fn any_books_are_read_or_refused() {
    let files = Files::new();
    let handle = files.write("file", &pattern(20_000, 4));
    proptest!(ProptestConfig::with_cases(128), |(scribbles in any_scribbles(200))| {
        let wires = peer::Wires::new(&SMALL);
        let (one, other) = UnixStream::pair().unwrap();
        let served = wires.session(&files.engine, &other);
        let mut client = wires.client(&one);
        let file = client.open(&handle, ACCESS_READ, 0).unwrap();
        let mapped = client.call(Message { handle_index: file, length: 9000, ..message(Op::MapPage) });
        let _claim = client.channel.borrower.claim(mapped.grants[0]);
        served.session.close();
        let server = wires.region.map.server;
        let books = [
            (server.small.start(), server.small.bytes()),
            (server.grant_table, server.grants * 32),
            (wires.region.map.response_cache, 32 * 128),
        ];
        for (number, (place, value)) in scribbles.into_iter().enumerate() {
            let (at, bytes) = books[number % 3];
            wires.region.memory.store(at + place.index(bytes / 8) * 8, value, Ordering::Relaxed);
        }
        let (_again, theirs) = UnixStream::pair().unwrap();
        if let Ok(served) = wires.try_session(&files.engine, &theirs) {
            for _ in 0..5 {
                let _ = client.step();
            }
            served.session.close();
            prop_assert!(matches!(served.ended(), End::Closed | End::Broken(_)));
        }
    });
}

#[test]
fn an_open_request_is_read_once_and_bounded() {
    let mut pair = Pair::new();
    for bytes in [[0xffu8; OPEN_REQUEST_BYTES], [0; OPEN_REQUEST_BYTES]] {
        let buffer = pair.client.buffer(OPEN_REQUEST_BYTES as u32);
        pair.client.fill(buffer, &bytes);
        let answer = pair.client.call_with(message(Op::Open), &[buffer], Access::Write);
        assert_eq!(result(&answer).err(), Some(libc::EINVAL));
    }
    let short = pair.client.buffer(8);
    let answer = pair.client.call_with(message(Op::Open), &[short], Access::Write);
    assert_eq!(result(&answer).err(), Some(libc::EINVAL));
    assert!(pair.client.requests.is_empty());
}
