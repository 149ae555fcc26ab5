//! The thread that owns a channel: takes requests, has them executed, sends answers.
//!
//! Everything that a session knows belongs to this thread. What can be done without waiting it does itself; the rest is
//! done by the threads of the export, whose results come by the mailbox. So a slow file system holds up neither the other
//! requests of the session nor other sessions.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use fsva_channel::broken::Broken;
use fsva_channel::channel::{Channel, Event, Incoming};
use fsva_channel::message::Message;
use fsva_channel::protocol::Op;
use fsva_channel::requests::Requests;
use fsva_channel::response_cache::Admission;
use fsva_channel::sender::SendError;
use fsva_channel::session::HEARTBEAT_INTERVAL;
use fsva_core::answer::Answer;
use fsva_core::call::Output;
use fsva_core::caller::CallerId;
use fsva_core::engine::{Engine, Operation, Started};
use fsva_core::errno::Errno;

use crate::claims::Unclaimed;
use crate::execute::{self, Earlier};
use crate::kept_area::KeptArea;
use crate::lent_pages::LentPages;
use crate::looking::Looking;
use crate::mailbox::Mail;
use crate::open_files::{OpenFiles, SessionClient};
use crate::session::{End, Shared};
use crate::under_way::{Known, Pending, UnderWay};

/// Requests executed before their answers are sent.
const BATCH: usize = 16;
/// Of ours at a time. The client's requests fill at most half of the ring: there is room for these.
pub const INVALIDATIONS_MAX: u64 = 8;
/// A client that does not take its answers, though it has asked for as many as it may, is looked after so often.
const BACKLOG_WAIT: Duration = Duration::from_millis(1);

pub(crate) struct Desk {
    pub channel: Channel,
    pub engine: Arc<Engine>,
    pub client: SessionClient,
    pub shared: Arc<Shared>,
    pub open_files: OpenFiles,
    pub lent: LentPages,
    pub looking: Looking,
    /// INVALIDATE PAGEs that the client has not answered.
    pub invalidations: Requests,
    /// One for which there was no room.
    pub invalidation: Option<Message>,
    under_way: UnderWay,
    /// Answers and requests of ours that are to be sent.
    pub outgoing: Vec<Message>,
    /// Counts the client's processes, as far as this one knows.
    process: u64,
    /// What an operation answers besides the fixed part.
    bytes: Vec<u8>,
    /// Keeps connections of one address apart in the pools' queues.
    port: u16,
    started: Instant,
}

impl Desk {
    pub fn new(
        mut channel: Channel,
        engine: Arc<Engine>,
        client: SessionClient,
        shared: Arc<Shared>,
    ) -> Result<Desk, Broken> {
        let kept = KeptArea::take(&channel.region, &mut channel.pool)?;
        let open_files = OpenFiles::restore(kept.open_files, &client, &engine.guard.callers);
        let server = channel.region.map.server;
        let memory = channel.region.memory.clone();
        let restored = std::mem::take(&mut channel.restored);
        let lent = LentPages::new(memory, server, channel.take_lending(), kept.lent);
        let mut desk = Desk {
            lent,
            looking: Looking::default(),
            invalidations: Requests::new(INVALIDATIONS_MAX),
            invalidation: None,
            under_way: UnderWay::new(channel.region.map.geometry.responses),
            port: channel.region.instance as u16,
            channel,
            engine,
            client,
            shared,
            open_files,
            outgoing: Vec::new(),
            process: 0,
            bytes: Vec::new(),
            started: Instant::now(),
        };
        desk.restore(&restored)?;
        desk.count_load();
        Ok(desk)
    }

    /// Until the session ends, and nothing of it is under way any more.
    pub fn serve(mut self) -> End {
        let end = loop {
            match self.round() {
                Ok(None) => {}
                Ok(Some(end)) => break end,
                Err(Broken::WakeLost) => break End::ClientGone,
                Err(broken) => break End::Broken(broken),
            }
        };
        // Who does not hear it notices by the heartbeat.
        let _ = self.channel.close();
        self.shared.counters.connected.set(0);
        while self.under_way.len() > 0 {
            for (ticket, _) in self.shared.mailbox.wait().results {
                if let Some(pending) = self.under_way.take(ticket) {
                    pending.claims.release(&self.channel.borrower);
                }
            }
        }
        self.count_load();
        end
    }

