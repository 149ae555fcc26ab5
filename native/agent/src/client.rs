//! The user VM's end of the side channel.

use std::net::IpAddr;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fsva_channel::layout::LARGE_PAGE_BYTES;
use fsva_channel::message::Message;
use fsva_channel::protocol::{GROUPS_MAX, Op, OpenRequest};
use fsva_channel::spin::SPIN_MAX;

use crate::batch::Batch;
use crate::error::ClientError;
use crate::figures::{Counters, Figures};
use crate::file::{File, checked};
use crate::keeper;
use crate::lent_buffer::LentBuffer;
use crate::link::{Bell, Link, Surroundings};
use crate::nfs_handle;
use crate::nfs_handle_unsafe;
use crate::notice_sink::NoticeSink;
use crate::notices::Notices;
use crate::op_times::OpFigures;
use crate::rendezvous::{ExportCoherence, Joined, Known, Meeting, Rendezvous};

/// How long a call waits for its answer if nothing else is said.
pub const DEADLINE: Duration = Duration::from_secs(30);

pub struct ConnectOptions {
    pub rendezvous: Rendezvous,
    /// Memory that the hypervisor gives both machines; not needed on one host.
    pub device: Option<PathBuf>,
    /// The address by which the server knows this machine's NFS client; between VMs it is the connection's.
    pub client_address: Option<IpAddr>,
    /// How much memory to share, if the server makes it.
    pub region_bytes: Option<u64>,
    /// A waiting thread looks for so long before it sleeps; 0 on a machine with one processor.
    pub spin_max: Duration,
    /// A call that is not answered by then is an error.
    pub deadline: Duration,
    pub sinks: Vec<Arc<dyn NoticeSink>>,
}

impl ConnectOptions {
    pub fn new(rendezvous: Rendezvous) -> ConnectOptions {
        ConnectOptions {
            rendezvous,
            device: None,
            client_address: None,
            region_bytes: None,
            spin_max: SPIN_MAX,
            deadline: DEADLINE,
            sinks: Vec::new(),
        }
    }
}

/// On whose behalf a file is opened. Of more than 16 groups the first 16 count, as with AUTH_SYS.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Who {
    pub uid: u32,
    pub gid: u32,
    pub gids: Vec<u32>,
}

/// What the client, its files and its keeper share.
pub struct Shared {
    pub(crate) rendezvous: Rendezvous,
    pub(crate) device: Option<PathBuf>,
    pub(crate) client_address: Option<IpAddr>,
    pub(crate) region_bytes: Option<u64>,
    pub(crate) deadline: Duration,
    pub(crate) surroundings: Arc<Surroundings>,
    link: RwLock<Arc<Link>>,
    server: Mutex<Server>,
}

#[derive(Clone, Default)]
struct Server {
    name: String,
    exports: Vec<ExportCoherence>,
}

impl Shared {
    pub(crate) fn link(&self) -> Arc<Link> {
        self.link.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn is_current(&self, link: &Arc<Link>) -> bool {
        Arc::ptr_eq(&self.link.read().unwrap_or_else(PoisonError::into_inner), link)
    }

    pub(crate) fn replace_link(&self, link: Arc<Link>) {
        *self.link.write().unwrap_or_else(PoisonError::into_inner) = link;
    }

    pub(crate) fn met(&self, joined: &Joined) {
        Counters::add(&self.surroundings.counters.connections, 1);
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Server {
            name: joined.server.clone(),
            exports: joined.exports.clone(),
        };
    }

    pub(crate) fn meeting(&self) -> Meeting<'_> {
        Meeting {
            rendezvous: &self.rendezvous,
            device: self.device.as_deref(),
            client_address: self.client_address,
            bytes: self.region_bytes,
        }
    }

