//! The answering side's memory of what it answered: a request that comes again is not executed again.
//!
//! What counts is private. The region has a copy of it, which outlives a killed server: its next process reads it, and
//! finds of each request that it was answered, that it happened (`HappenedMark`), or that it was begun and may or may not
//! have happened (`InDoubt`).

use std::mem::offset_of;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::{Arc, Mutex, PoisonError};

use crate::broken::Broken;
use crate::happened_mark::HappenedMark;
use crate::layout::CachedResponse;
use crate::message::{CONTROL_WORDS, Message, Stamp};
use crate::words::Words;

const TAG: usize = offset_of!(CachedResponse, tag);
const CLIENT_PROCESS: usize = offset_of!(CachedResponse, client_process);
const ANSWER: usize = offset_of!(CachedResponse, answer);
pub(crate) const STARTED: u64 = 1;
const DONE: u64 = 2;
pub(crate) const HAPPENED: u64 = 3;
/// An id and a state share a word.
const ID_MAX: u64 = u64::MAX >> 2;
/// Cached answers are stamped anew when they are sent.
const UNSTAMPED: Stamp = Stamp {
    epoch: 0,
    sequence: 0,
};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Entry {
    Empty,
    Started(u64),
    /// Started by an earlier process.
    InDoubt(u64),
    /// Started by an earlier process, which saw its effects.
    Happened(u64),
    Done(u64, Message),
}

impl Entry {
    fn id(&self) -> u64 {
        match *self {
            Entry::Empty => 0,
            Entry::Started(id) | Entry::InDoubt(id) | Entry::Happened(id) | Entry::Done(id, _) => id,
        }
    }
}

/// What is to be done with a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admission {
    /// It is new.
    Execute,
    /// It was answered; this is the answer.
    Answer(Message),
    /// It is being executed: its answer will come.
    Running,
    /// An earlier process had begun it: whoever executes must find out whether it happened.
    InDoubt,
    /// An earlier process executed it, and did not come to answer.
    Happened,
    /// The client has its answer.
    Old,
}

#[derive(Debug)]
pub struct ResponseCache<M> {
    memory: M,
    at: usize,
    entries: Vec<Entry>,
    client_process: u64,
    /// The same for marks, which other threads set.
    current: Arc<Mutex<u64>>,
}

impl<M: Words> ResponseCache<M> {
    /// What an earlier process left for this client process, if anything.
    pub fn restore(memory: M, at: usize, responses: u64, client_process: u64) -> Self {
        assert!(responses.is_power_of_two());
        let mut cache = ResponseCache {
            memory,
            at,
            entries: vec![Entry::Empty; responses as usize],
            client_process,
            current: Arc::new(Mutex::new(client_process)),
        };
        for index in 0..cache.entries.len() {
            cache.entries[index] = cache.read(index);
        }
        cache
    }

    /// The client's process began anew: what it had asked before, nobody waits for.
    pub fn forget(&mut self, client_process: u64) {
        self.client_process = client_process;
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = client_process;
        self.entries.fill(Entry::Empty);
        for index in 0..self.entries.len() {
            self.memory.store(self.word(index, TAG), 0, Relaxed);
        }
    }

    /// To be asked for every request that must not happen twice, before it is executed.
    pub fn admit(&mut self, request_id: u64) -> Result<Admission, Broken> {
        if request_id == 0 || request_id > ID_MAX {
            return Err(Broken::Forged);
        }
        let index = self.index(request_id);
        let entry = self.entries[index];
        if request_id < entry.id() {
            return Ok(Admission::Old);
        }
        if request_id > entry.id() {
            self.start(index, request_id);
            return Ok(Admission::Execute);
        }
        Ok(match entry {
            Entry::Done(_, answer) => Admission::Answer(answer),
            Entry::InDoubt(id) => {
                self.entries[index] = Entry::Started(id);
                Admission::InDoubt
            }
            Entry::Happened(id) => {
                self.entries[index] = Entry::Started(id);
                Admission::Happened
            }
            Entry::Started(_) | Entry::Empty => Admission::Running,
        })
    }

    /// After `Answer`, if that has turned out to be worth nothing: as if the request had just been admitted.
    pub fn execute_again(&mut self, request_id: u64) {
        let index = self.index(request_id);
        if matches!(self.entries[index], Entry::Done(id, _) if id == request_id) {
            self.start(index, request_id);
        }
    }

    /// Before the answer is sent. False: nobody waits for it any more.
    pub fn complete(&mut self, answer: &Message) -> bool {
        let index = self.index(answer.request_id);
        if self.entries[index] != Entry::Started(answer.request_id) {
            return false;
        }
        self.entries[index] = Entry::Done(answer.request_id, *answer);
        for (word, value) in answer.encode(UNSTAMPED).iter().enumerate() {
            self.memory
                .store(self.word(index, ANSWER + word * 8), *value, Relaxed);
        }
        let tag = answer.request_id << 2 | DONE;
        self.memory.store(self.word(index, TAG), tag, Release);
        true
    }

    /// For whoever executes what was just admitted.
    pub fn mark(&self, request_id: u64) -> HappenedMark<M>
    where
        M: Clone,
    {
        HappenedMark {
            memory: self.memory.clone(),
            tag_at: self.word(self.index(request_id), TAG),
            request_id,
            client_process: self.client_process,
            current: self.current.clone(),
        }
    }

