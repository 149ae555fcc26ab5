//! The clients of the side channel and their sessions, as the threads of the rendezvous and JavaScript's share them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use fsva_appliance::coherence::{Attachment, Coherence};
use fsva_appliance::rendezvous::{Arrival, Peer};
use fsva_appliance::rendezvous_hello::{Hello, LifeSign, Prepared};
use fsva_appliance::rendezvous_region::Device;
use fsva_appliance::session::{End, Session};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

#[napi(object)]
#[derive(Default)]
pub struct SideChannelEvent {
    /// "hello": `id` waits for `refuse` or `prepare`. "refused": before it was heard. "ended": the session `id`.
    pub kind: String,
    pub id: u32,
    /// Of a peer on another machine.
    pub address: Option<String>,
    pub port: Option<u32>,
    /// Of a peer on this one.
    pub uid: Option<u32>,
    /// What it said, or why it was refused, or why the session ended.
    pub text: String,
    /// Others that were refused and are not told of.
    pub untold: f64,
    /// How the session ended: "closed", "gone" or "broken".
    pub end: Option<String>,
}

pub(crate) struct Running {
    pub session: Arc<Session>,
    pub life: LifeSign,
    /// As the client, and for the pages lent to it. None until the file systems have been looked at.
    pub attached: Option<[Attachment; 2]>,
}

pub(crate) type Notify =
    ThreadsafeFunction<SideChannelEvent, (), SideChannelEvent, napi::Status, false, true>;

pub(crate) struct Shared {
    notify: Notify,
    /// Number of whoever comes next: its session has the same.
    next: AtomicU32,
    pub heard: Mutex<HashMap<u32, Hello>>,
    pub prepared: Mutex<HashMap<u32, Prepared>>,
    pub running: Mutex<HashMap<u32, Running>>,
    pub devices: Mutex<Vec<Arc<Device>>>,
    pub coherence: Arc<Coherence>,
}

impl Shared {
    pub fn new(notify: Notify, coherence: Arc<Coherence>) -> Shared {
        Shared {
            notify,
            next: AtomicU32::new(1),
            heard: Mutex::default(),
            prepared: Mutex::default(),
            running: Mutex::default(),
            devices: Mutex::default(),
            coherence,
        }
    }

    /// From now on the session is told of changes.
    pub fn attach(&self, id: u32, address: IpAddr) {
        let session = match lock(&self.running).get(&id) {
            Some(running) => running.session.clone(),
            None => return,
        };
        let lent_pages = session.lent_pages();
        let attached = [
            self.coherence.subscribe_all(lent_pages.clone()),
            self.coherence.attach(address, session),
        ];
        // What was lent before was looked at while nobody listened, and nobody knew its handles: it is looked at again.
        lent_pages.resync();
        // Else it has ended meanwhile.
        if let Some(running) = lock(&self.running).get_mut(&id) {
            running.attached = Some(attached);
        }
    }

    fn tell(&self, event: SideChannelEvent) {
        self.notify.call(event, ThreadsafeFunctionCallMode::NonBlocking);
    }

    pub fn arrived(&self, arrival: Arrival) {
        match arrival {
            Arrival::Hello(hello) => {
                let id = self.next.fetch_add(1, Ordering::Relaxed);
                let event = SideChannelEvent {
                    kind: "hello".into(),
                    id,
                    text: hello.text.clone(),
                    ..of(&hello.peer)
                };
                lock(&self.heard).insert(id, hello);
                self.tell(event);
            }
            Arrival::Refused(refusal) => self.tell(SideChannelEvent {
                kind: "refused".into(),
                text: refusal.why.into(),
                untold: refusal.untold as f64,
                ..of(&refusal.peer)
            }),
        }
    }

    pub fn ended(&self, id: u32, end: End) {
        let (end, text) = match end {
            End::Closed => ("closed", String::new()),
            End::ClientGone => ("gone", String::new()),
            End::Broken(broken) => ("broken", broken.to_string()),
        };
        self.tell(SideChannelEvent {
            kind: "ended".into(),
            id,
            text,
            end: Some(end.into()),
            ..SideChannelEvent::default()
        });
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

fn of(peer: &Peer) -> SideChannelEvent {
    match peer {
        Peer::Local { uid, .. } => SideChannelEvent {
            uid: Some(*uid),
            ..SideChannelEvent::default()
        },
        Peer::Remote(address) => SideChannelEvent {
            address: Some(address.ip().to_canonical().to_string()),
            port: Some(address.port().into()),
            ..SideChannelEvent::default()
        },
    }
}
