//! One region, and the threads of this process that ask over it.
//!
//! Whoever waits for an answer receives: the first is the leader and finds places for the answers of the others, who look
//! at their places, and sleep if that takes long. A leader that has its answer leaves the lead to one of them. Without
//! any, the keeper (`keeper.rs`) sleeps until the server has something to say, and looks after heartbeats.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fsva_channel::borrower::Borrower;
use fsva_channel::broken::Broken;
use fsva_channel::channel::Channel;
use fsva_channel::geometry::Side;
use fsva_channel::message::Message;
use fsva_channel::protocol::NoticeReader;
use fsva_channel::region::Region;
use fsva_channel::region_unsafe::Memory;
use fsva_channel::sender::{ControlSender, SendError};
use fsva_channel::spin::Spin;
use fsva_channel::wake::Wake;

use crate::error::ClientError;
use crate::figures::Counters;
use crate::lending::Lending;
use crate::mapped::Mapped;
use crate::notices::Notices;
use crate::op_times::OpTimes;
use crate::window::{Callback, Loaned, Outcome, Waiter, Window};

/// Looks at one's own place between two attempts to lead.
const LOOKS_PER_TRY: u32 = 16;

/// What all links of a client have in common.
pub struct Surroundings {
    pub counters: Counters,
    pub times: Arc<OpTimes>,
    pub notices: Arc<Notices>,
    /// Rung when the keeper has something to do at once.
    pub keeper: Bell,
    pub spin_max: Duration,
    pub closed: AtomicBool,
}

#[derive(Default)]
pub struct Bell {
    rung: Mutex<bool>,
    condvar: Condvar,
}

impl Bell {
    pub fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.condvar.notify_all();
    }

    /// True: it was rung, maybe before.
    pub fn wait(&self, timeout: Duration) -> bool {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut rung, _) = self
            .condvar
            .wait_timeout_while(rung, timeout, |rung| !*rung)
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *rung)
    }
}

/// What only the leader has.
pub struct Lead {
    pub channel: Channel,
    pub(crate) spin: Spin,
    pub(crate) reader: NoticeReader,
    /// Why nobody can lead: the keeper has to bring a server first.
    pub broken: Option<Broken>,
    /// Whether the server's process is still the one that was connected before.
    pub(crate) same_server: bool,
}

/// Where an answer is waited for.
#[derive(Default)]
pub(crate) struct Signal {
    pub ready: AtomicBool,
    pub bell: Condvar,
}

pub struct Link {
    pub region: Region,
    pub lending: Arc<Lending>,
    pub borrower: Borrower<Memory>,
    pub mapped: Mapped,
    pub surroundings: Arc<Surroundings>,
    pub(crate) sender: Arc<ControlSender>,
    pub(crate) lead: Mutex<Lead>,
    pub(crate) window: Mutex<Window>,
    pub(crate) signals: Box<[Signal]>,
    /// Threads that sleep and have to be told when nobody leads.
    pub(crate) parked: AtomicUsize,
    pub(crate) beat_due: AtomicBool,
    /// What did not fit into the ring.
    backlog: Mutex<Vec<Message>>,
    pub(crate) has_backlog: AtomicBool,
    pub(crate) connected: AtomicBool,
    pub(crate) start: Instant,
    pub(crate) wake: Mutex<Arc<dyn Wake>>,
}

enum Followed<'a> {
    Answered(Outcome),
    /// Nobody else did.
    Leads(MutexGuard<'a, Lead>),
    Waited,
}

/// How long a caller waits; the clock starts when it has to sleep.
pub struct Patience {
    pub(crate) limit: Duration,
    pub(crate) since: Option<Instant>,
}

/// How long a thread that has other things to do looks for an answer itself.
pub struct Glance<'a> {
    pub time: Duration,
    pub is_over: &'a dyn Fn() -> bool,
}

impl Patience {
    pub fn new(limit: Duration) -> Patience {
        Patience { limit, since: None }
    }

    /// What is left; None: nothing.
    pub fn left(&mut self) -> Option<Duration> {
        let since = *self.since.get_or_insert_with(Instant::now);
        self.limit
            .checked_sub(since.elapsed())
            .filter(|left| !left.is_zero())
    }
}

impl Link {
    pub fn new(
        region: Region,
        wake: Arc<dyn Wake>,
        surroundings: Arc<Surroundings>,
    ) -> Result<Arc<Link>, Broken> {
        let spin = || Spin::new(surroundings.spin_max);
        let mut channel = Channel::join(region, Side::Client, wake.clone(), spin())?;
        let (lender, pool) = channel.take_lending();
        let responses = channel.region.map.geometry.responses;
        Ok(Arc::new(Link {
            region: channel.region.clone(),
            lending: Lending::new(channel.region.memory.clone(), lender, pool),
            borrower: channel.borrower.clone(),
            mapped: Mapped::default(),
            sender: channel.sender(),
            lead: Mutex::new(Lead {
                channel,
                spin: spin(),
                reader: NoticeReader::default(),
                broken: None,
                same_server: false,
            }),
            window: Mutex::new(Window::new(responses, surroundings.times.clone())),
            signals: (0..responses).map(|_| Signal::default()).collect(),
            surroundings,
            parked: AtomicUsize::new(0),
            beat_due: AtomicBool::new(false),
            backlog: Mutex::default(),
            has_backlog: AtomicBool::new(false),
            connected: AtomicBool::new(false),
            start: Instant::now(),
            wake: Mutex::new(wake),
        }))
    }

