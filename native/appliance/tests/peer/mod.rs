//! A client as small as can be, and a session over a directory of real files to serve it.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::HashMap;
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use fsva_appliance::session::{End, Session, SessionClient, SessionOptions};
use fsva_channel::broken::Broken;
use fsva_channel::channel::{Channel, Event, Incoming};
use fsva_channel::geometry::{Geometry, Side};
use fsva_channel::grant_word::{Access, Loan};
use fsva_channel::message::{GrantRef, Message};
use fsva_channel::page_pool::PageSize;
use fsva_channel::page_range::PageRange;
use fsva_channel::protocol::{
    ACCESS_READ, ACCESS_WRITE, Notice, NoticeReader, OPEN_REQUEST_BYTES, Op, OpenRequest,
};
use fsva_channel::region::Region;
use fsva_channel::requests::Requests;
use fsva_channel::sender::SendError;
use fsva_channel::spin::Spin;
use fsva_channel::wake::EventWake;
use fsva_core::answer::Answer;
use fsva_core::call::UntrustedHandle;
use fsva_core::caller::{Caller, CallerIdentity, Door, Flavor};
use fsva_core::engine::Engine;
use fsva_core::export_policy::{ExportDefinition, Squash};
use fsva_core::foreign_buffer_unsafe::ForeignBytes;
use fsva_core::name::Name;
use fsva_core::operations::getattr::Getattr;
use fsva_core::operations::lookup::Lookup;
use fsva_core::operations::resolve::Resolve;
use fsva_core::operations::write::{Stable, Write};

/// Only against hanging.
pub const PATIENCE: Duration = Duration::from_secs(120);
pub const GEOMETRY: Geometry = Geometry::USUAL;
pub const ADDRESS: &str = "192.0.2.1";
pub const ALICE: u32 = 1001;
pub const BOB: u32 = 1002;
pub const READ_WRITE: u32 = ACCESS_READ | ACCESS_WRITE;

pub fn is_root() -> bool {
    // SAFETY: touches no memory.
    unsafe { libc::geteuid() == 0 }
}

pub fn definition(path: &Path) -> ExportDefinition {
    ExportDefinition {
        path: path.to_owned(),
        fsid: None,
        read_only: false,
        squash: Squash::None,
        anonuid: 65534,
        anongid: 65534,
        secure: false,
        sync: false,
        side_channel: true,
        mapped_stores: false,
        clients: vec!["*".into()],
    }
}

/// An export of files, and the engine that serves it.
pub struct Files {
    pub engine: Arc<Engine>,
    pub export: PathBuf,
    _directory: Option<tempfile::TempDir>,
}

impl Files {
    pub fn new() -> Files {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let files = Files::in_directory(directory.path(), |_| {});
        Files {
            _directory: Some(directory),
            ..files
        }
    }

    /// The export and the server's state below this directory, made if need be.
    pub fn in_directory(directory: &Path, change: impl FnOnce(&mut ExportDefinition)) -> Files {
        let (export, state) = (directory.join("export"), directory.join("state"));
        fs::create_dir_all(&export).unwrap();
        fs::set_permissions(&export, fs::Permissions::from_mode(0o777)).unwrap();
        let engine = Engine::open(&state).unwrap();
        let files = Files {
            engine,
            export,
            _directory: None,
        };
        files.redefine(change);
        files
    }