    fn server(&self) -> Server {
        self.server.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A channel to one server. Any thread may use it; it finds the server again by itself when that was restarted.
pub struct Client {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Client {
    /// Fails if there is no server now; later it may come and go.
    pub fn connect(options: ConnectOptions) -> Result<Arc<Client>, ClientError> {
        let meeting = Meeting {
            rendezvous: &options.rendezvous,
            device: options.device.as_deref(),
            client_address: options.client_address,
            bytes: options.region_bytes,
        };
        let joined = meeting.meet(None)?;
        let no_thread = |error| ClientError::of_call("starting a thread", &error);
        let (notices, teller) = Notices::start(options.sinks).map_err(no_thread)?;
        let surroundings = Arc::new(Surroundings {
            counters: Counters::default(),
            times: Arc::default(),
            notices: notices.clone(),
            keeper: Bell::default(),
            spin_max: options.spin_max,
            closed: AtomicBool::new(false),
        });
        let link = match Link::new(joined.region.clone(), joined.wake.clone(), surroundings.clone()) {
            Ok(link) => link,
            Err(broken) => {
                notices.close();
                return Err(broken.into());
            }
        };
        let shared = Arc::new(Shared {
            rendezvous: options.rendezvous,
            device: options.device,
            client_address: options.client_address,
            region_bytes: options.region_bytes,
            deadline: options.deadline,
            surroundings,
            link: RwLock::new(link),
            server: Mutex::default(),
        });
        shared.met(&joined);
        let known = Known {
            region: joined.region,
            memory: joined.memory,
        };
        let client = Arc::new(Client {
            shared: shared.clone(),
            threads: Mutex::new(vec![teller]),
        });
        let keeper = std::thread::Builder::new()
            .name("fsva-keeper".into())
            .spawn(move || keeper::keep(&shared, known))
            .map_err(no_thread)?;
        client
            .threads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(keeper);
        client.ping()?;
        Ok(client)
    }

    /// The file behind a descriptor that its user opened for reading or writing on an NFS mount of the server. What this
    /// machine holds of it and has not sent is sent first, so that the server has what was written here before.
    pub fn open(&self, descriptor: BorrowedFd<'_>, who: &Who) -> Result<File, ClientError> {
        let opened = nfs_handle::of_descriptor(descriptor)?;
        nfs_handle_unsafe::flush(descriptor)
            .map_err(|error| ClientError::of_call("flushing the file", &error))?;
        self.open_handle(&opened.handle, opened.access, who)
    }

    /// The file of a handle of the server's, for those who are on its host or ask for handles themselves.
    pub fn open_handle(&self, handle: &[u8], access: u32, who: &Who) -> Result<File, ClientError> {
        let request = OpenRequest {
            handle: handle.to_vec(),
            access,
            uid: who.uid,
            gid: who.gid,
            gids: who.gids.iter().copied().take(GROUPS_MAX).collect(),
        };
        File::open(&self.shared, request)
    }

    /// Memory for reading into and writing from. Up to 512 KiB in pages of 4 KiB, more in pages of 2 MiB.
    pub fn lend(&self, bytes: usize) -> Result<LentBuffer, ClientError> {
        let bytes = u32::try_from(bytes)
            .ok()
            .filter(|bytes| *bytes <= u32::MAX - LARGE_PAGE_BYTES as u32)
            .ok_or(ClientError::NoMemory)?;
        self.shared.link().lending.allocate(bytes).map(LentBuffer::new)
    }

    /// Nothing, to the server and back.
    pub fn ping(&self) -> Result<Duration, ClientError> {
        let start = Instant::now();
        let null = Message {
            op: Op::Null as u16,
            ..Message::default()
        };
        let answer = self.shared.link().call(null, None, self.shared.deadline)?;
        checked(answer, "the null call")?;
        Ok(start.elapsed())
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Requests that are sent together.
    pub fn batch(&self) -> Batch<'_> {
        Batch::new(&self.shared)
    }

    pub fn figures(&self) -> Figures {
        let link = self.shared.link();
        let (small, large) = link.lending.free_pages();
        Figures {
            connected: link.is_connected(),
            free_small_pages: small.into(),
            free_large_pages: large.into(),
            mapped_grants: link.mapped.count() as u64,
            ..self.shared.surroundings.counters.read()
        }
    }

    /// Of each operation that was asked for.
    pub fn op_figures(&self) -> Vec<OpFigures> {
        self.shared.surroundings.times.figures()
    }

    /// Which process of the server was met last, in its own words.
    pub fn server(&self) -> String {
        self.shared.server().name
    }

    /// What the server says it can tell of changes, for each export.
    pub fn exports(&self) -> Vec<ExportCoherence> {
        self.shared.server().exports
    }

    /// Ends the channel: what waits for an answer fails, what is mapped is not valid any more.
    pub fn close(&self) {
        let surroundings = &self.shared.surroundings;
        surroundings.closed.store(true, Ordering::Release);
        self.shared.link().nudge();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let own = std::thread::current().id();
        surroundings.notices.close();
        for thread in threads.into_iter().filter(|thread| thread.thread().id() != own) {
            let _ = thread.join();
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.close();
    }
}
