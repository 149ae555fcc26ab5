//! Programs that break the rules, stop, or die: they harm nobody but themselves.

mod double;

use std::fs::{self, File as StdFile};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use double::{Double, eventually, pattern};
use fsva::connection::Connection;
use fsva::file::File;
use fsva_agent::local::frames::{ANSWER_BYTES, Answer, HELLO_BYTES, Hello, LocalOp, REQUEST_BYTES, Request};
use fsva_agent::local::listener::Limits;
use fsva_agent::local::packets_unsafe::PacketSocket;
use fsva_channel::memfd_unsafe::{Backing, backing};
use proptest::prelude::*;

/// A program that speaks the frames itself.
struct Raw {
    socket: PacketSocket,
    hello: Hello,
    memory: Option<OwnedFd>,
}

fn raw(double: &Double) -> Raw {
    let socket = PacketSocket::connect(&double.socket(), Duration::ZERO).unwrap();
    let mut bytes = [0; HELLO_BYTES];
    let packet = socket.receive(&mut bytes).unwrap().unwrap();
    Raw {
        socket,
        hello: Hello::decode(&bytes),
        memory: packet.descriptor,
    }
}

impl Raw {
    /// None: the agent has ended the connection.
    fn answer(&self) -> Option<Answer> {
        let mut bytes = [0; ANSWER_BYTES];
        let packet = self.socket.receive(&mut bytes).ok()??;
        assert_eq!(packet.bytes, ANSWER_BYTES);
        Some(Answer::decode(&bytes))
    }

    fn call(&self, request: Request, descriptor: Option<&StdFile>) -> Option<Answer> {
        let descriptor = descriptor.map(AsFd::as_fd);
        self.socket.send(&request.encode(), descriptor).ok()?;
        self.answer()
    }

    fn open(&self, file: &StdFile) -> u32 {
        let answer = self.call(request(LocalOp::Open), Some(file)).unwrap();
        assert_eq!(answer.status, 0);
        answer.file
    }
}

fn request(op: LocalOp) -> Request {
    Request {
        op: op as u16,
        flags: 0,
        file: 0,
        id: 7,
        offset: 0,
        length: 0,
        place: 0,
    }
}

fn served(double: &Double) {
    let path = double.path("bystander");
    let bytes = pattern(100_000, 3);
    fs::write(&path, &bytes).unwrap();
    let connection = Arc::new(Connection::connect(&double.socket()).unwrap());
    let file = File::open(Some(connection), StdFile::open(&path).unwrap().as_fd(), false).unwrap();
    let mut read = vec![0; bytes.len()];
    assert_eq!(file.read_at(&mut read, 0).unwrap(), bytes.len());
    assert_eq!(read, bytes);
}

#[test]
fn numbers_out_of_bounds_are_refused_and_nothing_else_happens() {
    let double = Double::start();
    fs::write(double.path("file"), pattern(5000, 1)).unwrap();
    let file = StdFile::options()
        .read(true)
        .write(true)
        .open(double.path("file"))
        .unwrap();
    let raw = raw(&double);
    let number = raw.open(&file);
    let memory = raw.hello.memory_bytes;
    for op in [LocalOp::Read, LocalOp::Write] {
        let good = Request {
            file: number,
            length: 10,
            ..request(op)
        };
        let wild = [
            Request {
                place: memory - 9,
                ..good
            },
            Request {
                place: u32::MAX,
                ..good
            },
            Request {
                length: u32::MAX,
                ..good
            },
            Request {
                length: raw.hello.transfer_bytes + 1,
                ..good
            },
            Request {
                offset: u64::MAX,
                ..good
            },
            Request {
                offset: i64::MAX as u64 - 9,
                ..good
            },
            Request {
                file: number + 1,
                ..good
            },
            Request { file: 0, ..good },
        ];
        for request in wild {
            let answer = raw.call(request, None).expect("the connection goes on");
            assert!(
                [libc::EINVAL, libc::EBADF].contains(&answer.status.cast_signed()),
                "{request:?}"
            );
            assert_eq!((answer.length, answer.id), (0, 7));
        }
        // Control: the same in bounds is done, at the very end of the memory, too.
        let last = Request {
            place: memory - 10,
            ..good
        };
        assert_eq!(raw.call(last, None).unwrap().length, 10);
    }
    served(&double);
}

