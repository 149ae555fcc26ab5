//! Requests that come again, and requests that an earlier process of the server had begun when it was killed: what that
//! leaves is written here by hand, an entry of the response cache that says "begun".

mod peer;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering;
use std::time::Instant;

use fsva_channel::grant_word::Access;
use fsva_channel::layout::CachedResponse;
use fsva_channel::message::GrantRef;
use fsva_channel::message::Message;
use fsva_channel::protocol::{ACCESS_READ, OPEN_REQUEST_BYTES, Op, OpenRequest};
use fsva_channel::words::Words;
use peer::{PATIENCE, Pair, READ_WRITE, message, pattern};

/// As the response cache marks a request that was begun, answered, or has its effects.
const STARTED: u64 = 1;
const DONE: u64 = 2;
const HAPPENED: u64 = 3;

impl Pair {
    /// The next session finds the request of this id in that state, if any, and gets it.
    fn begin_again(&mut self, request_id: u64, state: Option<u64>) {
        self.served.session.close();
        if let Some(state) = state {
            let region = &self.wires.region;
            let at = self.response_of(request_id);
            // The client's process epoch, as its block of the header says.
            let process = region.memory.load(256 + 16, Ordering::Relaxed);
            region.memory.store(at + 8, process, Ordering::Relaxed);
            region
                .memory
                .store(at, request_id << 2 | state, Ordering::Relaxed);
        }
        self.sockets = UnixStream::pair().unwrap();
        self.served = self.wires.session(&self.files.engine, &self.sockets.1);
        let wake = self
            .wires
            .wake(fsva_channel::geometry::Side::Client, &self.sockets.0);
        self.client.channel.begin_again_over(wake).unwrap();
    }

    /// Where the region says what became of it.
    fn response_of(&self, request_id: u64) -> usize {
        let map = &self.wires.region.map;
        let entry = (request_id % map.geometry.responses) as usize;
        map.response_cache + entry * size_of::<CachedResponse>()
    }

    fn ask_write(&mut self, file: u32, bytes: &[u8], stable: u16) -> u64 {
        let buffer = self.client.buffer(bytes.len() as u32);
        self.client.fill(buffer, bytes);
        let grant = self.client.lend(buffer, Access::Read);
        self.ask_write_from(file, grant, buffer.bytes, stable)
    }

    fn ask_write_from(&mut self, file: u32, grant: GrantRef, bytes: u32, stable: u16) -> u64 {
        let mut write = Message {
            handle_index: file,
            offset: 100,
            length: bytes,
            flags: stable,
            ..message(Op::Write)
        };
        write.grants[0] = grant;
        self.client.ask(write)
    }
}

#[test]
fn a_write_that_happened_is_not_written_again() {
    for (begun, stable) in [(true, 0), (true, 2), (false, 0)] {
        let mut pair = Pair::new();
        let bytes = pattern(100_000, 1);
        let handle = pair.files.write("file", &[0; 200]);
        let path = pair.files.path("file");
        let file = pair.client.open(&handle, READ_WRITE, 0).unwrap();
        let id = pair.ask_write(file, &bytes, stable);
        // As the killed process did.
        fs::write(&path, [&[0; 100][..], &bytes].concat()).unwrap();
        let before = fs::metadata(&path).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(30));
        pair.begin_again(id, begun.then_some(STARTED));
        let answer = pair.client.wait_for(id);
        assert_eq!((answer.status, answer.length, answer.flags), (0, 100_000, stable));
        let verifier = u64::from_le_bytes(pair.files.engine.verifier.get());
        assert_eq!(answer.offset, verifier);
        assert_eq!(pair.served.session.figures().in_doubt, u64::from(begun));
        let after = fs::metadata(&path).unwrap();
        let is_same = (after.mtime(), after.mtime_nsec()) == (before.mtime(), before.mtime_nsec());
        assert_eq!(is_same, begun, "the control writes it again");
    }
}

