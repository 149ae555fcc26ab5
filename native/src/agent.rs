//! The user VM's end of the side channel for JavaScript. What may wait is done by threads of its own; what is usually
//! answered within microseconds is looked for on the spot, and else told by one wake-up of the event loop.

use std::net::IpAddr;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fsva_agent::client::{Client, ConnectOptions, Who};
use fsva_agent::error::ClientError;
use fsva_agent::kernel_cache::{KernelCache, KernelCacheOptions};
use fsva_agent::later::Look;
use fsva_agent::local::listener::LocalAgent;
use fsva_agent::notice_sink::NoticeSink;
use fsva_agent::rendezvous::Rendezvous;
use fsva_core::fair_queue::Flow;
use fsva_core::pool::Pool;
use napi::bindgen_prelude::{Float64ArraySlice, Function, Object, ToNapiValue, Uint8Array};
use napi::{Env, Error, Result};
use napi_derive::napi;

use crate::agent_completions::{Completion, Completions};
use crate::agent_figures::{AgentDetails, AgentFigures};
use crate::agent_file::NativeAgentFile;
use crate::agent_lent::NativeLentBuffer;
use crate::core::failure;
use crate::local_memory_unsafe::duplicate;
use crate::loop_watch_unsafe::LoopWatch;

/// Calls that wait, at a time, and such that wait for one of these.
const WAITING: usize = 4;
const WAITING_MAX: usize = 4096;

#[napi(object)]
pub struct AgentOptions {
    /// A socket of a server on this machine; or `server`, an IP address, and `port`.
    pub socket: Option<String>,
    pub server: Option<String>,
    pub port: Option<u16>,
    pub device: Option<String>,
    pub client_address: Option<String>,
    pub region_bytes: Option<f64>,
    /// The mount whose cache in the kernel follows what the server says has changed.
    pub mount_point: Option<String>,
    /// How long a thread that waits looks before it sleeps.
    pub spin_microseconds: u32,
    pub deadline_milliseconds: u32,
}

#[napi(object)]
pub struct AgentExport {
    pub path: String,
    pub coherence: String,
    pub why: String,
}

/// What a client and its files have in common.
pub struct Shared {
    pub completions: Completions,
    pub pool: Pool,
    next: AtomicU32,
}

/// Errors have the errno's number in front of their message.
pub fn client_failure(error: &ClientError) -> Error {
    failure(format!("{} {error}", error.errno()))
}

impl Shared {
    /// Has something done that may wait.
    pub fn wait_for<'env, T, V>(
        &self,
        env: &'env Env,
        work: impl FnOnce() -> std::result::Result<T, ClientError> + Send + 'static,
        finish: impl FnOnce(T) -> V + Send + 'static,
    ) -> Result<Object<'env>>
    where
        T: Send + 'static,
        V: ToNapiValue + 'static,
    {
        let (deferred, promise) = env.create_deferred::<V, _>()?;
        let job = Box::new(move || match work() {
            Ok(value) => deferred.resolve(move |_| Ok(finish(value))),
            Err(error) => deferred.reject(client_failure(&error)),
        });
        self.pool
            .submit(Flow::SERVER, job)
            .map_err(|_refused| client_failure(&ClientError::Busy))?;
        Ok(promise)
    }

    /// Asks, and answers the ticket of what will be told; 0 if it is there already, in `numbers`.
    pub fn ask(
        self: &Arc<Self>,
        numbers: &mut [f64],
        spin: Duration,
        ask: impl FnOnce(u32, Look<'_>) -> std::result::Result<(), ClientError>,
    ) -> u32 {
        // Never 0.
        let ticket = self.next.fetch_add(1, Ordering::Relaxed) | 1 << 31;
        self.completions.look();
        let is_over = || self.completions.has(ticket);
        let asked = ask(
            ticket,
            Look {
                time: spin,
                is_over: &is_over,
            },
        );
        let found = self.completions.looked(ticket);
        let found = asked
            .err()
            .map(|error| Completion::failed(ticket, &error))
            .or(found);
        match found {
            Some(completion) => {
                completion.write(numbers);
                0
            }
            None => ticket,
        }
    }
}

