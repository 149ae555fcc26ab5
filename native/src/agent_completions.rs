//! Answers on their way to JavaScript: whoever receives one puts it here, and wakes the event loop once for all that wait.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fsva_agent::attributes::Attributes;
use fsva_agent::error::ClientError;
use fsva_channel::wake::EventWake;

/// Numbers of one answer: ticket, errno number or 0, bytes, 1 for the end of the file or for committed, and the attributes.
pub const ANSWER_NUMBERS: usize = 24;

/// What one request came to.
pub struct Completion {
    pub ticket: u32,
    pub errno: i32,
    pub bytes: usize,
    pub flag: bool,
    pub attributes: Option<Attributes>,
}

impl Completion {
    pub fn failed(ticket: u32, error: &ClientError) -> Completion {
        Completion {
            ticket,
            errno: error.errno(),
            bytes: 0,
            flag: false,
            attributes: None,
        }
    }

    /// Into the first numbers of an answer.
    pub fn write(&self, numbers: &mut [f64]) {
        let Attributes {
            size,
            used,
            fsid,
            fileid,
            kind,
            mode,
            nlink,
            uid,
            gid,
            rdev_major: _,
            rdev_minor: _,
            atime,
            mtime,
            ctime,
        } = self.attributes.unwrap_or_default();
        let halves = |number: u64| [f64::from(number as u32), f64::from((number >> 32) as u32)];
        let ([fsid_low, fsid_high], [fileid_low, fileid_high]) = (halves(fsid), halves(fileid));
        let all = [
            f64::from(self.ticket),
            f64::from(self.errno),
            self.bytes as f64,
            f64::from(u8::from(self.flag)),
            size as f64,
            used as f64,
            fsid_low,
            fsid_high,
            fileid_low,
            fileid_high,
            f64::from(kind),
            f64::from(mode),
            f64::from(nlink),
            f64::from(uid),
            f64::from(gid),
            f64::from(atime.seconds),
            f64::from(atime.nseconds),
            f64::from(mtime.seconds),
            f64::from(mtime.nseconds),
            f64::from(ctime.seconds),
            f64::from(ctime.nseconds),
        ];
        for (place, number) in numbers.iter_mut().zip(all) {
            *place = number;
        }
    }
}

pub struct Completions {
    queue: Mutex<VecDeque<Completion>>,
    /// JavaScript is looking itself.
    looking: AtomicBool,
    /// Readable when there is something to take.
    event: File,
}

impl Completions {
    pub fn new() -> io::Result<Completions> {
        let [event, _] = EventWake::descriptors()?;
        Ok(Completions {
            queue: Mutex::default(),
            looking: AtomicBool::new(false),
            event: event.into(),
        })
    }

    pub fn descriptor(&self) -> RawFd {
        self.event.as_raw_fd()
    }

    pub fn add(&self, completion: Completion) {
        let mut queue = self.queue();
        queue.push_back(completion);
        // The first one wakes the event loop, for all that come before it takes them.
        let wakes = queue.len() == 1 && !self.looking.load(Ordering::Relaxed);
        drop(queue);
        if wakes {
            self.wake();
        }
    }

    /// What is added from now on wakes nobody, until `looked`.
    pub fn look(&self) {
        self.looking.store(true, Ordering::Relaxed);
    }

    /// The answer of that ticket, if it is there. The others wake the event loop.
    pub fn looked(&self, ticket: u32) -> Option<Completion> {
        let mut queue = self.queue();
        self.looking.store(false, Ordering::Relaxed);
        let at = queue.iter().position(|completion| completion.ticket == ticket);
        let found = at.and_then(|at| queue.remove(at));
        let wakes = !queue.is_empty();
        drop(queue);
        if wakes {
            self.wake();
        }
        found
    }

    pub fn has(&self, ticket: u32) -> bool {
        self.queue().iter().any(|completion| completion.ticket == ticket)
    }

    /// As many as there is room for; how many.
    pub fn take(&self, numbers: &mut [f64]) -> usize {
        // A counter that is 0 already is no fault.
        let _ = (&self.event).read(&mut [0; 8]);
        let mut queue = self.queue();
        let mut count = 0;
        for answer in numbers.chunks_exact_mut(ANSWER_NUMBERS) {
            let Some(completion) = queue.pop_front() else {
                break;
            };
            completion.write(answer);
            count += 1;
        }
        let wakes = !queue.is_empty();
        drop(queue);
        if wakes {
            self.wake();
        }
        count
    }

    fn wake(&self) {
        // A counter that is full has woken it already.
        let _ = (&self.event).write(&1u64.to_ne_bytes());
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Completion>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
