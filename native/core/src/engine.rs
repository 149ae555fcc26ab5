//! What one server process has one of, and the way of an operation through it: inline if it cannot block, else in
//! the pool of its export.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, OnceLock, RwLock};

use crate::answer::Answer;
use crate::call::{Call, DEFER, Output, UntrustedHandle};
use crate::caller::{Caller, CallerId, Callers};
use crate::closing::{self, Evicted};
use crate::credentials;
use crate::descriptor_cache::DescriptorCache;
use crate::entry_handles::EntryHandles;
use crate::errno::{Errno, Result};
use crate::export_policy::{Access, Export, ExportDefinition, ExportPolicy, ExportPolicyError};
use crate::fair_queue::Flow;
use crate::filesystem::ExportFilesystems;
use crate::guard::Guard;
use crate::handle::{ExportId, HandleCodec};
use crate::lane::Lane;
use crate::lock_table::LockTable;
use crate::object::Object;
use crate::observer::Observer;
use crate::own_threads;
use crate::reply_record::{Findings, ReplyRecord};
use crate::reply_record_doubt;
use crate::state_directory::StateDirectory;
use crate::write_verifier::WriteVerifier;

/// Distinct callers remembered; one more evicts the one unused for longest.
const CALLERS_MAX: usize = 16_384;
/// Descriptors left to sockets and everything else, at least this share of the limit: one in two.
const DESCRIPTOR_SHARE: usize = 2;
/// What they keep is memory, too: some 700 bytes for each object with its place in the cache and what is known of one
/// caller's permission, so that no more than 70 MB are taken by them.
const DESCRIPTORS_MAX: usize = 100_000;

/// An operation of the Vfs interface, with its arguments by value.
pub trait Operation: Send + 'static {
    /// Whether it is worth an attempt on the event loop.
    const INLINE: bool = false;
    const ACCESS: Access = Access::Read;
    /// Whether it may have to wait until the file system can be written.
    const CHANGES: bool = matches!(Self::ACCESS, Access::Mutate);

    /// The handle that says which export this is about; MOUNT's resolve has none.
    fn handle(&self) -> Option<&UntrustedHandle>;

    fn export_path(&self) -> Option<&Path> {
        None
    }

    /// As INLINE, where files are memory (tmpfs): there a change waits for nothing, unless there is much to free. An attempt
    /// that answers DEFER has changed nothing.
    fn inline_in_memory(&self) -> bool {
        false
    }

    /// Fills `output` with whatever there is to report, also when it fails.
    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()>;
}

/// What a pending operation answers in the end.
#[derive(Default)]
pub struct Reply {
    pub answer: Answer,
    pub bytes: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Started {
    /// The answer is there.
    Done,
    /// The answer comes later.
    Pending,
}

/// An export's file systems and the threads that work on them.
pub struct Volume {
    pub filesystems: ExportFilesystems,
    /// For what changes something, and for the rest.
    pub changes: Lane,
    pub reads: Lane,
}

pub struct Engine {
    pub guard: Guard,
    pub objects: DescriptorCache,
    pub verifier: WriteVerifier,
    pub locks: LockTable,
    replies: OnceLock<Arc<ReplyRecord>>,
    observer: OnceLock<Arc<dyn Observer>>,
    directory_key: [u8; 32],
    pub(crate) entry_handles: EntryHandles,
    /// Of all open listings.
    pub(crate) open_entries: Arc<AtomicUsize>,
    state: Arc<StateDirectory>,
    volumes: RwLock<HashMap<ExportId, Arc<Volume>>>,
    /// Whether a file gets the mode it is created with on any thread, not only in the pools.
    pub(crate) no_umask: bool,
    /// To the thread that closes what the event loop must not close.
    reaper: Sender<Evicted>,
}

/// In words for the administrator.
#[derive(Debug)]
pub struct EngineError(pub String);

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EngineError {}

impl Engine {
    /// The state directory holds the key of the handles; it is locked as long as the engine lives.
    pub fn open(state_directory: &Path) -> std::result::Result<Arc<Engine>, EngineError> {
        // Objects are opened for data by way of it.
        if !Path::new("/proc/self/fd").exists() {
            return Err(EngineError("/proc is not mounted".into()));
        }
        let state = StateDirectory::open(state_directory).map_err(|error| EngineError(error.to_string()))?;
        let verifier = WriteVerifier::new().map_err(|error| EngineError(error.to_string()))?;
        let descriptors = (raise_descriptor_limit() / DESCRIPTOR_SHARE).min(DESCRIPTORS_MAX);
        let (reaper, retired) = mpsc::channel();
        let engine = Arc::new(Engine {
            guard: Guard {
                codec: HandleCodec::new(state.key()),
                policy: Arc::new(ExportPolicy::new()),
                callers: Arc::new(Callers::new(CALLERS_MAX)),
            },
            objects: DescriptorCache::new(descriptors),
            verifier,
            locks: LockTable::default(),
            replies: OnceLock::new(),
            observer: OnceLock::new(),
            directory_key: blake3::derive_key("fsva 2026 directory order v1", state.key().as_bytes()),
            entry_handles: EntryHandles::default(),
            open_entries: Arc::default(),
            state: Arc::new(state),
            volumes: RwLock::default(),
            no_umask: credentials::umask() == Some(0),
            reaper,
        });
        let weak = Arc::downgrade(&engine);
        std::thread::Builder::new()
            .name("fsva-reaper".into())
            .spawn(move || closing::reap(&weak, &retired))
            .map_err(|error| EngineError(format!("cannot start a thread: {error}")))?;
        Ok(engine)
    }

