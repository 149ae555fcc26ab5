//! A server of the test's own, which answers what the test says, and has the other end of the memory.

use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fsva_agent::client::ConnectOptions;
use fsva_agent::rendezvous::Rendezvous;
use fsva_channel::broken::Broken;
use fsva_channel::channel::{Channel, Event, Incoming};
use fsva_channel::frame::{FrameReader, send_frame};
use fsva_channel::geometry::{Geometry, Owned, Side};
use fsva_channel::message::Message;
use fsva_channel::protocol::Op;
use fsva_channel::region::Region;
use fsva_channel::spin::Spin;
use fsva_channel::wake::EventWake;

pub const GEOMETRY: Geometry = Geometry {
    control_slots: 64,
    hint_slots: 16,
    responses: 16,
    client: Owned {
        grants: 64,
        small_pages: 256,
        large_pages: 0,
    },
    server: Owned {
        grants: 64,
        small_pages: 64,
        large_pages: 0,
    },
};

/// What the server does with a request: it may write anywhere, and sends what it returns.
pub type Behaviour = Box<dyn FnMut(&mut Channel, &Message) -> Vec<Message> + Send>;

pub struct Fake {
    pub directory: tempfile::TempDir,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Fake {
    /// Behaves so towards one client after the other, each with a new region.
    pub fn start(mut behaviour: Behaviour) -> Fake {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(socket_in(directory.path())).unwrap();
        listener.set_nonblocking(true).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((stream, _)) => {
                        stream.set_nonblocking(false).unwrap();
                        // A client that does not like it goes away.
                        let _ = serve(&stream, &mut behaviour, &stopped);
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        std::thread::sleep(Duration::from_millis(2));
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        });
        Fake {
            directory,
            stop,
            thread: Some(thread),
        }
    }

    pub fn options(&self, deadline: Duration) -> ConnectOptions {
        ConnectOptions {
            deadline,
            ..ConnectOptions::new(Rendezvous::Unix(socket_in(self.directory.path())))
        }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the fake server panicked");
        }
    }
}

pub fn socket_in(directory: &Path) -> PathBuf {
    directory.join("socket")
}

fn serve(stream: &UnixStream, behaviour: &mut Behaviour, stop: &AtomicBool) -> io::Result<()> {
    let _hello = FrameReader::default().read(stream.as_fd())?;
    let (region, memory) = Region::create(&GEOMETRY).unwrap();
    let events = EventWake::descriptors()?;
    let sent: [BorrowedFd<'_>; 3] = [memory.as_fd(), events[0].as_fd(), events[1].as_fd()];
    let text = format!(
        r#"{{"ok":true,"region":"memfd","offset":0,"bytes":{},"instance":"{:x}","server":"f","exports":[]}}"#,
        region.map.bytes, region.instance
    );
    send_frame(stream.as_fd(), &text, &sent)?;
    let [theirs, mine] = events;
    let wake = EventWake::new(mine, theirs, stream.try_clone()?.into())?;
    let joined = Channel::join(region, Side::Server, Arc::new(wake), Spin::new(Duration::ZERO));
    let mut channel = joined.map_err(io::Error::other)?;
    let start = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        match round(&mut channel, behaviour, start) {
            Ok(true) => {}
            // What the test has spoilt is spoilt for this side, too.
            Ok(false) | Err(_) => return Ok(()),
        }
    }
    Ok(())
}

fn round(channel: &mut Channel, behaviour: &mut Behaviour, start: Instant) -> Result<bool, Broken> {
    channel.beat();
    if channel.poll(start.elapsed())? == Event::PeerDead {
        return Ok(false);
    }
    while let Some(incoming) = channel.receive()? {
        if let Incoming::Control(request) = incoming {
            let answers = behaviour(channel, &request);
            let _ = channel.sender().send(&answers, channel.peer_epoch());
        }
    }
    channel.wait(Duration::from_millis(5))?;
    Ok(true)
}

pub fn answer_to(request: &Message) -> Message {
    Message {
        op: request.op,
        request_id: request.request_id,
        ..Message::default()
    }
}

/// An honest answer to what a client asks first.
pub fn to_null(request: &Message) -> Option<Message> {
    (request.op == Op::Null as u16).then(|| answer_to(request))
}

/// Numbers that look like any, the same in every run.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Often one that is special.
    pub fn wild(&mut self) -> u64 {
        match self.next() % 6 {
            0 => 0,
            1 => u64::MAX,
            2 => self.next() % 4096,
            3 => u64::from(u32::MAX),
            _ => self.next(),
        }
    }
}
