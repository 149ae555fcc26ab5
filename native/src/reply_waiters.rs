//! The promises of one JavaScript thread that wait for replies to calls that run, on whatever thread.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use fsva_core::reply_record::Waiter;
use napi::bindgen_prelude::Buffer;
use napi::{Env, JsDeferred, Result};

type Resolver = Box<dyn FnOnce(Env) -> Result<Option<Buffer>>>;
/// Until it is resolved the thread cannot end by itself.
pub type Deferred = JsDeferred<Option<Buffer>, Resolver>;

#[derive(Default)]
pub struct ReplyWaiters {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: HashMap<u64, Deferred>,
    added: u64,
}

impl ReplyWaiters {
    /// What resolves it, unless `close` has done so before.
    pub fn add(self: &Arc<Self>, deferred: Deferred) -> Waiter {
        let mut state = self.state.lock().unwrap();
        state.added += 1;
        let number = state.added;
        state.waiting.insert(number, deferred);
        let waiters = self.clone();
        Box::new(move |reply| waiters.resolve(number, reply))
    }

    fn resolve(&self, number: u64, reply: Option<&[u8]>) {
        let waiting = self.state.lock().unwrap().waiting.remove(&number);
        if let Some(deferred) = waiting {
            resolve(deferred, reply.map(<[u8]>::to_vec));
        }
    }

    /// There is no reply for those that wait.
    pub fn close(&self) {
        let waiting = std::mem::take(&mut self.state.lock().unwrap().waiting);
        for deferred in waiting.into_values() {
            resolve(deferred, None);
        }
    }
}

fn resolve(deferred: Deferred, reply: Option<Vec<u8>>) {
    deferred.resolve(Box::new(move |_| Ok(reply.map(Buffer::from))));
}
