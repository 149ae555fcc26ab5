//! An export with clients that listen, for the tests of coherence.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::time::Duration;

use fsva_appliance::change_sink::ChangeSink;
use fsva_appliance::coherence::{Attachment, Coherence, Options};
use fsva_channel::protocol::ChangeNotice;
use fsva_core::call::Output;
use fsva_core::caller::{CallerId, CallerIdentity, Door, Flavor};
use fsva_core::engine::{Engine, Operation, Reply, Started};
use fsva_core::errno::{Errno, Result};
use fsva_core::operations::getattr::Getattr;
use fsva_core::operations::lookup::Lookup;
use fsva_core::operations::resolve::Resolve;

use crate::served::{definition, handle, handle_of, name};

/// Of everything that is waited for.
const DEADLINE: Duration = Duration::from_secs(60);

#[derive(Default)]
pub struct Heard {
    pub notices: Vec<ChangeNotice>,
    pub resyncs: usize,
}

/// A sink that remembers.
#[derive(Default)]
pub struct Recorder {
    heard: Mutex<Heard>,
    news: Condvar,
}

impl ChangeSink for Recorder {
    fn changed(&self, notice: &ChangeNotice) {
        self.heard.lock().unwrap().notices.push(notice.clone());
        self.news.notify_all();
    }

    fn resync(&self) {
        self.heard.lock().unwrap().resyncs += 1;
        self.news.notify_all();
    }
}

impl Recorder {
    pub fn wait_until(&self, what: &str, condition: impl Fn(&Heard) -> bool) {
        let heard = self.heard.lock().unwrap();
        let waiting = |heard: &mut Heard| !condition(heard);
        let (heard, timeout) = self.news.wait_timeout_while(heard, DEADLINE, waiting).unwrap();
        assert!(!timeout.timed_out(), "{what}: not told, but {:?}", heard.notices);
    }

    /// Until it was told that this, at least, changed of the object.
    pub fn wait_for(&self, wire: &[u8], what: u16) {
        self.wait_until(&format!("{what} of {wire:?}"), |heard| {
            heard.told_of(wire) & what == what
        });
    }

    pub fn resyncs(&self) -> usize {
        self.heard.lock().unwrap().resyncs
    }

    pub fn wait_for_resync(&self, more_than: usize) {
        self.wait_until("resync", |heard| heard.resyncs > more_than);
    }

    /// What it was told of the object since the last `clear`.
    pub fn told_of(&self, wire: &[u8]) -> u16 {
        self.heard.lock().unwrap().told_of(wire)
    }

    pub fn handles(&self) -> Vec<Vec<u8>> {
        let heard = self.heard.lock().unwrap();
        heard.notices.iter().map(|notice| notice.handle.clone()).collect()
    }

    pub fn clear(&self) {
        self.heard.lock().unwrap().notices.clear();
    }

    pub fn first(&self, wire: &[u8]) -> Option<ChangeNotice> {
        let heard = self.heard.lock().unwrap();
        heard.notices.iter().find(|notice| notice.handle == wire).cloned()
    }
}

impl Heard {
    pub fn told_of(&self, wire: &[u8]) -> u16 {
        let of_it = self.notices.iter().filter(|notice| notice.handle == wire);
        of_it.fold(0, |what, notice| what | notice.what)
    }
}

/// A client of the server: its address, and what its sessions hear.
pub struct Client {
    pub engine: Arc<Engine>,
    pub address: IpAddr,
    pub door: Door,
    pub recorder: Arc<Recorder>,
    attachment: Option<Attachment>,
}

impl Client {
    /// One that is told nothing, until it is attached.
    pub fn new(engine: &Arc<Engine>, address: &str) -> Client {
        Client {
            engine: engine.clone(),
            address: address.parse().unwrap(),
            door: Door::Nfs,
            recorder: Arc::default(),
            attachment: None,
        }
    }

    pub fn attached(engine: &Arc<Engine>, coherence: &Arc<Coherence>, address: &str) -> Client {
        let mut client = Client::new(engine, address);
        client.attach(coherence);
        client
    }

    pub fn attach(&mut self, coherence: &Arc<Coherence>) {
        self.attachment = Some(coherence.attach(self.address, self.recorder.clone()));
    }

    pub fn detach(&mut self) {
        self.attachment = None;
    }

    fn id(&self) -> CallerId {
        self.engine.guard.callers.intern(CallerIdentity {
            address: self.address,
            privileged_port: false,
            door: self.door,
            flavor: Flavor::Sys,
            uid: 0,
            gid: 0,
            gids: Box::default(),
        })
    }

    /// As the event loop does it: changes are made by threads of the export's pool. This thread is any thread of the machine.
    pub fn run(&self, operation: impl Operation) -> Result<Reply> {
        let mut reply = Box::<Reply>::default();
        let mut output = Output {
            answer: &mut reply.answer,
            bytes: &mut reply.bytes,
        };
        let (sender, receiver) = mpsc::channel();
        let finish = move |reply| sender.send(reply).unwrap();
        if self.engine.start(self.id(), operation, &mut output, finish) == Started::Pending {
            reply = receiver.recv_timeout(DEADLINE).unwrap();
        }
        as_result(*reply)
    }

    /// As a thread of the pool does it, which this one is from now on.
    pub fn run_here(&self, operation: impl Operation) -> Result<Reply> {
        let caller = self.engine.guard.callers.get(self.id()).unwrap();
        as_result(self.engine.run(&caller, &operation))
    }

    pub fn root(&self, export: &Path) -> Vec<u8> {
        let operation = Resolve {
            export_path: export.to_owned(),
            path: Vec::new(),
        };
        handle_of(&self.run(operation).unwrap().answer)
    }

    pub fn lookup(&self, directory: &[u8], text: &str) -> Vec<u8> {
        let operation = Lookup {
            directory: handle(directory),
            name: name(text),
        };
        handle_of(&self.run(operation).unwrap().answer)
    }

    pub fn getattr(&self, wire: &[u8]) -> Result<Reply> {
        self.run(Getattr { object: handle(wire) })
    }
}

fn as_result(reply: Reply) -> Result<Reply> {
    match reply.answer.status {
        0 => Ok(reply),
        status => Err(Errno(status as i32)),
    }
}

/// An engine that serves these directories, and its coherence.
pub fn serve(state: &Path, exports: &[&Path], options: Options) -> (Arc<Engine>, Arc<Coherence>) {
    let engine = Engine::open(state).unwrap();
    let definitions = exports.iter().map(|path| definition(path)).collect();
    engine.load_exports(definitions).unwrap();
    let coherence = Coherence::start_with(&engine, options);
    (engine, coherence)
}