    pub fn redefine(&self, change: impl FnOnce(&mut ExportDefinition)) {
        let mut definition = definition(&self.export);
        change(&mut definition);
        self.engine.load_exports(vec![definition]).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.export.join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> Vec<u8> {
        fs::write(self.path(name), bytes).unwrap();
        self.handle(name)
    }

    /// As root, by NFS.
    fn caller(&self) -> Arc<Caller> {
        let id = self.engine.guard.callers.intern(CallerIdentity {
            address: ADDRESS.parse().unwrap(),
            privileged_port: true,
            door: Door::Nfs,
            flavor: Flavor::Sys,
            uid: 0,
            gid: 0,
            gids: Box::default(),
        });
        self.engine.guard.callers.get(id).unwrap()
    }

    pub fn write_by_nfs(&self, handle: &[u8], offset: u64, bytes: &[u8]) {
        let write = Write {
            file: UntrustedHandle::new(handle).unwrap(),
            offset,
            // SAFETY: bytes outlive the operation, which is done when run returns.
            data: unsafe { ForeignBytes::new(bytes.as_ptr(), bytes.len()) },
            stable: Stable::Unstable,
        };
        assert_eq!(self.engine.run(&self.caller(), &write).answer.status, 0);
    }

    pub fn fsid(&self, handle: &[u8]) -> u64 {
        let object = UntrustedHandle::new(handle).unwrap();
        let reply = self.engine.run(&self.caller(), &Getattr { object });
        reply.answer.object.fsid
    }

    pub fn handle(&self, name: &str) -> Vec<u8> {
        let caller = self.caller();
        let root = Resolve {
            export_path: self.export.clone(),
            path: Vec::new(),
        };
        let root = self.engine.run(&caller, &root);
        assert_eq!(root.answer.status, 0);
        let lookup = Lookup {
            directory: UntrustedHandle::new(&handle_of(&root.answer)).unwrap(),
            name: Name::new(name.as_bytes()).unwrap(),
        };
        let found = self.engine.run(&caller, &lookup);
        assert_eq!(found.answer.status, 0, "{name}");
        handle_of(&found.answer)
    }
}

pub fn handle_of(answer: &Answer) -> Vec<u8> {
    answer.handle[..answer.handle_length as usize].to_vec()
}

/// What both ends of a channel need.
pub struct Wires {
    pub region: Region,
    pub memory: OwnedFd,
    pub events: [OwnedFd; 2],
}

impl Wires {
    pub fn new(geometry: &Geometry) -> Wires {
        let (region, memory) = Region::create(geometry).unwrap();
        let events = EventWake::descriptors().unwrap();
        Wires {
            region,
            memory,
            events,
        }
    }

    pub fn wake(&self, side: Side, socket: &UnixStream) -> Arc<EventWake> {
        let [mine, theirs] = match side {
            Side::Client => [0, 1],
            Side::Server => [1, 0],
        }
        .map(|event: usize| self.events[event].try_clone().unwrap());
        Arc::new(EventWake::new(mine, theirs, socket.try_clone().unwrap().into()).unwrap())
    }

    pub fn client(&self, socket: &UnixStream) -> Client {
        let wake = self.wake(Side::Client, socket);
        let channel = Channel::join(self.region.clone(), Side::Client, wake, Spin::default()).unwrap();
        Client::new(channel)
    }

    pub fn session(&self, engine: &Arc<Engine>, socket: &UnixStream) -> Served {
        self.try_session(engine, socket).unwrap()
    }

    pub fn try_session(&self, engine: &Arc<Engine>, socket: &UnixStream) -> Result<Served, Broken> {
        let (ended, end) = mpsc::channel();
        let session = Session::start(SessionOptions {
            engine: engine.clone(),
            region: self.region.clone(),
            wake: self.wake(Side::Server, socket),
            client: SessionClient {
                address: ADDRESS.parse().unwrap(),
                privileged_port: false,
            },
            spin_max: Duration::from_micros(50),
            on_end: Box::new(move |end| {
                let _ = ended.send(end);
            }),
        })?;
        Ok(Served { session, end })
    }
}

pub struct Served {
    pub session: Arc<Session>,
    pub end: mpsc::Receiver<End>,
}

impl Served {
    pub fn ended(&self) -> End {
        self.end.recv_timeout(PATIENCE).unwrap()
    }
}

/// Files, a session and its client in one process.
pub struct Pair {
    pub files: Files,
    pub wires: Wires,
    pub sockets: (UnixStream, UnixStream),
    pub served: Served,
    pub client: Client,
}

impl Pair {
    pub fn new() -> Pair {
        Pair::over(Files::new())
    }