    fn round(&mut self) -> Result<Option<End>, Broken> {
        self.channel.beat();
        match self.channel.poll(self.started.elapsed())? {
            Event::Same => {}
            Event::PeerBegan { same_process, .. } => self.client_began(same_process)?,
            Event::Connected { .. } => self.client_came(),
            Event::PeerDead => {
                self.shared.counters.connected.set(0);
                self.channel.begin_again()?;
            }
        }
        if let Some(mail) = self.shared.mailbox.take() {
            let stop = mail.stop;
            self.drain(mail)?;
            if stop {
                return Ok(Some(End::Closed));
            }
        }
        let mut taken = 0;
        while taken < BATCH && self.outgoing.len() < BATCH {
            match self.channel.receive()? {
                Some(Incoming::Control(request)) => self.request(&request)?,
                // Clients have nothing to hint at yet.
                Some(Incoming::Hint(_) | Incoming::Gap(_)) => {}
                None => break,
            }
            taken += 1;
        }
        if self.channel.is_connected() {
            self.look()?;
        }
        self.send()?;
        if !self.outgoing.is_empty() {
            thread::sleep(BACKLOG_WAIT);
        } else if taken < BATCH {
            self.channel
                .wait_besides(HEARTBEAT_INTERVAL, &self.shared.mailbox)?;
        }
        Ok(None)
    }

    fn client_began(&mut self, same_process: bool) -> Result<(), Broken> {
        self.shared.counters.connected.set(0);
        // Answers of before are in the response cache, or their requests are sent again.
        self.outgoing.clear();
        if !same_process {
            self.process += 1;
            self.shared.counters.clients.add(1);
            self.open_files.clear();
            self.forget_holder()?;
        }
        self.count_load();
        Ok(())
    }

    fn drain(&mut self, mail: Mail) -> Result<(), Broken> {
        // First what changed: what was read may be from before.
        for file in mail.changed {
            self.file_changed(file)?;
        }
        if mail.resync {
            self.doubt_everything();
        }
        for (ticket, reply) in mail.results {
            if let Some(pending) = self.under_way.take(ticket) {
                self.finish(pending, &reply.answer)?;
            }
        }
        self.count_load();
        Ok(())
    }

    fn request(&mut self, request: &Message) -> Result<(), Broken> {
        self.shared.counters.requests.add(1);
        let Some(op) = Op::from_number(request.op) else {
            self.fail(request, Errno::NOSYS);
            return Ok(());
        };
        if op == Op::Null {
            self.outgoing.push(answer_to(request));
            return Ok(());
        }
        if op == Op::InvalidatePage {
            self.invalidated(request);
            return Ok(());
        }
        if request.request_id == 0 {
            return Err(Broken::Forged);
        }
        match self.under_way.find(request.request_id, self.process) {
            Known::No => {}
            Known::UnderWay => return Ok(()),
            Known::Overtaken => return Err(Broken::Forged),
        }
        let mut earlier = Earlier::Nothing;
        if !op.once() {
            // Its grants were released when it was answered, and can't be claimed again.
            if let Some(answer) = self.under_way.answer_to(request.request_id, self.process) {
                self.shared.counters.repeated.add(1);
                self.outgoing.push(answer);
                return Ok(());
            }
        } else {
            let Some(responses) = &mut self.channel.responses else {
                return Err(Broken::Forged);
            };
            match responses.admit(request.request_id)? {
                Admission::Execute => {}
                Admission::InDoubt => {
                    earlier = Earlier::Begun;
                    self.shared.counters.in_doubt.add(1);
                }
                Admission::Happened => earlier = Earlier::Happened,
                // It named pages that were lent to nobody when an earlier process was killed.
                Admission::Answer(answer) if op == Op::MapPage && !self.lent.all_lent(&answer.grants) => {
                    responses.execute_again(request.request_id);
                }
                Admission::Answer(answer) => {
                    self.shared.counters.repeated.add(1);
                    self.outgoing.push(answer);
                    return Ok(());
                }
                Admission::Running | Admission::Old => return Ok(()),
            }
        }
        let begun = execute::begin(self, op, request, earlier);
        self.unless_answered(request, begun)
    }