#[test]
fn what_was_written_over_since_stays() {
    for (state, stays) in [(HAPPENED, true), (STARTED, false)] {
        let mut pair = Pair::new();
        let bytes = pattern(100_000, 3);
        let others = pattern(100_000, 4);
        let handle = pair.files.write("file", &[0; 200]);
        let path = pair.files.path("file");
        let file = pair.client.open(&handle, READ_WRITE, 0).unwrap();
        let id = pair.ask_write(file, &bytes, 2);
        // The killed process wrote, and then somebody else.
        fs::write(&path, [&[0; 100][..], &others].concat()).unwrap();
        pair.begin_again(id, Some(state));
        let answer = pair.client.wait_for(id);
        assert_eq!((answer.status, answer.length, answer.flags), (0, 100_000, 2));
        let verifier = u64::from_le_bytes(pair.files.engine.verifier.get());
        assert_eq!(answer.offset, verifier);
        let is_others = fs::read(&path).unwrap()[100..] == others;
        assert_eq!(is_others, stays, "the control cannot know");
    }
}

#[test]
fn a_write_is_marked_before_it_is_answered() {
    let mut pair = Pair::new();
    let handle = pair.files.write("file", &[0; 200]);
    let file = pair.client.open(&handle, READ_WRITE, 0).unwrap();
    let buffer = pair.client.buffer(100);
    let deadline = Instant::now() + PATIENCE;
    // The mark lasts until the session's thread has made the answer: looked for until it is seen.
    loop {
        let grant = pair.client.lend(buffer, Access::Read);
        let id = pair.ask_write_from(file, grant, 100, 0);
        pair.client.step().unwrap();
        let at = pair.response_of(id);
        let seen = loop {
            match pair.wires.region.memory.load(at, Ordering::Acquire) {
                tag if tag == id << 2 | HAPPENED => break true,
                tag if tag == id << 2 | DONE => break false,
                _ => std::hint::spin_loop(),
            }
        };
        assert_eq!(pair.client.wait_for(id).status, 0);
        pair.client.end(grant);
        if seen {
            break;
        }
        assert!(Instant::now() < deadline, "never marked");
    }
}

#[test]
fn a_write_that_did_not_happen_is_written() {
    let mut pair = Pair::new();
    let bytes = pattern(100_000, 2);
    let handle = pair.files.write("file", &[0; 200]);
    let file = pair.client.open(&handle, READ_WRITE, 0).unwrap();
    let id = pair.ask_write(file, &bytes, 0);
    // It came as far as that.
    fs::write(
        pair.files.path("file"),
        [&[0; 100][..], &bytes[..50_000]].concat(),
    )
    .unwrap();
    pair.begin_again(id, Some(STARTED));
    let answer = pair.client.wait_for(id);
    assert_eq!((answer.status, answer.length), (0, 100_000));
    assert_eq!(fs::read(pair.files.path("file")).unwrap()[100..], bytes);
}

#[test]
fn an_open_that_happened_is_not_opened_again() {
    for begun in [true, false] {
        let mut pair = Pair::new();
        let handle = pair.files.write("file", &[0; 200]);
        assert_eq!(pair.client.call(message(Op::Null)).status, 0);
        let asked = OpenRequest {
            handle: handle.clone(),
            access: ACCESS_READ,
            uid: 0,
            gid: 0,
            gids: Vec::new(),
        };
        let buffer = pair.client.buffer(OPEN_REQUEST_BYTES as u32);
        pair.client.fill(buffer, &asked.encode().unwrap());
        let mut open = message(Op::Open);
        open.grants[0] = pair.client.lend(buffer, Access::Write);
        let open = pair.client.requests.begin(open).unwrap();
        let epoch = pair.client.channel.peer_epoch();
        pair.client.channel.sender().send(&[open], epoch).unwrap();
        let start = std::time::Instant::now();
        while pair.served.session.figures().open_files == 0 {
            assert!(start.elapsed() < peer::PATIENCE);
            std::thread::yield_now();
        }
        // Where the request was there are the attributes by now: it can't be read again.
        pair.begin_again(open.request_id, begun.then_some(STARTED));
        if !begun {
            // Control: nobody wrote down that it was begun.
            let entry = open.request_id as usize % pair.wires.region.map.geometry.responses as usize;
            let at = pair.wires.region.map.response_cache + entry * size_of::<CachedResponse>();
            pair.served.session.close();
            pair.wires.region.memory.store(at, 0, Ordering::Relaxed);
            pair.begin_again(0, None);
        }
        let answer = pair.client.wait_for(open.request_id);
        if begun {
            assert_eq!((answer.status, answer.length), (0, 88));
            assert_eq!(pair.client.bytes(buffer, 2), [200, 0], "its size");
            assert_eq!(pair.served.session.figures().open_files, 1);
            pair.client.release(answer.handle_index).unwrap();
        } else {
            assert_eq!(answer.status, libc::EINVAL as u32);
        }
    }
}

