//! A server of the side channel over a directory of real files: the rendezvous, sessions and core that `fsva-nfsd` has.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fsva_agent::client::{Client, ConnectOptions, Who};
use fsva_agent::rendezvous::Rendezvous as Where;
use fsva_appliance::rendezvous::{Arrival, Endpoint, Rendezvous};
use fsva_appliance::rendezvous_hello::LifeSign;
use fsva_appliance::rendezvous_region::{Source, geometry_for};
use fsva_appliance::session::{Session, SessionClient, SessionOptions};
use fsva_channel::protocol::{ACCESS_READ, ACCESS_WRITE};
use fsva_core::answer::Answer;
use fsva_core::call::UntrustedHandle;
use fsva_core::caller::{CallerIdentity, Door, Flavor};
use fsva_core::engine::Engine;
use fsva_core::export_policy::{ExportDefinition, Squash};
use fsva_core::name::Name;
use fsva_core::operations::lookup::Lookup;
use fsva_core::operations::resolve::Resolve;

/// Only against hanging.
pub const PATIENCE: Duration = Duration::from_secs(120);
pub const ADDRESS: &str = "192.0.2.1";
pub const READ_WRITE: u32 = ACCESS_READ | ACCESS_WRITE;
pub const REGION_BYTES: u64 = 64 << 20;

pub fn root() -> Who {
    Who::default()
}

/// Whether a server that is asked goes on with the region that the client has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Regions {
    Kept,
    Anew,
}

type Sessions = Arc<Mutex<Vec<(Arc<Session>, LifeSign)>>>;

pub struct Server {
    pub engine: Arc<Engine>,
    pub directory: PathBuf,
    sessions: Sessions,
    rendezvous: Option<Rendezvous>,
}

/// What the server before did for a client may still be ending, and holds the directory meanwhile.
fn opened(state: &Path) -> Arc<Engine> {
    let start = Instant::now();
    loop {
        match Engine::open(state) {
            Ok(engine) => return engine,
            Err(error) if start.elapsed() > PATIENCE => panic!("{error}"),
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

impl Server {
    pub fn start(directory: &Path) -> Server {
        Server::start_with(directory, Regions::Kept)
    }

    pub fn start_with(directory: &Path, regions: Regions) -> Server {
        let (export, state) = (directory.join("export"), directory.join("state"));
        fs::create_dir_all(&export).unwrap();
        fs::set_permissions(&export, fs::Permissions::from_mode(0o777)).unwrap();
        let engine = opened(&state);
        let definition = ExportDefinition {
            path: export,
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
        };
        engine.load_exports(vec![definition]).unwrap();
        let sessions = Sessions::default();
        let (own, served) = (engine.clone(), sessions.clone());
        let endpoint = Endpoint::Unix(directory.join("socket"));
        let rendezvous = Rendezvous::listen(&endpoint, move |arrival| {
            if let Arrival::Hello(hello) = arrival {
                let instance = instance_in(&hello.text);
                let source = Source::Memory {
                    geometry: geometry_for(REGION_BYTES).unwrap(),
                    bytes: REGION_BYTES,
                };
                let keep = regions == Regions::Kept;
                let Ok(prepared) = hello.prepare(&source, instance, keep) else {
                    panic!("no region");
                };
                let text = format!(
                    r#"{{"ok":true,"region":"memfd","offset":0,"bytes":{},"instance":"{:x}","server":"1","exports":[]}}"#,
                    prepared.bytes, prepared.region.instance
                );
                let Ok((region, wake, life)) = prepared.answer(&text) else {
                    return;
                };
                let session = Session::start(SessionOptions {
                    engine: own.clone(),
                    region,
                    wake,
                    client: SessionClient {
                        address: ADDRESS.parse().unwrap(),
                        privileged_port: false,
                    },
                    spin_max: Duration::from_micros(50),
                    on_end: Box::new(|_| {}),
                })
                .unwrap();
                served.lock().unwrap().push((session, life));
            }
        })
        .unwrap();
        Server {
            engine,
            directory: directory.to_owned(),
            sessions,
            rendezvous: Some(rendezvous),
        }
    }

    pub fn options(&self) -> ConnectOptions {
        options(&self.directory)
    }

    pub fn client(&self) -> Arc<Client> {
        Client::connect(self.options()).unwrap()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join("export").join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> Vec<u8> {
        fs::write(self.path(name), bytes).unwrap();
        self.handle(name)
    }

    pub fn session(&self) -> Arc<Session> {
        self.sessions.lock().unwrap().last().unwrap().0.clone()
    }

    /// The server's own handle, as LOOKUP gives it.
    pub fn handle(&self, name: &str) -> Vec<u8> {
        let id = self.engine.guard.callers.intern(CallerIdentity {
            address: ADDRESS.parse().unwrap(),
            privileged_port: true,
            door: Door::Nfs,
            flavor: Flavor::Sys,
            uid: 0,
            gid: 0,
            gids: Box::default(),
        });
        let caller = self.engine.guard.callers.get(id).unwrap();
        let root = Resolve {
            export_path: self.directory.join("export"),
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

impl Drop for Server {
    /// As when its process ends: nobody listens, the streams end, the state directory is free for the next.
    fn drop(&mut self) {
        self.rendezvous = None;
        for (session, life) in self.sessions.lock().unwrap().drain(..) {
            life.end();
            session.close();
        }
    }
}

pub fn options(directory: &Path) -> ConnectOptions {
    ConnectOptions {
        deadline: PATIENCE,
        ..ConnectOptions::new(Where::Unix(directory.join("socket")))
    }
}

fn instance_in(text: &str) -> u64 {
    let hello: serde_json::Value = serde_json::from_str(text).unwrap();
    let instance = hello["instance"].as_str().unwrap_or("0");
    u64::from_str_radix(instance, 16).unwrap()
}

fn handle_of(answer: &Answer) -> Vec<u8> {
    answer.handle[..answer.handle_length as usize].to_vec()
}

pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "waited for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Bytes that differ from place to place.
pub fn pattern(length: usize, seed: u8) -> Vec<u8> {
    (0..length)
        .map(|at| (at as u32).wrapping_mul(2_654_435_761).to_le_bytes()[3] ^ seed)
        .collect()
}