    /// Answers with what went wrong.
    pub fn unless_answered(&mut self, request: &Message, begun: Result<(), Unclaimed>) -> Result<(), Broken> {
        match begun {
            Ok(()) => Ok(()),
            Err(Unclaimed::Errno(errno)) => {
                self.fail(request, errno);
                Ok(())
            }
            Err(Unclaimed::Broken(broken)) => Err(broken),
        }
    }

    /// Does the operation on this thread if it can't block, else has it done; `finish` follows in any case.
    pub fn start<O: Operation>(
        &mut self,
        caller: CallerId,
        operation: O,
        mut pending: Pending,
    ) -> Result<(), Unclaimed> {
        pending.process = self.process;
        let Some(ticket) = self.under_way.next() else {
            execute::abandon(self, pending);
            return Err(Unclaimed::Errno(Errno::JUKEBOX));
        };
        let mut answer = Answer {
            flags: u32::from(self.port),
            ..Answer::default()
        };
        let mut output = Output {
            answer: &mut answer,
            bytes: &mut self.bytes,
        };
        let shared = self.shared.clone();
        let finish = move |reply| shared.mailbox.result(ticket, reply);
        match self.engine.start(caller, operation, &mut output, finish) {
            Started::Done => {
                self.shared.counters.inline.add(1);
                self.finish(pending, &answer).map_err(Unclaimed::Broken)
            }
            Started::Pending => {
                self.shared.counters.queued.add(1);
                self.under_way.insert(pending);
                self.count_load();
                Ok(())
            }
        }
    }

    fn finish(&mut self, pending: Pending, result: &Answer) -> Result<(), Broken> {
        if pending.process != self.process {
            execute::abandon(self, pending);
            return Ok(());
        }
        execute::finish(self, pending, result)
    }

    pub fn fail(&mut self, request: &Message, errno: Errno) {
        self.answer(Message {
            status: errno.0 as u32,
            ..answer_to(request)
        });
    }

    /// Keeps the answer, if that is necessary, and sends it with the others.
    pub fn answer(&mut self, answer: Message) {
        if answer.status != 0 {
            self.shared.counters.failed.add(1);
        }
        let once = Op::from_number(answer.op).is_some_and(Op::once);
        if once && let Some(responses) = &mut self.channel.responses {
            responses.complete(&answer);
        }
        self.under_way.answered(&answer, self.process);
        self.outgoing.push(answer);
    }

    fn send(&mut self) -> Result<(), Broken> {
        if self.outgoing.is_empty() {
            return Ok(());
        }
        match self
            .channel
            .sender()
            .send(&self.outgoing, self.channel.peer_epoch())
        {
            Ok(sent) => drop(self.outgoing.drain(..sent)),
            // The client sends again what is not answered.
            Err(SendError::NotConnected) => self.outgoing.clear(),
            Err(SendError::Broken(_)) if !self.channel.is_connected() => self.outgoing.clear(),
            Err(SendError::Broken(broken)) => return self.unless_begun_anew(broken),
        }
        Ok(())
    }

    /// A client that begins anew zeroes its indices, which looks like a fault until its epoch is seen.
    fn unless_begun_anew(&mut self, broken: Broken) -> Result<(), Broken> {
        match self.channel.poll(self.started.elapsed())? {
            Event::Same if self.channel.is_connected() => Err(broken),
            Event::PeerBegan { same_process, .. } => self.client_began(same_process),
            Event::Connected { .. } => {
                self.client_came();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    pub fn count_load(&self) {
        let counters = &self.shared.counters;
        counters.under_way.set(self.under_way.len() as u64);
        counters.open_files.set(self.open_files.len() as u64);
        counters.lent_grants.set(self.lent.lent());
        counters.cached_pages.set(self.lent.pages());
        counters.quarantined_grants.set(self.lent.quarantined());
    }
}

/// The answer that says nothing yet.
pub fn answer_to(request: &Message) -> Message {
    Message {
        op: request.op,
        request_id: request.request_id,
        ..Message::default()
    }
}