#[test]
fn a_release_that_happened_is_not_an_error() {
    let mut pair = Pair::new();
    let handle = pair.files.write("file", b"bytes");
    let file = pair.client.open(&handle, ACCESS_READ, 0).unwrap();
    pair.client.release(file).unwrap();
    for (begun, status) in [(true, 0), (false, libc::EBADF as u32)] {
        let id = pair.client.ask(Message {
            handle_index: file,
            ..message(Op::Release)
        });
        pair.begin_again(id, begun.then_some(STARTED));
        assert_eq!(pair.client.wait_for(id).status, status);
    }
}

#[test]
fn a_map_that_was_answered_names_pages_that_are_lent() {
    let mut pair = Pair::new();
    let bytes = pattern(4096, 3);
    let handle = pair.files.write("file", &bytes);
    let file = pair.client.open(&handle, ACCESS_READ, 0).unwrap();
    let map = Message {
        handle_index: file,
        length: 4096,
        ..message(Op::MapPage)
    };
    let answer = pair.client.call(map);
    // The answer did not reach the client: it claims nothing, and asks again.
    let again = Message {
        request_id: answer.request_id,
        ..map
    };
    pair.begin_again(0, None);
    assert_eq!(pair.client.call(message(Op::Null)).status, 0);
    let epoch = pair.client.channel.peer_epoch();
    pair.client.channel.sender().send(&[again], epoch).unwrap();
    let lent = |pair: &Pair| pair.served.session.figures().lent_grants == 1;
    let start = std::time::Instant::now();
    while !lent(&pair) {
        pair.client.step().unwrap();
        assert!(start.elapsed() < peer::PATIENCE);
    }
}

#[test]
fn who_asks_the_same_process_again_gets_the_same_answer() {
    let mut pair = Pair::new();
    let bytes = pattern(4096, 4);
    let handle = pair.files.write("file", &bytes);
    let file = pair.client.open(&handle, ACCESS_READ, 0).unwrap();
    let buffer = pair.client.buffer(4096);
    let mut read = Message {
        handle_index: file,
        length: 4096,
        ..message(Op::Read)
    };
    read.grants[0] = pair.client.lend(buffer, Access::Write);
    let read = pair.client.requests.begin(read).unwrap();
    let epoch = pair.client.channel.peer_epoch();
    pair.client.channel.sender().send(&[read], epoch).unwrap();
    let start = std::time::Instant::now();
    while pair.served.session.figures().bytes_read == 0 {
        assert!(start.elapsed() < peer::PATIENCE);
        std::thread::yield_now();
    }
    // The client takes the server for dead before it has seen the answer. The grant was released, and can't be claimed twice.
    pair.client.channel.begin_again().unwrap();
    let answer = pair.client.wait_for(read.request_id);
    assert_eq!((answer.status, answer.length), (0, 4096));
    assert_eq!(pair.served.session.figures().repeated, 1);
    assert!(pair.client.bytes(buffer, 4096) == bytes);
}