    /// Replaces all exports at once, or none. Exports that stay keep their ids, pools and open files.
    pub fn load_exports(&self, definitions: Vec<ExportDefinition>) -> std::result::Result<(), EngineError> {
        for definition in &definitions {
            let path = definition.path.display();
            match std::fs::metadata(&definition.path) {
                Ok(metadata) if metadata.is_dir() => {}
                Ok(_) => return Err(EngineError(format!("{path} is not a directory"))),
                Err(error) => return Err(EngineError(format!("{path}: {error}"))),
            }
        }
        // A policy of nobody's first: everything is open before anything is replaced.
        let refused = |error: ExportPolicyError| EngineError(error.to_string());
        let table = ExportPolicy::new()
            .replace(definitions.clone())
            .map_err(refused)?;
        let mut volumes = HashMap::new();
        for export in &table.exports {
            volumes.insert(export.id, self.volume_for(export)?);
        }
        self.guard.policy.replace(definitions).map_err(refused)?;
        let old = std::mem::replace(&mut *self.volumes.write().unwrap(), volumes);
        let gone = self.objects.drain(
            |object| match (old.get(&object.export), self.volume(object.export)) {
                (Some(old), Ok(new)) => !Arc::ptr_eq(old, &new),
                _ => true,
            },
        );
        self.retire(gone);
        self.locks.retain(|export| self.volume(export).is_ok());
        if let Some(observer) = self.observer() {
            observer.exports_replaced();
        }
        Ok(())
    }

    /// Opens the reply record, once, after the exports are loaded and before the first call: calls that the process
    /// before died on are looked into. `lasting`: in the state directory, else for as long as this process lives.
    pub fn open_replies(
        self: &Arc<Engine>,
        lasting: bool,
        bytes: usize,
    ) -> std::result::Result<Findings, EngineError> {
        let directory = lasting.then(|| self.state.path());
        let (record, mut findings) = ReplyRecord::open(directory, bytes)
            .map_err(|error| EngineError(format!("no memory for the reply record: {error}")))?;
        findings.happened = reply_record_doubt::resolve(self, &record);
        let opened = self.replies.set(record);
        assert!(opened.is_ok(), "the reply record is opened once");
        Ok(findings)
    }

    /// None if it has not been opened.
    pub fn replies(&self) -> Option<&Arc<ReplyRecord>> {
        self.replies.get()
    }

    /// Whom to tell of changes from now on, and of who is told which handles. There is one; false if it is another.
    pub fn observe(&self, observer: Arc<dyn Observer>) -> bool {
        self.observer.set(observer).is_ok()
    }

    pub fn observer(&self) -> Option<&Arc<dyn Observer>> {
        self.observer.get()
    }