    pub fn over(files: Files) -> Pair {
        Pair::with(files, &GEOMETRY)
    }

    pub fn with(files: Files, geometry: &Geometry) -> Pair {
        let wires = Wires::new(geometry);
        let sockets = UnixStream::pair().unwrap();
        let served = wires.session(&files.engine, &sockets.1);
        let client = wires.client(&sockets.0);
        Pair {
            files,
            wires,
            sockets,
            served,
            client,
        }
    }
}

/// Memory of the client's, to be lent again and again.
#[derive(Clone, Copy)]
pub struct Buffer {
    pub pages: PageRange,
    pub bytes: u32,
}

pub struct Client {
    pub channel: Channel,
    pub requests: Requests,
    pub answers: HashMap<u64, Message>,
    /// INVALIDATE PAGEs that came and were not answered yet.
    pub invalidations: Vec<Message>,
    pub notices: Vec<Notice>,
    reader: NoticeReader,
    unsent: Vec<Message>,
    started: Instant,
}

impl Client {
    pub fn new(channel: Channel) -> Client {
        Client {
            requests: Requests::new(channel.region.map.geometry.responses),
            channel,
            answers: HashMap::new(),
            invalidations: Vec::new(),
            notices: Vec::new(),
            reader: NoticeReader::default(),
            unsent: Vec::new(),
            started: Instant::now(),
        }
    }

    pub fn ask(&mut self, request: Message) -> u64 {
        let request = self.requests.begin(request).unwrap();
        self.unsent.push(request);
        request.request_id
    }

    pub fn step(&mut self) -> Result<Event, Broken> {
        self.channel.beat();
        let event = self.channel.poll(self.started.elapsed())?;
        if matches!(event, Event::Connected { .. }) {
            self.unsent = self.requests.unanswered();
        }
        if event == Event::PeerDead {
            self.channel.begin_again()?;
        }
        match self
            .channel
            .sender()
            .send(&self.unsent, self.channel.peer_epoch())
        {
            Ok(sent) => drop(self.unsent.drain(..sent)),
            Err(SendError::NotConnected) => {}
            Err(SendError::Broken(_)) if !self.channel.is_connected() => {}
            Err(SendError::Broken(broken)) => return Err(broken),
        }
        let mut came = 0;
        while let Some(incoming) = self.channel.receive()? {
            came += 1;
            match incoming {
                Incoming::Control(request) if request.op == Op::InvalidatePage as u16 => {
                    self.invalidations.push(request);
                }
                Incoming::Control(answer) => {
                    if self.requests.answered(&answer).is_some() {
                        self.answers.insert(answer.request_id, answer);
                    }
                }
                Incoming::Hint(hint) => self.notices.extend(self.reader.hint(&hint)),
                Incoming::Gap(_) => self.notices.push(self.reader.gap()),
            }
        }
        if came == 0 {
            match self.channel.wait(Duration::from_millis(20)) {
                // The server's process ended: another will come.
                Err(Broken::WakeLost) | Ok(()) => {}
                Err(broken) => return Err(broken),
            }
        }
        Ok(event)
    }

    pub fn until(&mut self, what: &str, done: impl Fn(&Client) -> bool) {
        let start = Instant::now();
        while !done(self) {
            self.step().unwrap();
            assert!(start.elapsed() < PATIENCE, "waited for {what}");
        }
    }

    pub fn wait_for(&mut self, id: u64) -> Message {
        self.until("an answer", |client| client.answers.contains_key(&id));
        self.answers.remove(&id).unwrap()
    }

    pub fn call(&mut self, request: Message) -> Message {
        let id = self.ask(request);
        self.wait_for(id)
    }

