//! The reply record (fsva_core::reply_record) for one JavaScript thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fsva_core::caller::CallerId;
use fsva_core::engine::Engine;
use fsva_core::reply_record::{Begun, CallIdentity, Keep, RECORD_BYTES_MAX, RECORD_BYTES_MIN, ReplyRecord};
use napi::bindgen_prelude::{Buffer, Object};
use napi::{Env, Result};
use napi_derive::napi;

use crate::core::{NativeCore, failure};
use crate::reply_waiters::ReplyWaiters;

/// What `begin` answers instead of the number of a new call.
const ANSWERED: i32 = -1;
const RUNNING: i32 = -2;
const UNTRACKED: i32 = -3;
const STALE_CALLER: i32 = -4;

/// What a server finds when it opens its record.
#[napi(object)]
pub struct ReplyFindings {
    pub replies: u32,
    pub doubts: u32,
    pub happened: u32,
    pub warnings: Vec<String>,
}

#[napi(object)]
pub struct ReplyFigures {
    pub held: f64,
    pub held_bytes: f64,
    pub replayed: f64,
    pub inherited: f64,
    pub joined: f64,
    pub resumed: f64,
    pub evicted: f64,
    pub unrecorded: f64,
}

#[napi]
pub struct NativeReplies {
    /// None once it is closed.
    open: Option<(Arc<Engine>, Arc<ReplyRecord>)>,
    /// The last reply found, until JavaScript takes it.
    answer: Option<Vec<u8>>,
    waiters: Arc<ReplyWaiters>,
}

#[napi]
impl NativeCore {
    /// Once, after the exports are loaded. `lasting`: in the state directory.
    #[napi]
    pub fn open_replies(&self, lasting: bool, bytes: f64) -> Result<ReplyFindings> {
        let bytes = bytes as usize;
        if !(RECORD_BYTES_MIN..=RECORD_BYTES_MAX).contains(&bytes) {
            return Err(failure(format!(
                "a reply record has {RECORD_BYTES_MIN} to {RECORD_BYTES_MAX} bytes, not {bytes}"
            )));
        }
        let findings = self.engine()?.open_replies(lasting, bytes).map_err(failure)?;
        Ok(ReplyFindings {
            replies: findings.replies as u32,
            doubts: findings.doubts as u32,
            happened: findings.happened as u32,
            warnings: findings.warnings,
        })
    }
}

#[napi]
impl NativeReplies {
    #[napi(constructor)]
    pub fn new(core: &NativeCore) -> Result<NativeReplies> {
        let engine = core.engine()?.clone();
        let record = engine
            .replies()
            .ok_or_else(|| failure("the reply record has not been opened"))?
            .clone();
        Ok(NativeReplies {
            open: Some((engine, record)),
            answer: None,
            waiters: Arc::default(),
        })
    }

    /// Lets go of the core. What is begun from now on is not recorded; what waits is told that there is no reply: it may
    /// be another thread's call that hangs, and what waits keeps this one.
    #[napi]
    pub fn close(&mut self) {
        self.open = None;
        self.waiters.close();
    }

    /// The number of a new call, or one of the constants above. `brief`: remembered only while it runs.
    #[napi]
    #[allow(clippy::too_many_arguments)]
    pub fn begin(
        &mut self,
        caller: f64,
        xid: u32,
        program: u32,
        version: u32,
        procedure: u32,
        arguments: &[u8],
        brief: bool,
    ) -> i32 {
        let Some((engine, record)) = &self.open else {
            return UNTRACKED;
        };
        let Ok(caller) = engine.guard.callers.get(CallerId::from_number(caller)) else {
            return STALE_CALLER;
        };
        let call = CallIdentity {
            client: caller.identity.address,
            xid,
            program,
            version,
            procedure,
            arguments,
        };
        match record.begin(&call, keep(brief)) {
            Begun::New(number) => number as i32,
            Begun::Answered(reply) => {
                engine.answers_again(caller.identity.address);
                self.answer = Some(reply);
                ANSWERED
            }
            Begun::Running => RUNNING,
            Begun::Untracked => UNTRACKED,
        }
    }

    /// After ANSWERED: the reply.
    #[napi]
    pub fn take(&mut self) -> Buffer {
        Buffer::from(self.answer.take().unwrap_or_default())
    }

    /// After RUNNING, with the same arguments: the reply when the call ends, or null if it ends without, or
    /// this is closed before.
    #[napi(ts_return_type = "Promise<Buffer | null>")]
    #[allow(clippy::too_many_arguments)]
    pub fn wait<'env>(
        &self,
        env: &'env Env,
        caller: f64,
        xid: u32,
        program: u32,
        version: u32,
        procedure: u32,
        arguments: &[u8],
        brief: bool,
    ) -> Result<Object<'env>> {
        let Some((engine, record)) = &self.open else {
            return Err(failure("the reply record has been closed"));
        };
        let caller = engine
            .guard
            .callers
            .get(CallerId::from_number(caller))
            .map_err(failure)?;
        let call = CallIdentity {
            client: caller.identity.address,
            xid,
            program,
            version,
            procedure,
            arguments,
        };
        let (deferred, promise) = env.create_deferred()?;
        record.wait(&call, keep(brief), self.waiters.add(deferred));
        Ok(promise)
    }

    /// The reply message of the call, from the xid on; none if it is not answered.
    #[napi]
    pub fn end(&self, number: u32, reply: Option<&[u8]>) {
        if let Some((_, record)) = &self.open {
            record.end(number, reply);
        }
    }

    #[napi]
    pub fn figures(&self) -> Result<ReplyFigures> {
        let Some((_, record)) = &self.open else {
            return Err(failure("the reply record has been closed"));
        };
        let (held, held_bytes) = record.held();
        let counters = &record.counters;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64;
        Ok(ReplyFigures {
            held: held as f64,
            held_bytes: held_bytes as f64,
            replayed: read(&counters.replayed),
            inherited: read(&counters.inherited),
            joined: read(&counters.joined),
            resumed: read(&counters.resumed),
            evicted: read(&counters.evicted),
            unrecorded: read(&counters.unrecorded),
        })
    }
}

fn keep(brief: bool) -> Keep {
    if brief { Keep::WhileRunning } else { Keep::Reply }
}