    pub fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Acquire)
    }

    /// Asks, and waits for the answer. `loaned` stays lent until it is there, even if this thread gives up before.
    pub fn call(&self, request: Message, loaned: Loaned, limit: Duration) -> Outcome {
        let mut patience = Patience::new(limit);
        let mut lead = self.try_lead();
        if let Some(lead) = &mut lead {
            lead.channel.expect(1);
        }
        let outcome = self
            .ask(request, Waiter::Thread, loaned, &mut lead, &mut patience)
            .and_then(|place| self.wait(place, &mut lead, &mut patience));
        if let Some(lead) = lead {
            self.leave(lead);
        }
        outcome
    }

    /// Asks for all of it with one publication, and waits for all answers. The window must have room for so many.
    pub fn call_all(&self, requests: Vec<(Message, Loaned)>, limit: Duration) -> Vec<Outcome> {
        let mut patience = Patience::new(limit);
        let mut lead = self.try_lead();
        if let Some(lead) = &mut lead {
            lead.channel.expect(requests.len() as u64);
        }
        let mut messages = Vec::with_capacity(requests.len());
        let mut places = Vec::with_capacity(requests.len());
        let mut epoch = None;
        for (request, loaned) in requests {
            let begun = self.begin(request, Waiter::Thread, loaned, &mut lead, &mut patience);
            places.push(begun.map(|(message, at)| {
                epoch = at;
                messages.push(message);
                self.place_of(&message)
            }));
        }
        self.send(&messages, epoch);
        let outcomes = places
            .into_iter()
            .map(|place| self.wait(place?, &mut lead, &mut patience))
            .collect();
        if let Some(lead) = lead {
            self.leave(lead);
        }
        outcomes
    }

    /// Asks without waiting for room (Busy), and looks for the answer for as long as `glance` says; who receives it later tells
    /// the callback, which must not take long.
    pub fn call_back(
        &self,
        request: Message,
        loaned: Loaned,
        callback: Callback,
        limit: Duration,
        glance: &Glance<'_>,
    ) -> Result<(), ClientError> {
        let mut lead = self.try_lead();
        if let Some(lead) = &mut lead {
            lead.channel.expect(1);
        }
        let waiter = Waiter::Callback(callback, Instant::now() + limit);
        let asked = self.ask(
            request,
            waiter,
            loaned,
            &mut lead,
            &mut Patience::new(Duration::ZERO),
        );
        if let Some(mut lead) = lead {
            if asked.is_ok() {
                self.glance(&mut lead, glance);
            }
            self.leave(lead);
        }
        asked.map(drop)
    }

    /// Asks, and has the answer told by whoever receives it, which must not take long.
    pub fn submit(
        &self,
        request: Message,
        loaned: Loaned,
        waiter: Waiter,
        limit: Duration,
    ) -> Result<usize, ClientError> {
        self.ask(request, waiter, loaned, &mut None, &mut Patience::new(limit))
    }

    fn ask(
        &self,
        request: Message,
        waiter: Waiter,
        loaned: Loaned,
        lead: &mut Option<MutexGuard<'_, Lead>>,
        patience: &mut Patience,
    ) -> Result<usize, ClientError> {
        let (message, epoch) = self.begin(request, waiter, loaned, lead, patience)?;
        self.send(&[message], epoch);
        Ok(self.place_of(&message))
    }

    /// The message with its id, and the epoch for which it is to be sent. Waits while the window is full.
    fn begin(
        &self,
        request: Message,
        mut waiter: Waiter,
        mut loaned: Loaned,
        lead: &mut Option<MutexGuard<'_, Lead>>,
        patience: &mut Patience,
    ) -> Result<(Message, Option<u64>), ClientError> {
        loop {
            if self.surroundings.closed.load(Ordering::Acquire) {
                self.end(loaned);
                return Err(ClientError::Closed);
            }
            let mut window = self.window();
            match window.begin(request, waiter, loaned) {
                Ok(message) => {
                    let place = window.place_of(message.request_id);
                    self.signals[place].ready.store(false, Ordering::Relaxed);
                    Counters::add(&self.surroundings.counters.requests, 1);
                    return Ok((message, window.epoch));
                }
                Err(back) => (waiter, loaned) = back,
            }
            drop(window);
            Counters::add(&self.surroundings.counters.full_windows, 1);
            if patience.limit.is_zero() {
                self.end(loaned);
                return Err(ClientError::Busy);
            }
            if patience.left().is_none() {
                self.end(loaned);
                return Err(self.late(!self.is_connected()));
            }
            // Answers make room; without a leader nobody takes them.
            match lead.take() {
                Some(lead) => self.leave(lead),
                None => {
                    if let Some(mut lead) = self.try_lead() {
                        let _ = self.receive(&mut lead, None);
                        self.leave(lead);
                    }
                    std::thread::sleep(Duration::from_micros(50));
                }
            }
        }
    }

    pub(crate) fn send(&self, messages: &[Message], epoch: Option<u64>) {
        // Without a server: it is sent when there is one, as everything that is unanswered.
        let Some(epoch) = epoch else { return };
        match self.sender.send(messages, epoch) {
            Ok(sent) if sent == messages.len() => {}
            Ok(sent) => {
                self.backlog().extend(&messages[sent..]);
                self.has_backlog.store(true, Ordering::Release);
                self.want_beat();
                self.nudge();
            }
            Err(SendError::NotConnected) => {}
            // Whoever leads finds the same.
            Err(SendError::Broken(_)) => {
                self.want_beat();
                self.nudge();
            }
        }
    }

    /// Until the answer is in its place, leading if nobody else does.
    fn wait<'a>(
        &'a self,
        place: usize,
        lead: &mut Option<MutexGuard<'a, Lead>>,
        patience: &mut Patience,
    ) -> Outcome {
        loop {
            if let Some(leading) = lead {
                if let Some(outcome) = self.lead_until(leading, place, patience) {
                    return outcome;
                }
                if let Some(broken) = lead.take_if(|lead| lead.broken.is_some()) {
                    self.leave(broken);
                }
            } else {
                match self.follow(place, patience) {
                    Followed::Answered(outcome) => return outcome,
                    Followed::Leads(leading) => {
                        *lead = Some(leading);
                        continue;
                    }
                    Followed::Waited => {}
                }
            }
            if patience.left().is_none() {
                let mut window = self.window();
                if let Some(outcome) = window.take(place) {
                    return outcome;
                }
                let is_gone = window.epoch.is_none();
                let loaned = window.abandon(place);
                drop(window);
                self.end(loaned);
                return Err(self.late(is_gone));
            }
        }
    }

    fn late(&self, is_gone: bool) -> ClientError {
        if self.surroundings.closed.load(Ordering::Acquire) {
            ClientError::Closed
        } else if is_gone {
            ClientError::Disconnected
        } else {
            Counters::add(&self.surroundings.counters.timeouts, 1);
            ClientError::TimedOut
        }
    }

    /// Waits for another leader to put the answer into its place.
    fn follow(&self, place: usize, patience: &mut Patience) -> Followed<'_> {
        let signal = &self.signals[place];
        let start = Instant::now();
        loop {
            if let Some(lead) = self.try_lead() {
                return Followed::Leads(lead);
            }
            for _ in 0..LOOKS_PER_TRY {
                if signal.ready.load(Ordering::Acquire)
                    && let Some(outcome) = self.window().take(place)
                {
                    return Followed::Answered(outcome);
                }
                std::hint::spin_loop();
            }
            if start.elapsed() >= self.surroundings.spin_max {
                break;
            }
        }
        let Some(left) = patience.left() else {
            return Followed::Waited;
        };
        let mut window = self.window();
        if let Some(outcome) = window.take(place) {
            return Followed::Answered(outcome);
        }
        window.parked.push(place);
        self.parked.fetch_add(1, Ordering::SeqCst);
        // A leader that left before it could see this thread here has left the lead free.
        let lead = self.try_lead();
        if lead.is_none() {
            Counters::add(&self.surroundings.counters.sleeps, 1);
            (window, _) = signal
                .bell
                .wait_timeout(window, left)
                .unwrap_or_else(PoisonError::into_inner);
        }
        self.unpark(&mut window, place);
        match lead {
            Some(lead) => Followed::Leads(lead),
            None => window.take(place).map_or(Followed::Waited, Followed::Answered),
        }
    }

    /// True: its thread was asleep, or about to be.
    pub(crate) fn unpark(&self, window: &mut Window, place: usize) -> bool {
        let at = window.parked.iter().position(|parked| *parked == place);
        if let Some(at) = at {
            window.parked.swap_remove(at);
            self.parked.fetch_sub(1, Ordering::Relaxed);
        }
        at.is_some()
    }

    /// Has the keeper look at once.
    pub fn nudge(&self) {
        self.surroundings.keeper.ring();
        self.wake().interrupt();
    }

    pub fn wake(&self) -> Arc<dyn Wake> {
        self.wake.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn place_of(&self, message: &Message) -> usize {
        (message.request_id & (self.signals.len() as u64 - 1)) as usize
    }

    pub(crate) fn end(&self, loaned: Loaned) {
        if let Some((reference, pages)) = loaned {
            self.lending.end(reference, pages);
        }
    }

    pub(crate) fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn backlog(&self) -> MutexGuard<'_, Vec<Message>> {
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
