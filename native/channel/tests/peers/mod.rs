//! A server that executes requests whose repetition would show, and a client that sends again what is unanswered.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fsva_channel::broken::Broken;
use fsva_channel::channel::{Channel, Event, Incoming};
use fsva_channel::descriptors_unsafe::{receive_descriptors, send_descriptors};
use fsva_channel::geometry::{Geometry, Owned, Side};
use fsva_channel::message::Message;
use fsva_channel::region::Region;
use fsva_channel::requests::Requests;
use fsva_channel::response_cache::Admission;
use fsva_channel::sender::SendError;
use fsva_channel::spin::Spin;
use fsva_channel::wake::EventWake;

pub const GEOMETRY: Geometry = Geometry {
    control_slots: 32,
    hint_slots: 16,
    responses: 16,
    client: Owned {
        grants: 32,
        small_pages: 64,
        large_pages: 0,
    },
    server: Owned {
        grants: 32,
        small_pages: 64,
        large_pages: 0,
    },
};

/// A round waits for so long if there is nothing to do.
const IDLE: Duration = Duration::from_millis(20);
/// More cannot come in one round, unless somebody writes meanwhile: two full rings, and a gap for each hint.
const INCOMING_MAX: usize = 32 + 2 * 16 + 1;

pub const NULL: u16 = 0;
/// Appends the request's offset to the log: done twice, it is there twice.
pub const APPEND: u16 = 1000;
/// Sums the bytes of the first grant.
pub const SUM: u16 = 1001;

/// Where a server kills itself if a request's flags say so, and its own settings allow it.
pub const DIE_BEFORE: u16 = 1;
pub const DIE_AFTER_EFFECT: u16 = 2;
pub const DIE_BEFORE_ANSWER: u16 = 3;
pub const DIE_AFTER_CLAIM: u16 = 4;

/// What both ends of a channel need, to be sent to a child.
pub struct Wires {
    pub region: Region,
    pub memory: OwnedFd,
    pub events: [OwnedFd; 2],
}

impl Wires {
    pub fn new() -> Wires {
        let (region, memory) = Region::create(&GEOMETRY).unwrap();
        let events = EventWake::descriptors().unwrap();
        Wires {
            region,
            memory,
            events,
        }
    }

    /// Our end, whose peer lives at the other end of the socket.
    pub fn join(&self, side: Side, socket: &UnixStream) -> Channel {
        self.try_join(side, socket).unwrap()
    }

    pub fn try_join(&self, side: Side, socket: &UnixStream) -> Result<Channel, Broken> {
        let [mine, theirs] = events_of(side).map(|event| self.events[event].try_clone().unwrap());
        let wake = EventWake::new(mine, theirs, socket.try_clone().unwrap().into()).unwrap();
        Channel::join(self.region.clone(), side, Arc::new(wake), Spin::default())
    }

    /// To the end that will be `side`.
    pub fn send(&self, socket: &UnixStream, side: Side) {
        let [mine, theirs] = events_of(side).map(|event| self.events[event].as_fd());
        let descriptors = [self.memory.as_fd(), mine, theirs];
        send_descriptors(socket, &descriptors).unwrap();
    }
}

/// Which it sleeps on, and which it wakes the other by.
fn events_of(side: Side) -> [usize; 2] {
    match side {
        Side::Client => [0, 1],
        Side::Server => [1, 0],
    }
}

/// The other end, in a child whose socket this is.
pub fn join_over(socket: UnixStream, side: Side) -> Channel {
    let [memory, mine, theirs] = receive_descriptors::<3>(&socket).unwrap();
    let bytes = File::from(memory.try_clone().unwrap()).metadata().unwrap().len();
    let region = Region::attach(memory.as_fd(), 0, bytes as usize).unwrap();
    let wake = EventWake::new(mine, theirs, socket.into()).unwrap();
    Channel::join(region, side, Arc::new(wake), Spin::default()).unwrap()
}

/// Monotonic, with jumps that a test makes.
pub struct Clock {
    start: Instant,
    pub ahead: Duration,
}

impl Clock {
    pub fn new() -> Clock {
        Clock {
            start: Instant::now(),
            ahead: Duration::ZERO,
        }
    }

    pub fn now(&self) -> Duration {
        self.start.elapsed() + self.ahead
    }
}

pub struct Server {
    pub channel: Channel,
    pub clock: Clock,
    pub idle: Duration,
    /// Nobody writes while this end works, so that what comes is bounded.
    pub alone: bool,
    log: PathBuf,
    mode: Mode,
}

/// How a server behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    Plain,
    /// It kills itself where requests say so.
    Dying,
    /// It does not look whether it has executed a request before.
    Forgetful,
}

impl Server {
    pub fn new(channel: Channel, log: &Path, mode: Mode) -> Server {
        Server {
            channel,
            clock: Clock::new(),
            idle: IDLE,
            alone: false,
            log: log.to_owned(),
            mode,
        }
    }