    fn start(&mut self, index: usize, request_id: u64) {
        self.entries[index] = Entry::Started(request_id);
        self.memory.store(self.word(index, TAG), 0, Release);
        let process = self.word(index, CLIENT_PROCESS);
        self.memory.store(process, self.client_process, Release);
        self.memory
            .store(self.word(index, TAG), request_id << 2 | STARTED, Release);
        // Not before this may the request's effects begin: whoever is killed after them must have left this.
        self.memory.fence();
    }

    fn read(&self, index: usize) -> Entry {
        let tag = self.memory.load(self.word(index, TAG), Acquire);
        let process = self.memory.load(self.word(index, CLIENT_PROCESS), Relaxed);
        let id = tag >> 2;
        if id == 0 || self.index(id) != index || process != self.client_process {
            return Entry::Empty;
        }
        match tag & 3 {
            STARTED => Entry::InDoubt(id),
            HAPPENED => Entry::Happened(id),
            DONE => {
                let word = |word: usize| self.memory.load(self.word(index, ANSWER + word * 8), Relaxed);
                let (answer, _) = Message::decode(&std::array::from_fn::<_, CONTROL_WORDS, _>(word));
                // Of a forged answer only the client that forged it could be the victim.
                let answer = Message {
                    request_id: id,
                    ..answer
                };
                Entry::Done(id, answer)
            }
            _ => Entry::Empty,
        }
    }

    fn index(&self, id: u64) -> usize {
        (id & (self.entries.len() as u64 - 1)) as usize
    }

    fn word(&self, index: usize, word: usize) -> usize {
        self.at + index * size_of::<CachedResponse>() + word
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::heap_words::HeapWords;

    const PROCESS: u64 = 3;

    fn answer(request_id: u64) -> Message {
        Message {
            request_id,
            status: 5,
            ..Message::default()
        }
    }

    fn open(memory: &HeapWords) -> ResponseCache<HeapWords> {
        ResponseCache::restore(memory.clone(), 0, 4, PROCESS)
    }

    #[test]
    fn a_request_is_executed_once() {
        let memory = HeapWords::new(4 * 128);
        let mut cache = open(&memory);
        assert_eq!(cache.admit(1), Ok(Admission::Execute));
        assert_eq!(cache.admit(1), Ok(Admission::Running));
        assert!(cache.complete(&answer(1)));
        assert_eq!(cache.admit(1), Ok(Admission::Answer(answer(1))));
        assert_eq!(cache.admit(5), Ok(Admission::Execute));
        assert_eq!(cache.admit(1), Ok(Admission::Old));
        assert!(!cache.complete(&answer(1)));
        assert!(cache.complete(&answer(5)));
        cache.execute_again(1);
        assert_eq!(cache.admit(5), Ok(Admission::Answer(answer(5))));
        cache.execute_again(5);
        assert_eq!(cache.admit(5), Ok(Admission::Running));
        assert!(cache.complete(&answer(5)));
        assert_eq!(cache.admit(0), Err(Broken::Forged));
        assert_eq!(cache.admit(u64::MAX), Err(Broken::Forged));
    }

    #[test]
    fn the_next_process_knows_what_was_answered_and_what_was_begun() {
        let memory = HeapWords::new(4 * 128);
        let mut cache = open(&memory);
        for id in [1, 2] {
            cache.admit(id).unwrap();
        }
        assert!(cache.complete(&answer(1)));
        let mut next = open(&memory);
        assert_eq!(next.admit(1), Ok(Admission::Answer(answer(1))));
        assert_eq!(next.admit(2), Ok(Admission::InDoubt));
        assert_eq!(next.admit(2), Ok(Admission::Running));
        assert_eq!(next.admit(3), Ok(Admission::Execute));
        assert!(next.complete(&answer(2)));
        let mut other_client = ResponseCache::restore(memory.clone(), 0, 4, PROCESS + 1);
        assert_eq!(other_client.admit(1), Ok(Admission::Execute));
        next.forget(PROCESS + 2);
        assert_eq!(next.admit(2), Ok(Admission::Execute));
    }

    #[test]
    fn what_happened_is_known_to_the_next_process() {
        let memory = HeapWords::new(4 * 128);
        let mut cache = open(&memory);
        for id in [1, 2, 3] {
            cache.admit(id).unwrap();
        }
        let late = cache.mark(3);
        cache.mark(1).set();
        cache.mark(2).set();
        assert!(cache.complete(&answer(2)));
        cache.mark(2).set();
        let mut next = open(&memory);
        assert_eq!(next.admit(1), Ok(Admission::Happened));
        assert_eq!(next.admit(1), Ok(Admission::Running));
        assert_eq!(
            next.admit(2),
            Ok(Admission::Answer(answer(2))),
            "an answer says more"
        );
        assert_eq!(next.admit(3), Ok(Admission::InDoubt));
        // The client's next process uses the same id, and what the old one asked for ends only now.
        cache.forget(PROCESS + 1);
        cache.admit(3).unwrap();
        late.set();
        let mut next = ResponseCache::restore(memory.clone(), 0, 4, PROCESS + 1);
        assert_eq!(next.admit(3), Ok(Admission::InDoubt));
    }

    proptest! {
        /// Whatever the client writes over the copy, the next process starts, and answers only with the id asked for.
        #[test]
        fn a_forged_copy_is_harmless(words in prop::collection::vec(prop_oneof![any::<u64>(), 0..40u64], 64), id in 1..40u64) {
            let memory = HeapWords::new(4 * 128);
            for (word, value) in words.iter().enumerate() {
                memory.store(word * 8, *value, Relaxed);
            }
            let mut cache = open(&memory);
            if let Admission::Answer(answer) = cache.admit(id).unwrap() {
                prop_assert_eq!(answer.request_id, id);
            }
        }
    }
}
