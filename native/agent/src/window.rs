//! What was asked and is not answered: each request keeps its id, and what it needs is kept, until its answer is there.

use std::sync::Arc;
use std::time::Instant;

use fsva_channel::message::{GrantRef, Message};
use fsva_channel::requests::Requests;

use crate::error::ClientError;
use crate::lending::Pages;
use crate::op_times::OpTimes;

/// What the server may still use until it has answered.
pub type Loaned = Option<(GrantRef, Arc<Pages>)>;
pub type Outcome = Result<Message, ClientError>;
pub type Callback = Box<dyn FnOnce(Outcome) + Send>;

/// Who wants the answer.
pub enum Waiter {
    /// A thread, which looks into the place.
    Thread,
    /// To be told, at the latest then.
    Callback(Callback, Instant),
    /// Whoever asked has given up, or never cared.
    Nobody,
}

enum Place {
    Free,
    Asked {
        waiter: Waiter,
        loaned: Loaned,
    },
    /// Until the thread takes it.
    Answered(Outcome),
}

/// Unanswered requests.
pub struct Window {
    requests: Requests,
    places: Vec<Place>,
    /// When those that are timed were asked, by place.
    begun: Vec<Option<Instant>>,
    times: Arc<OpTimes>,
    /// The server's epoch, while requests may be sent to it.
    pub epoch: Option<u64>,
    /// Threads that sleep until somebody tells them, by place.
    pub parked: Vec<usize>,
}

/// What became of an answer.
pub enum Delivered {
    /// Nobody asked for it, or it was there before.
    Stray,
    /// A thread finds it at that place.
    To(usize, Loaned),
    /// To be called without the lock.
    Call(Callback, Outcome, Loaned),
    Dropped(Loaned),
}

impl Window {
    pub fn new(responses: u64, times: Arc<OpTimes>) -> Window {
        Window {
            requests: Requests::new(responses),
            places: (0..responses).map(|_| Place::Free).collect(),
            begun: (0..responses).map(|_| None).collect(),
            times,
            epoch: None,
            parked: Vec::new(),
        }
    }

    /// The message with its id. None, and everything given back: the window is full.
    pub fn begin(
        &mut self,
        request: Message,
        waiter: Waiter,
        loaned: Loaned,
    ) -> Result<Message, (Waiter, Loaned)> {
        let place = self.place_of(self.requests.next_id());
        if !matches!(self.places[place], Place::Free) {
            return Err((waiter, loaned));
        }
        let Ok(request) = self.requests.begin(request) else {
            return Err((waiter, loaned));
        };
        self.places[place] = Place::Asked { waiter, loaned };
        self.begun[place] = self.times.begin(request.op);
        Ok(request)
    }

    pub fn answer(&mut self, answer: &Message) -> Delivered {
        let Some(request) = self.requests.answered(answer) else {
            return Delivered::Stray;
        };
        let place = self.place_of(request.request_id);
        if request.op == answer.op {
            self.times.end(request.op, self.begun[place].take());
            self.settle(place, Ok(*answer))
        } else {
            self.settle(place, Err(ClientError::Nonsense("an answer to something else")))
        }
    }

    /// Ends everything that is unanswered.
    pub fn fail_all(&mut self, error: impl Fn() -> ClientError) -> Vec<Delivered> {
        self.epoch = None;
        let mut delivered = Vec::new();
        for request in self.requests.unanswered() {
            let _ = self.requests.answered(&request);
            let place = self.place_of(request.request_id);
            delivered.push(self.settle(place, Err(error())));
        }
        delivered
    }

    fn settle(&mut self, place: usize, outcome: Outcome) -> Delivered {
        match std::mem::replace(&mut self.places[place], Place::Free) {
            Place::Asked {
                waiter: Waiter::Thread,
                loaned,
            } => {
                self.places[place] = Place::Answered(outcome);
                Delivered::To(place, loaned)
            }
            Place::Asked {
                waiter: Waiter::Callback(callback, _),
                loaned,
            } => Delivered::Call(callback, outcome, loaned),
            Place::Asked { loaned, .. } => Delivered::Dropped(loaned),
            Place::Free | Place::Answered(_) => Delivered::Stray,
        }
    }

    /// The answer for a thread, if it is there.
    pub fn take(&mut self, place: usize) -> Option<Outcome> {
        match std::mem::replace(&mut self.places[place], Place::Free) {
            Place::Answered(outcome) => Some(outcome),
            other => {
                self.places[place] = other;
                None
            }
        }
    }

    /// The thread waits no longer; what was asked may still happen, and what it needs is kept until it is answered. Without a
    /// server it is not asked again: whoever is told that there is none may have it done by NFS. Its loan has to be ended.
    pub fn abandon(&mut self, place: usize) -> Loaned {
        if self.epoch.is_none() {
            return self.forget(place);
        }
        match &mut self.places[place] {
            Place::Asked { waiter, .. } => *waiter = Waiter::Nobody,
            answered @ Place::Answered(_) => *answered = Place::Free,
            Place::Free => {}
        }
        None
    }

    /// Those who were to be told by now, and loans that have to be ended; as with `abandon`.
    pub fn expire(&mut self, now: Instant) -> Vec<(Callback, Loaned)> {
        let is_gone = self.epoch.is_none();
        let mut expired = Vec::new();
        for at in 0..self.places.len() {
            let Place::Asked { waiter, .. } = &mut self.places[at] else {
                continue;
            };
            if matches!(waiter, Waiter::Callback(_, until) if *until <= now)
                && let Waiter::Callback(callback, _) = std::mem::replace(waiter, Waiter::Nobody)
            {
                let loaned = if is_gone { self.forget(at) } else { None };
                expired.push((callback, loaned));
            }
        }
        expired
    }

    fn forget(&mut self, place: usize) -> Loaned {
        self.requests.forget(place);
        self.begun[place] = None;
        match std::mem::replace(&mut self.places[place], Place::Free) {
            Place::Asked { loaned, .. } => loaned,
            Place::Free | Place::Answered(_) => None,
        }
    }

    /// What has to be sent in a new epoch.
    pub fn unanswered(&self) -> Vec<Message> {
        self.requests.unanswered()
    }

    pub fn place_of(&self, id: u64) -> usize {
        (id & (self.places.len() as u64 - 1)) as usize
    }
}