    /// One round; waits a little if there is nothing.
    pub fn step(&mut self) -> Result<Event, Broken> {
        self.channel.beat();
        let event = self.channel.poll(self.clock.now())?;
        let mut came = 0;
        while let Some(incoming) = self.channel.receive()? {
            came += 1;
            assert!(!self.alone || came <= INCOMING_MAX, "unbounded work");
            if let Incoming::Control(request) = incoming {
                self.serve(request)?;
            }
        }
        if came == 0 {
            self.channel.wait(self.idle)?;
        }
        Ok(event)
    }

    fn serve(&mut self, request: Message) -> Result<(), Broken> {
        let peer_epoch = self.channel.peer_epoch();
        let cache = self.channel.responses.as_mut().expect("a client is there");
        let answer = match cache.admit(request.request_id)? {
            Admission::Answer(answer) if self.mode != Mode::Forgetful => answer,
            Admission::Running | Admission::Old => return Ok(()),
            Admission::InDoubt if self.mode != Mode::Forgetful => self.execute(&request, true),
            _ => self.execute(&request, false),
        };
        match self.channel.sender().send(&[answer], peer_epoch) {
            Ok(_) | Err(SendError::NotConnected) => Ok(()),
            Err(SendError::Broken(broken)) => Err(broken),
        }
    }

    fn execute(&mut self, request: &Message, in_doubt: bool) -> Message {
        self.die_if(request, DIE_BEFORE);
        let mut answer = Message {
            op: request.op,
            request_id: request.request_id,
            ..Message::default()
        };
        match request.op {
            NULL => {}
            APPEND => {
                if !(in_doubt && logged(&self.log).contains(&request.offset)) {
                    let mut log = OpenOptions::new()
                        .append(true)
                        .create(true)
                        .open(&self.log)
                        .unwrap();
                    log.write_all(&request.offset.to_le_bytes()).unwrap();
                }
            }
            SUM => {
                let Ok(claim) = self.channel.borrower.claim(request.grants[0]) else {
                    answer.status = libc::ESTALE as u32;
                    return answer;
                };
                self.die_if(request, DIE_AFTER_CLAIM);
                let mut bytes = vec![0; claim.loan().bytes as usize];
                self.channel
                    .region
                    .memory
                    .copy_out(claim.loan().pages.start(), &mut bytes);
                answer.offset = bytes.iter().map(|byte| u64::from(*byte)).sum();
                self.channel.borrower.release(claim);
            }
            _ => answer.status = libc::ENOSYS as u32,
        }
        self.die_if(request, DIE_AFTER_EFFECT);
        let cache = self.channel.responses.as_mut().expect("a client is there");
        cache.complete(&answer);
        self.die_if(request, DIE_BEFORE_ANSWER);
        answer
    }

    fn die_if(&self, request: &Message, when: u16) {
        if self.mode == Mode::Dying && request.flags == when {
            // SAFETY: kills this process, which the test waits for.
            unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
        }
    }
}

pub fn logged(log: &Path) -> Vec<u64> {
    let mut bytes = Vec::new();
    if let Ok(mut file) = File::open(log) {
        file.read_to_end(&mut bytes).unwrap();
    }
    bytes
        .as_chunks::<8>()
        .0
        .iter()
        .map(|word| u64::from_le_bytes(*word))
        .collect()
}

pub struct Client {
    pub channel: Channel,
    pub clock: Clock,
    pub requests: Requests,
    pub answers: HashMap<u64, Message>,
    pub idle: Duration,
    /// Nobody writes while this end works, so that what comes is bounded.
    pub alone: bool,
    unsent: Vec<Message>,
}

impl Client {
    pub fn new(channel: Channel) -> Client {
        Client {
            channel,
            clock: Clock::new(),
            requests: Requests::new(GEOMETRY.responses),
            answers: HashMap::new(),
            idle: IDLE,
            alone: false,
            unsent: Vec::new(),
        }
    }

    /// False: the window is full.
    pub fn ask(&mut self, request: Message) -> Option<u64> {
        let request = self.requests.begin(request).ok()?;
        self.unsent.push(request);
        Some(request.request_id)
    }

    pub fn step(&mut self) -> Result<Event, Broken> {
        self.channel.beat();
        let event = self.channel.poll(self.clock.now())?;
        if matches!(event, Event::Connected { .. }) {
            self.unsent = self.requests.unanswered();
        }
        let epoch = self.channel.peer_epoch();
        match self.channel.sender().send(&self.unsent, epoch) {
            Ok(sent) => drop(self.unsent.drain(..sent)),
            Err(SendError::NotConnected) => {}
            Err(SendError::Broken(_)) if !self.channel.is_connected() => {}
            Err(SendError::Broken(broken)) => return Err(broken),
        }
        let mut came = 0;
        while let Some(incoming) = self.channel.receive()? {
            came += 1;
            assert!(!self.alone || came <= INCOMING_MAX, "unbounded work");
            if let Incoming::Control(answer) = incoming
                && self.requests.answered(&answer).is_some()
            {
                self.answers.insert(answer.request_id, answer);
            }
        }
        if came == 0 {
            self.channel.wait(self.idle).or_else(|broken| {
                // The peer's process ended: another will come.
                if broken == Broken::WakeLost {
                    Ok(())
                } else {
                    Err(broken)
                }
            })?;
        }
        Ok(event)
    }
}
