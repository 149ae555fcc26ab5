//! The side channel's server for JavaScript, which decides who gets a session with what memory. A session runs in native
//! threads and never enters JavaScript.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fsva_appliance::coherence::Coherence;
use fsva_appliance::rendezvous::{Endpoint, Rendezvous};
use fsva_appliance::rendezvous_hello::{Hello, Prepared};
use fsva_appliance::rendezvous_region::{Device, Source, geometry_for};
use fsva_appliance::session::{Session, SessionClient, SessionOptions};
use fsva_core::caller::{CallerIdentity, Door, Flavor, NO_ID};
use fsva_core::engine::Engine;
use fsva_core::fair_queue::Flow;
use fsva_core::pool::Pool;
use napi::bindgen_prelude::{Function, Object};
use napi::{Env, Error, Result};
use napi_derive::napi;

use crate::core::{NativeCore, failure};
use crate::side_channel_figures::{SideChannelFigures, WatchFigures};
use crate::side_channel_sessions::{Running, Shared, SideChannelEvent, lock};

/// Regions are made by so many threads, for so many clients at once: more than can be undecided.
const MAKERS: usize = 2;
const MAKING_MAX: usize = 256;

#[napi(object)]
pub struct PreparedRegion {
    /// Hexadecimal.
    pub instance: String,
    pub offset: f64,
    pub bytes: f64,
    pub kept: bool,
}

#[napi(object)]
pub struct ExportCoherence {
    pub path: String,
    /// "complete", "partial" or "none".
    pub coherence: String,
    pub why: String,
}

#[napi]
pub struct NativeSideChannel {
    /// None once it is closed.
    engine: Option<Arc<Engine>>,
    shared: Arc<Shared>,
    rendezvous: Vec<Rendezvous>,
    makers: Arc<Pool>,
}

#[napi]
impl NativeSideChannel {
    /// Listens nowhere yet. To be made once the exports are loaded and before the first call is served, since changes are
    /// watched from then on. `notify` is called for each event.
    #[napi(constructor)]
    pub fn new(core: &NativeCore, notify: Function<'_, SideChannelEvent, ()>) -> Result<NativeSideChannel> {
        let notify = notify
            .build_threadsafe_function::<SideChannelEvent>()
            .callee_handled::<false>()
            .weak::<true>()
            .build()?;
        let engine = core.engine()?.clone();
        let coherence = Coherence::start(&engine);
        Ok(NativeSideChannel {
            engine: Some(engine),
            shared: Arc::new(Shared::new(notify, coherence)),
            rendezvous: Vec::new(),
            makers: Arc::new(Pool::new("fsva-regions".into(), MAKERS, MAKING_MAX)),
        })
    }

    /// A part of a device, all of it from `offset` on if there are no `bytes`; its number is how many were added before.
    /// Answers its bytes.
    #[napi]
    pub fn add_device(&self, path: String, offset: f64, bytes: Option<f64>) -> Result<f64> {
        let device = Device::open(Path::new(&path), offset as u64, bytes.map(|bytes| bytes as u64))
            .map_err(failure)?;
        let bytes = device.bytes() as f64;
        lock(&self.shared.devices).push(Arc::new(device));
        Ok(bytes)
    }