#[test]
fn who_breaks_the_frames_loses_the_connection() {
    let double = Double::start();
    let file = StdFile::open("/proc/self/status").unwrap();
    let whole = request(LocalOp::Getattr).encode();
    let unknown = Request {
        op: 99,
        ..request(LocalOp::Open)
    }
    .encode();
    let with_file = Some(&file);
    for (bytes, descriptor) in [
        (&whole[..31], None),
        (&[whole, whole].concat()[..], None),
        (&unknown[..], None),
        (&whole[..], with_file),
        (b"x", with_file),
        (b"GET / HTTP/1.1\r\n\r\n", None),
    ] {
        let raw = raw(&double);
        raw.socket.send(bytes, descriptor.map(AsFd::as_fd)).unwrap();
        assert_eq!(raw.answer().map(|answer| answer.status), None, "{bytes:?}");
    }
    eventually(|| double.agent.as_ref().unwrap().figures().open == 0);
    served(&double);
}

#[test]
fn the_memory_cannot_be_taken_from_under_the_agent() {
    let double = Double::start();
    fs::write(double.path("file"), pattern(5000, 1)).unwrap();
    let raw = raw(&double);
    let memory = raw.memory.as_ref().unwrap();
    assert_eq!(
        backing(memory.as_fd()).unwrap(),
        Backing::Sealed(raw.hello.memory_bytes.into())
    );
    let memory = StdFile::from(memory.try_clone().unwrap());
    assert!(memory.set_len(0).is_err());
    assert!(memory.set_len(1 << 40).is_err());
    // Control: one that is not sealed shrinks.
    let other = StdFile::options()
        .read(true)
        .write(true)
        .open(double.path("file"))
        .unwrap();
    other.set_len(4000).unwrap();
    let file = raw.open(&StdFile::open(double.path("file")).unwrap());
    let read = Request {
        file,
        length: 5000,
        ..request(LocalOp::Read)
    };
    assert_eq!(raw.call(read, None).unwrap().length, 4000);
}

#[test]
fn a_program_sees_only_what_it_asked_for() {
    let double = Double::start();
    fs::write(double.path("secret"), [0xaa; 1 << 20]).unwrap();
    fs::write(double.path("small"), [0x55; 10]).unwrap();
    let (owner, other) = (raw(&double), raw(&double));
    let secret = owner.open(&StdFile::open(double.path("secret")).unwrap());
    let read = |file| Request {
        file,
        length: 1 << 20,
        ..request(LocalOp::Read)
    };
    assert_eq!(owner.call(read(secret), None).unwrap().length, 1 << 20);
    // The number is another's.
    assert_eq!(
        other.call(read(secret), None).unwrap().status.cast_signed(),
        libc::EBADF
    );
    let small = other.open(&StdFile::open(double.path("small")).unwrap());
    assert_eq!(other.call(read(small), None).unwrap().length, 10);
    let seen = |raw: &Raw| {
        use std::os::unix::fs::FileExt;
        let mut bytes = vec![0; raw.hello.memory_bytes as usize];
        let memory = StdFile::from(raw.memory.as_ref().unwrap().try_clone().unwrap());
        memory.read_exact_at(&mut bytes, 0).unwrap();
        bytes.iter().filter(|byte| **byte == 0xaa).count()
    };
    assert_eq!(seen(&other), 0);
    // Control: its owner sees it there.
    assert_eq!(seen(&owner), 1 << 20);
}