    pub fn buffer(&mut self, bytes: u32) -> Buffer {
        let size = if bytes > 1 << 20 {
            PageSize::Large
        } else {
            PageSize::Small
        };
        let unit = if size == PageSize::Large { 2 << 20 } else { 4096 };
        let pages = self.channel.pool.allocate(size, bytes.div_ceil(unit)).unwrap();
        Buffer { pages, bytes }
    }

    pub fn fill(&mut self, buffer: Buffer, bytes: &[u8]) {
        self.channel.region.memory.copy_in(buffer.pages.start(), bytes);
    }

    pub fn bytes(&self, buffer: Buffer, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.channel
            .region
            .memory
            .copy_out(buffer.pages.start(), &mut bytes);
        bytes
    }

    pub fn lend(&mut self, buffer: Buffer, access: Access) -> GrantRef {
        let pages = PageRange::of_bytes(buffer.pages.first(), buffer.bytes).unwrap();
        let pages = if buffer.bytes > 1 << 20 {
            buffer.pages
        } else {
            pages
        };
        let loan = Loan {
            pages,
            bytes: buffer.bytes,
            access,
            cookie: 0,
        };
        self.channel.lender.lend(loan).unwrap()
    }

    pub fn end(&mut self, reference: GrantRef) {
        let _ = self.channel.lender.end(reference).unwrap();
    }

    /// With these buffers lent for as long as it takes.
    pub fn call_with(&mut self, request: Message, buffers: &[Buffer], access: Access) -> Message {
        let mut request = request;
        for (grant, buffer) in request.grants.iter_mut().zip(buffers) {
            *grant = self.lend(*buffer, access);
        }
        let answer = self.call(request);
        for grant in &request.grants[..buffers.len()] {
            self.end(*grant);
        }
        answer
    }

    pub fn open(&mut self, handle: &[u8], access: u32, uid: u32) -> Result<u32, i32> {
        let request = OpenRequest {
            handle: handle.to_vec(),
            access,
            uid,
            gid: uid,
            gids: Vec::new(),
        };
        let buffer = self.buffer(OPEN_REQUEST_BYTES as u32);
        self.fill(buffer, &request.encode().unwrap());
        let answer = self.call_with(message(Op::Open), &[buffer], Access::Write);
        self.channel.pool.free(buffer.pages).unwrap();
        result(&answer).map(|answer| answer.handle_index)
    }

    pub fn release(&mut self, handle_index: u32) -> Result<(), i32> {
        let answer = self.call(Message {
            handle_index,
            ..message(Op::Release)
        });
        result(&answer).map(drop)
    }

    pub fn read(&mut self, handle_index: u32, offset: u64, buffers: &[Buffer]) -> Message {
        let length = buffers.iter().map(|buffer| buffer.bytes).sum();
        let request = Message {
            handle_index,
            offset,
            length,
            ..message(Op::Read)
        };
        self.call_with(request, buffers, Access::Write)
    }

    pub fn write(&mut self, handle_index: u32, offset: u64, stable: u16, buffers: &[Buffer]) -> Message {
        let length = buffers.iter().map(|buffer| buffer.bytes).sum();
        let request = Message {
            handle_index,
            offset,
            length,
            flags: stable,
            ..message(Op::Write)
        };
        self.call_with(request, buffers, Access::Read)
    }
}

pub fn message(op: Op) -> Message {
    Message {
        op: op as u16,
        ..Message::default()
    }
}

pub fn result(answer: &Message) -> Result<&Message, i32> {
    match answer.status {
        0 => Ok(answer),
        status => Err(status as i32),
    }
}

/// Bytes that differ from place to place.
pub fn pattern(length: usize, seed: u8) -> Vec<u8> {
    (0..length)
        .map(|at| (at as u32).wrapping_mul(2_654_435_761).to_le_bytes()[3] ^ seed)
        .collect()
}