    /// Throws with the error's name in `code` (EADDRINUSE, EACCES, EADDRNOTAVAIL) if it cannot.
    #[napi]
    pub fn listen_locally(&mut self, path: String) -> std::result::Result<(), Error<&'static str>> {
        self.listen(&Endpoint::Unix(PathBuf::from(path))).map(drop)
    }

    /// As `listenLocally`; port 0 picks one. Answers the port.
    #[napi]
    pub fn listen_tcp(
        &mut self,
        address: String,
        port: u16,
    ) -> std::result::Result<u32, Error<&'static str>> {
        let address: IpAddr = address
            .parse()
            .map_err(|_| Error::new("EINVAL", format!("{address:?} is no IP address")))?;
        match self.listen(&Endpoint::Tcp((address, port).into()))? {
            Endpoint::Tcp(address) => Ok(address.port().into()),
            Endpoint::Unix(_) => Ok(0),
        }
    }

    fn listen(&mut self, endpoint: &Endpoint) -> std::result::Result<Endpoint, Error<&'static str>> {
        let shared = self.shared.clone();
        let rendezvous = Rendezvous::listen(endpoint, move |arrival| shared.arrived(arrival))
            .map_err(|error| Error::new(code(&error.cause), error.to_string()))?;
        let endpoint = rendezvous.endpoint().clone();
        self.rendezvous.push(rendezvous);
        Ok(endpoint)
    }

    /// Whether the export admits such a client by the side channel; false also if there is no such export.
    #[napi]
    pub fn admits(&self, path: String, address: String, privileged_port: bool) -> Result<bool> {
        let guard = &self.engine()?.guard;
        let caller = guard.callers.intern(CallerIdentity {
            address: address
                .parse()
                .map_err(|_| failure(format!("{address:?} is no IP address")))?,
            privileged_port,
            door: Door::SideChannel,
            flavor: Flavor::None,
            uid: NO_ID,
            gid: NO_ID,
            gids: Box::default(),
        });
        Ok(guard.enter(Path::new(&path), caller).is_ok())
    }

    /// Says `text` to who said hello, or was prepared, and closes the connection.
    #[napi]
    pub fn refuse(&self, id: u32, text: String) {
        if let Some(hello) = lock(&self.shared.heard).remove(&id) {
            hello.refuse(&text);
        }
        if let Some(prepared) = lock(&self.shared.prepared).remove(&id) {
            prepared.refuse(&text);
        }
    }

    /// Memory for who said hello: of the device of that number, or a memory file of so many bytes. Without `keep` it is
    /// empty, else it is what the client still has, if it has, of that `instance` (hexadecimal).
    #[napi(ts_return_type = "Promise<PreparedRegion>")]
    pub fn prepare<'env>(
        &self,
        env: &'env Env,
        id: u32,
        device: Option<u32>,
        bytes: f64,
        instance: Option<String>,
        keep: bool,
    ) -> Result<Object<'env>> {
        let hello = lock(&self.shared.heard)
            .remove(&id)
            .ok_or_else(|| failure("nobody of that number waits"))?;
        let device = match device {
            None => None,
            Some(number) => {
                let devices = lock(&self.shared.devices);
                let device = devices.get(number as usize).cloned();
                Some(device.ok_or_else(|| failure("there is no device of that number"))?)
            }
        };
        let instance = instance.and_then(|digits| u64::from_str_radix(&digits, 16).ok());
        let (deferred, promise) = env.create_deferred::<PreparedRegion, _>()?;
        let shared = self.shared.clone();
        let job = Box::new(move || {
            let made = make(
                hello,
                device.as_deref(),
                bytes as u64,
                instance.unwrap_or(0),
                keep,
            );
            match made {
                Ok(prepared) => {
                    let region = PreparedRegion {
                        instance: format!("{:016x}", prepared.region.instance),
                        offset: prepared.offset as f64,
                        bytes: prepared.bytes as f64,
                        kept: prepared.kept,
                    };
                    lock(&shared.prepared).insert(id, prepared);
                    deferred.resolve(move |_| Ok(region));
                }
                Err((hello, why)) => {
                    lock(&shared.heard).insert(id, hello);
                    deferred.reject(failure(why));
                }
            }
        });
        self.makers
            .submit(Flow::SERVER, job)
            .map_err(|_refused| failure("too many sessions begin at once"))?;
        Ok(promise)
    }

    /// Answers who was prepared, and begins the session of the same number. Throws if that fails.
    #[napi]
    pub fn start(
        &self,
        id: u32,
        text: String,
        address: String,
        privileged_port: bool,
        spin_microseconds: u32,
    ) -> Result<()> {
        let engine = self.engine()?.clone();
        let address = address.parse().map_err(failure)?;
        let prepared = lock(&self.shared.prepared)
            .remove(&id)
            .ok_or_else(|| failure("nobody of that number is prepared"))?;
        let (region, wake, life) = prepared.answer(&text).map_err(failure)?;
        let shared = self.shared.clone();
        // The end may come before the session is in the table: JavaScript hears of it later than of this call's return.
        let session = Session::start(SessionOptions {
            engine,
            region,
            wake,
            client: SessionClient {
                address,
                privileged_port,
            },
            spin_max: Duration::from_micros(spin_microseconds.into()),
            on_end: Box::new(move |end| shared.ended(id, end)),
        })
        .map_err(failure)?;
        let attached = None;
        let running = Running {
            session,
            life,
            attached,
        };
        lock(&self.shared.running).insert(id, running);
        // It waits for file systems to answer, for which the event loop has no time.
        let shared = self.shared.clone();
        std::thread::Builder::new()
            .name("fsva-attach".into())
            .spawn(move || shared.attach(id, address))
            .map(drop)
            .map_err(|error| {
                // Nobody goes on in memory that JavaScript believes free.
                let running = lock(&self.shared.running).remove(&id);
                drop(running);
                failure(error)
            })
    }

    /// What can be seen of the changes of each export.
    #[napi]
    pub fn coherence(&self) -> Vec<ExportCoherence> {
        let exports = self.shared.coherence.exports().into_iter();
        exports
            .map(|(path, observability)| ExportCoherence {
                path: path.display().to_string(),
                coherence: observability.coherence.name().into(),
                why: observability.why,
            })
            .collect()
    }

    #[napi]
    pub fn watching(&self) -> WatchFigures {
        let figures = self.shared.coherence.figures();
        WatchFigures {
            known_handles: figures.known_handles as f64,
            notices: figures.notices as f64,
            resyncs: figures.resyncs as f64,
            events: figures.events as f64,
            overflows: figures.overflows as f64,
        }
    }

    /// Whether the client of a session has gone, as far as the kernel knows.
    #[napi]
    pub fn is_gone(&self, id: u32) -> bool {
        lock(&self.shared.running)
            .get(&id)
            .is_some_and(|running| running.life.has_ended())
    }

    /// Null if there is no such session.
    #[napi]
    pub fn figures(&self, id: u32) -> Option<SideChannelFigures> {
        let running = lock(&self.shared.running);
        Some(running.get(&id)?.session.figures().into())
    }

    /// Ends a session; "ended" follows when everything under way is done.
    #[napi]
    pub fn end(&self, id: u32) -> Result<()> {
        let session = match lock(&self.shared.running).get(&id) {
            Some(running) => running.session.clone(),
            None => return Ok(()),
        };
        // A frozen file system holds it up, and must not hold up the event loop.
        std::thread::Builder::new()
            .name("fsva-end".into())
            .spawn(move || session.close())
            .map(drop)
            .map_err(failure)
    }

    /// After "ended": lets go of the session, and closes the stream to the client.
    #[napi]
    pub fn forget(&self, id: u32) {
        let running = lock(&self.shared.running).remove(&id);
        if let Some(running) = running {
            running.life.end();
            // Detaching looks at file systems, for which the event loop has no time. Without a thread for it, here.
            let _ = std::thread::Builder::new()
                .name("fsva-detach".into())
                .spawn(move || drop(running));
        }
    }

    /// Stops listening. Sessions go on, and nobody may begin one.
    #[napi]
    pub fn stop_listening(&mut self) {
        self.rendezvous.clear();
        lock(&self.shared.heard).clear();
    }

    /// Lets go of the core, and of sessions that have not ended as soon as they have.
    #[napi]
    pub fn close(&mut self) {
        self.stop_listening();
        self.engine = None;
        lock(&self.shared.prepared).clear();
        let running = std::mem::take(&mut *lock(&self.shared.running));
        for running in running.into_values() {
            running.life.end();
            // Whose file system is frozen is waited for elsewhere; without a thread for it, here.
            let _ = std::thread::Builder::new()
                .name("fsva-end".into())
                .spawn(move || drop(running));
        }
        lock(&self.shared.devices).clear();
    }

    fn engine(&self) -> Result<&Arc<Engine>> {
        self.engine
            .as_ref()
            .ok_or_else(|| failure("the side channel has been closed"))
    }
}

fn make(
    hello: Hello,
    device: Option<&Device>,
    bytes: u64,
    instance: u64,
    keep: bool,
) -> std::result::Result<Prepared, (Hello, String)> {
    let source = match device {
        Some(device) => Source::Device(device),
        None => match geometry_for(bytes) {
            Some(geometry) => Source::Memory { geometry, bytes },
            None => return Err((hello, format!("no region has {bytes} bytes"))),
        },
    };
    hello
        .prepare(&source, instance, keep)
        .map_err(|(hello, error)| (hello, error.to_string()))
}

fn code(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::AddrInUse => "EADDRINUSE",
        ErrorKind::AddrNotAvailable => "EADDRNOTAVAIL",
        ErrorKind::PermissionDenied => "EACCES",
        _ => "EIO",
    }
}