#[test]
fn whoever_waits_or_stops_keeps_nobody_waiting() {
    let double = Double::start();
    fs::write(double.path("file"), pattern(5000, 1)).unwrap();
    let kernel = StdFile::open(double.path("file")).unwrap();
    // One whose request hangs in the server, one that never takes its answers, one that says nothing.
    let (hanging, deaf, silent) = (raw(&double), raw(&double), raw(&double));
    let file = hanging.open(&kernel);
    double.conduct.close_gate();
    let read = Request {
        file,
        length: 10,
        ..request(LocalOp::Read)
    };
    hanging.socket.send(&read.encode(), None).unwrap();
    eventually(|| double.conduct.waiting.load(Ordering::SeqCst) == 1);
    let number = deaf.open(&kernel);
    let getattr = Request {
        file: number,
        ..request(LocalOp::Getattr)
    }
    .encode();
    let stuffed = std::thread::spawn(move || {
        // Until the agent waits for us, and then we for it.
        while deaf.socket.send(&getattr, None).is_ok() {}
    });
    let bystander = raw(&double);
    let number = bystander.open(&kernel);
    let getattr = Request {
        file: number,
        ..request(LocalOp::Getattr)
    };
    assert_eq!(bystander.call(getattr, None).unwrap().status, 0);
    // It dies with its request under way.
    drop(hanging);
    double.conduct.open_gate();
    eventually(|| double.conduct.open.load(Ordering::SeqCst) == 2);
    served(&double);
    drop(silent);
    let Double { agent, .. } = double;
    drop(agent);
    // The agent's end reached it, although neither was reading.
    stuffed.join().unwrap();
}

#[test]
fn a_user_has_only_so_many_connections() {
    let limits = Limits {
        connections_per_user: 3,
        ..Limits::default()
    };
    let double = Double::with("/", limits);
    let mut held: Vec<Raw> = (0..3).map(|_| raw(&double)).collect();
    assert!(held.iter().all(|one| one.hello.status == 0));
    let refused = raw(&double);
    assert_eq!(refused.hello.status.cast_signed(), libc::EUSERS);
    assert!(refused.memory.is_none());
    let error = Connection::connect(&double.socket()).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EUSERS));
    assert_eq!(double.agent.as_ref().unwrap().figures().refused, 2);
    held.pop();
    eventually(|| double.agent.as_ref().unwrap().figures().open == 2);
    served(&double);
}

#[test]
fn descriptors_do_not_pile_up() {
    let double = Double::start();
    fs::write(double.path("file"), b"x").unwrap();
    let kernel = StdFile::open(double.path("file")).unwrap();
    let of_file = || {
        let path = double.path("file");
        fs::read_dir("/proc/self/fd")
            .unwrap()
            .filter(|entry| fs::read_link(entry.as_ref().unwrap().path()).is_ok_and(|link| link == path))
            .count()
    };
    assert_eq!(of_file(), 1);
    let one = raw(&double);
    for _ in 0..50 {
        let file = one.open(&kernel);
        assert_eq!(of_file(), 2, "the double keeps its own, the agent nothing");
        let close = Request {
            file,
            ..request(LocalOp::Close)
        };
        assert_eq!(one.call(close, None).unwrap().status, 0);
        assert_eq!(one.call(close, None).unwrap().status.cast_signed(), libc::EBADF);
    }
    for _ in 0..20 {
        one.open(&kernel);
    }
    drop(one);
    eventually(|| double.conduct.open.load(Ordering::SeqCst) == 0);
    assert_eq!(of_file(), 1);
    assert!(kernel.as_raw_fd() >= 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Frames of any bytes, with a descriptor or without.
    #[test]
    fn any_frames_are_survived(
        frames in prop::collection::vec((
            prop::array::uniform32(any::<u8>()), prop::option::of(1..8u16), prop::option::of(0..4u32), any::<bool>(),
        ), 1..20),
        cut in prop::option::of(0..40usize),
    ) {
        let double = Double::start();
        fs::write(double.path("file"), pattern(5000, 1)).unwrap();
        let kernel = StdFile::open(double.path("file")).unwrap();
        let raw = raw(&double);
        raw.open(&kernel);
        for (mut bytes, op, file, with_descriptor) in frames {
            if let Some(op) = op {
                bytes[..2].copy_from_slice(&op.to_le_bytes());
            }
            if let Some(file) = file {
                bytes[4..8].copy_from_slice(&file.to_le_bytes());
            }
            let descriptor = with_descriptor.then_some(&kernel);
            if raw.call(Request::decode(&bytes), descriptor).is_none() {
                break;
            }
        }
        if let Some(cut) = cut {
            let _ = raw.socket.send(&vec![1; cut.max(1)], None);
        }
        const { assert!(REQUEST_BYTES == 32) };
        served(&double);
        prop_assert_eq!(fs::read(double.path("file")).unwrap(), pattern(5000, 1));
        drop(raw);
        eventually(|| double.conduct.open.load(Ordering::SeqCst) == 0);
    }
}