    fn volume_for(&self, export: &Arc<Export>) -> std::result::Result<Arc<Volume>, EngineError> {
        if let Ok(volume) = self.volume(export.id)
            && volume.filesystems.export.path == export.path
            && volume.filesystems.is_where_its_path_leads()
        {
            return Ok(volume);
        }
        let filesystems = ExportFilesystems::open(export.clone(), self.state.clone())
            .map_err(|error| EngineError(format!("{}: {error}", export.path.display())))?;
        Ok(Arc::new(Volume {
            filesystems,
            changes: Lane::new(format!("fsva-w-{:x}", export.id.0)),
            reads: Lane::new(format!("fsva-r-{:x}", export.id.0)),
        }))
    }

    /// What the order of directories without stable offsets is made with.
    pub(crate) fn directory_key(&self) -> &[u8; 32] {
        &self.directory_key
    }

    pub fn volume(&self, export: ExportId) -> Result<Arc<Volume>> {
        self.volumes
            .read()
            .unwrap()
            .get(&export)
            .cloned()
            .ok_or(Errno::STALE)
    }

    /// Does the operation now if it cannot block: the answer is in `output` then. Otherwise `finish` gets the
    /// answer later, on another thread. `output.answer.flags` says, before, from which port the call came: what
    /// waits of one connection does not hold up another.
    pub fn start<O: Operation>(
        self: &Arc<Engine>,
        caller: CallerId,
        operation: O,
        output: &mut Output<'_>,
        finish: impl FnOnce(Box<Reply>) + Send + 'static,
    ) -> Started {
        match self.try_start(caller, operation, output, finish) {
            Ok(started) => started,
            Err(errno) => {
                output.answer.status = status(errno);
                Started::Done
            }
        }
    }

    fn try_start<O: Operation>(
        self: &Arc<Engine>,
        id: CallerId,
        operation: O,
        output: &mut Output<'_>,
        finish: impl FnOnce(Box<Reply>) + Send + 'static,
    ) -> Result<Started> {
        let port = output.answer.flags as u16;
        *output.answer = Answer::default();
        let caller = self.guard.callers.get(id)?;
        if O::INLINE || self.is_inline_in_memory(&operation) {
            let call = Call {
                engine: self,
                caller: &caller,
                inline: true,
                intent: None,
            };
            match operation.run(&call, output) {
                Err(DEFER) => *output.answer = Answer::default(),
                result => {
                    self.settle(&operation, result);
                    if let Err(Errno::MFILE | Errno::NFILE) = result {
                        self.retire(self.objects.shed());
                    }
                    self.retire(self.objects.excess());
                    return result.map(|()| Started::Done);
                }
            }
        }
        let export = self.export_of(&operation, &caller, id)?;
        let volume = self.volume(export)?;
        let engine = self.clone();
        let flow = Flow {
            address: caller.identity.address,
            port,
        };
        let lane = if O::CHANGES {
            &volume.changes
        } else {
            &volume.reads
        };
        lane.call(flow, move || finish(Box::new(engine.run(&caller, &operation))))?;
        Ok(Started::Pending)
    }

    /// What the event loop changes would be news to those who listen, as this thread does other things, too.
    fn is_inline_in_memory<O: Operation>(&self, operation: &O) -> bool {
        if !operation.inline_in_memory() || self.observer().is_some_and(|observer| observer.era() > 0) {
            return false;
        }
        let object = operation
            .handle()
            .and_then(|handle| self.objects.get(handle.as_bytes()));
        object.is_some_and(|object| object.filesystem.traits.memory && !object.filesystem.uses_table())
    }

    /// Whose pool it is for. Checked before anything is queued: strangers don't get to fill a pool.
    fn export_of<O: Operation>(&self, operation: &O, caller: &Arc<Caller>, id: CallerId) -> Result<ExportId> {
        if let Some(handle) = operation.handle() {
            let export = self.guard.codec.open(handle.as_bytes())?.export;
            self.guard.policy.authorize(caller, export, O::ACCESS)?;
            return Ok(export);
        }
        let path = operation.export_path().ok_or(Errno::SERVERFAULT)?;
        Ok(self.guard.enter(path, id)?.export.id)
    }