#[napi]
pub struct NativeAgent {
    shared: Arc<Shared>,
    watch: Option<LoopWatch>,
    client: Arc<Mutex<Option<Arc<Client>>>>,
    cache: Arc<Mutex<Option<Arc<KernelCache>>>>,
    /// Other programs, which copy through this one.
    pub(crate) local: Mutex<Option<LocalAgent>>,
}

#[napi]
impl NativeAgent {
    /// `ready` is called when `take` has something.
    #[napi(constructor)]
    pub fn new(env: Env, ready: Function<'_, (), ()>) -> Result<NativeAgent> {
        let completions = Completions::new().map_err(failure)?;
        let watch = LoopWatch::start(&env, completions.descriptor(), &ready)?;
        watch.hold_loop(false);
        Ok(NativeAgent {
            shared: Arc::new(Shared {
                completions,
                pool: Pool::new("fsva-agent".into(), WAITING, WAITING_MAX),
                next: AtomicU32::new(1),
            }),
            watch: Some(watch),
            client: Arc::default(),
            cache: Arc::default(),
            local: Mutex::default(),
        })
    }

    /// Once. Rejects if there is no server now; later it may come and go.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn connect<'env>(&self, env: &'env Env, options: AgentOptions) -> Result<Object<'env>> {
        let connect = connect_options(&options)?;
        let (client, cache) = (self.client.clone(), self.cache.clone());
        let mount_point = options.mount_point;
        self.shared.wait_for(
            env,
            move || {
                let mut connect = connect;
                let mut looked_after = None;
                if let Some(mount_point) = &mount_point {
                    let opened = KernelCache::open(Path::new(mount_point), KernelCacheOptions::default())
                        .map(Arc::new)
                        .map_err(|error| ClientError::Errno {
                            errno: error.raw_os_error().unwrap_or(libc::EIO),
                            what: "looking after the kernel's cache",
                        })?;
                    connect.sinks.push(opened.clone() as Arc<dyn NoticeSink>);
                    looked_after = Some(opened);
                }
                *lock(&client) = Some(Client::connect(connect)?);
                *lock(&cache) = looked_after;
                Ok(())
            },
            |()| (),
        )
    }

    /// Whether the event loop goes on because of this: while something is asked.
    #[napi]
    pub fn hold_loop(&self, hold: bool) {
        if let Some(watch) = &self.watch {
            watch.hold_loop(hold);
        }
    }

    /// Fills `numbers` with answers; how many.
    #[napi]
    pub fn take(&self, mut numbers: Float64ArraySlice<'_>) -> u32 {
        // SAFETY: JavaScript runs no code meanwhile, and its memory stays.
        let numbers = unsafe { numbers.as_mut() };
        self.shared.completions.take(numbers) as u32
    }

    /// 0: it came back within the time given, see `numbers`; else the ticket of what `take` will have.
    #[napi]
    pub fn ping(&self, mut numbers: Float64ArraySlice<'_>, spin_microseconds: u32) -> Result<u32> {
        // SAFETY: JavaScript runs no code meanwhile, and its memory stays.
        let numbers = unsafe { numbers.as_mut() };
        let client = self.client()?;
        let shared = self.shared.clone();
        let spin = Duration::from_micros(spin_microseconds.into());
        Ok(self.shared.ask(numbers, spin, |ticket, look| {
            let done = move |result: std::result::Result<(), ClientError>| {
                shared.completions.add(match result {
                    Ok(()) => Completion {
                        ticket,
                        errno: 0,
                        bytes: 0,
                        flag: false,
                        attributes: None,
                    },
                    Err(error) => Completion::failed(ticket, &error),
                });
            };
            client.ping_later(Box::new(done), look)
        }))
    }

    /// The file of a descriptor, which may be closed when this has been answered.
    #[napi(ts_return_type = "Promise<NativeAgentFile>")]
    pub fn open<'env>(
        &self,
        env: &'env Env,
        fd: i32,
        uid: u32,
        gid: u32,
        gids: Vec<u32>,
    ) -> Result<Object<'env>> {
        let descriptor = duplicate(fd).map_err(|error| {
            client_failure(&ClientError::Errno {
                errno: error.raw_os_error().unwrap_or(libc::EIO),
                what: "the descriptor",
            })
        })?;
        let (client, shared) = (self.client()?, self.shared.clone());
        self.shared.wait_for(
            env,
            move || client.open(descriptor.as_fd(), &Who { uid, gid, gids }),
            move |file| NativeAgentFile::new(file, shared),
        )
    }

    /// The file of a handle of the server's; `access`: 1 read, 2 write, 3 both.
    #[napi(ts_return_type = "Promise<NativeAgentFile>")]
    pub fn open_handle<'env>(
        &self,
        env: &'env Env,
        handle: Uint8Array,
        access: u32,
        uid: u32,
        gid: u32,
        gids: Vec<u32>,
    ) -> Result<Object<'env>> {
        let (client, shared) = (self.client()?, self.shared.clone());
        let handle = handle.to_vec();
        self.shared.wait_for(
            env,
            move || client.open_handle(&handle, access, &Who { uid, gid, gids }),
            move |file| NativeAgentFile::new(file, shared),
        )
    }

    #[napi]
    pub fn lend(&self, bytes: f64) -> Result<NativeLentBuffer> {
        let buffer = self.client()?.lend(bytes as usize);
        Ok(NativeLentBuffer::new(
            buffer.map_err(|error| client_failure(&error))?,
        ))
    }

    #[napi]
    pub fn figures(&self) -> Result<AgentFigures> {
        Ok(self.client()?.figures().into())
    }

    /// By operation, and of the kernel's cache.
    #[napi]
    pub fn details(&self) -> Result<AgentDetails> {
        let operations = self.client()?.op_figures();
        Ok(AgentDetails {
            operations: operations.into_iter().map(Into::into).collect(),
            kernel_cache: lock(&self.cache).as_ref().map(|cache| cache.figures().into()),
        })
    }

    /// What the server says it can tell of changes.
    #[napi]
    pub fn exports(&self) -> Result<Vec<AgentExport>> {
        let exports = self.client()?.exports();
        Ok(exports
            .into_iter()
            .map(|export| AgentExport {
                path: export.path.display().to_string(),
                coherence: export.coherence,
                why: export.why,
            })
            .collect())
    }

    /// Ends the channel. What is asked fails; memory stays as long as JavaScript can reach it.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn close<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        let local = lock(&self.local).take();
        let client = lock(&self.client).take();
        let cache = lock(&self.cache).take();
        self.shared.wait_for(
            env,
            move || {
                drop(local);
                if let Some(client) = client {
                    client.close();
                }
                drop(cache);
                Ok(())
            },
            |()| (),
        )
    }

    /// After `close`: the event loop watches nothing any more.
    #[napi]
    pub fn end(&mut self) {
        self.watch = None;
    }

    pub(crate) fn client(&self) -> Result<Arc<Client>> {
        lock(&self.client)
            .clone()
            .ok_or_else(|| client_failure(&ClientError::Closed))
    }
}

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connect_options(options: &AgentOptions) -> Result<ConnectOptions> {
    let address = |text: &str| {
        text.parse::<IpAddr>()
            .map_err(|_| failure(format!("{} {text:?} is no IP address", libc::EINVAL)))
    };
    let rendezvous = match (&options.socket, &options.server, options.port) {
        (Some(socket), None, _) => Rendezvous::Unix(PathBuf::from(socket)),
        (None, Some(server), Some(port)) => Rendezvous::Tcp((address(server)?, port).into()),
        _ => {
            return Err(failure(format!(
                "{} a socket, or a server and its port",
                libc::EINVAL
            )));
        }
    };
    Ok(ConnectOptions {
        device: options.device.as_ref().map(PathBuf::from),
        client_address: options.client_address.as_deref().map(address).transpose()?,
        region_bytes: options.region_bytes.map(|bytes| bytes as u64),
        spin_max: Duration::from_micros(options.spin_microseconds.into()),
        deadline: Duration::from_millis(options.deadline_milliseconds.into()),
        ..ConnectOptions::new(rendezvous)
    })
}