    /// Does the operation on this thread, which may block.
    pub fn run<O: Operation>(self: &Arc<Engine>, caller: &Arc<Caller>, operation: &O) -> Reply {
        let mut reply = Reply::default();
        let era = self.observer().map(|observer| observer.era());
        if O::CHANGES && era.is_some() {
            own_threads::enter();
        }
        let call = Call {
            engine: self,
            caller,
            inline: false,
            intent: None,
        };
        let mut output = Output {
            answer: &mut reply.answer,
            bytes: &mut reply.bytes,
        };
        let result = operation.run(&call, &mut output);
        if let Some(observer) = self.observer()
            && let Some(era) = era
            && era != observer.era()
        {
            observer.overtaken(caller.identity.address, era);
        }
        self.settle(operation, result);
        if let Err(errno) = result {
            assert!(errno != DEFER, "only inline calls are deferred");
            reply.answer.status = status(errno);
            if let Errno::MFILE | Errno::NFILE = errno {
                self.objects.shed().close(self);
            }
        }
        let excess = self.objects.excess();
        if !excess.is_empty() {
            let handle = operation
                .handle()
                .and_then(|handle| self.guard.codec.open(handle.as_bytes()).ok());
            excess.close_by_export(self, handle.map(|handle| handle.export));
        }
        reply
    }

    /// Closes what the cache holds of it.
    pub fn forget(&self, object: &Object) {
        self.retire(self.objects.evict(object.wire.as_bytes()));
    }

    /// Forgets an object that has turned out to be gone: while it is open, its space is not free.
    fn settle<O: Operation>(&self, operation: &O, result: Result<()>) {
        if let (Err(Errno::STALE), Some(handle)) = (result, operation.handle()) {
            self.retire(self.objects.evict(handle.as_bytes()));
        }
    }

    pub(crate) fn retire(&self, evicted: Evicted) {
        if !evicted.is_empty() {
            // The reaper only ends with the engine.
            let _ = self.reaper.send(evicted);
        }
    }

    /// When descriptors run out, what is cached has to make room before a client hears of it.
    pub fn with_spare_descriptors<T>(&self, open: impl Fn() -> Result<T>) -> Result<T> {
        for _ in 0..3 {
            match open() {
                Err(Errno::MFILE | Errno::NFILE) => self.objects.shed().close(self),
                other => return other,
            }
        }
        // EMFILE must not look like a fact about the file.
        Err(Errno::JUKEBOX)
    }

    /// A call of this client is answered as it was answered before: what the answer says may have changed since.
    pub fn answers_again(&self, client: IpAddr) {
        if let Some(observer) = self.observer() {
            observer.overtaken(client, 0);
        }
    }

    pub fn volumes(&self) -> Vec<Arc<Volume>> {
        self.volumes.read().unwrap().values().cloned().collect()
    }

    /// How handles are made per export, and as whom files are used, in words for the log.
    pub fn strategies(&self) -> Vec<(String, Vec<String>)> {
        let volumes = self.volumes.read().unwrap();
        let mut strategies: Vec<_> = volumes
            .values()
            .map(|volume| {
                let path = volume.filesystems.export.path.display().to_string();
                (path, volume.filesystems.strategies())
            })
            .collect();
        strategies.sort();
        strategies
    }

    /// Whether callers are served with their own rights.
    pub fn privileged(&self) -> bool {
        credentials::server().privileged
    }

    /// Descriptors that the cache and its users hold.
    pub fn descriptors(&self) -> usize {
        self.objects.descriptors.load(Ordering::Relaxed)
    }
}

/// Running out of descriptors says nothing about the object: the client is to come back.
fn status(errno: Errno) -> u32 {
    match errno {
        Errno::MFILE | Errno::NFILE => Errno::JUKEBOX.0 as u32,
        other => other.0 as u32,
    }
}

/// Raises the soft limit to the hard one; answers it.
fn raise_descriptor_limit() -> usize {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: limit is a struct rlimit.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) != 0 {
            return 1024;
        }
        let raised = libc::rlimit {
            rlim_cur: limit.rlim_max,
            rlim_max: limit.rlim_max,
        };
        if libc::setrlimit(libc::RLIMIT_NOFILE, &raised) == 0 {
            limit = raised;
        }
    }
    usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX)
}
