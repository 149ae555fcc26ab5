//! TCP connections for JavaScript without Node's streams: one watch of the event loop for all of them, one crossing for
//! each read and each write.

use std::io::{self, ErrorKind, IoSlice};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use fsva_core::foreign_buffer_unsafe::ForeignBytes;
use fsva_core::sender::Sender;
use fsva_core::stream_unsafe::{self as stream, PIECES_MAX, Readiness, Selector};
use napi::bindgen_prelude::{Function, Uint8ArraySlice, Uint32ArraySlice};
use napi::{Env, Error, Result};
use napi_derive::napi;

use crate::loop_watch_unsafe::LoopWatch;

/// Bits of an entry that `look` reports, below the socket's number.
const READABLE: u32 = 1;
const WRITABLE: u32 = 2;
const FAILED: u32 = 4;
/// What was to be sent later has been sent, or no more can be for now.
const SENT: u32 = 8;
const NUMBER_SHIFT: u32 = 4;
/// The sender's own among the sockets' numbers.
const SENDER: u32 = u32::MAX;
/// Answered by `read` and `write` if that has to wait.
const AGAIN: i32 = -1;
/// Answered by `read` and `write` if the connection is broken.
const BROKEN: i32 = -2;

#[napi]
pub struct NativeSockets {
    selector: Selector,
    watch: Option<LoopWatch>,
    /// Started when it is wanted first.
    sender: Option<Arc<Sender>>,
    /// By number; free numbers are used again.
    sockets: Vec<Option<Arc<OwnedFd>>>,
    free: Vec<u32>,
}

#[napi]
impl NativeSockets {
    /// `ready` is called when `look` has something to report.
    #[napi(constructor)]
    pub fn new(env: Env, ready: Function<'_, (), ()>) -> Result<Self> {
        let selector = Selector::new().map_err(failure)?;
        let watch = LoopWatch::start(&env, selector.descriptor().as_raw_fd(), &ready)?;
        Ok(NativeSockets {
            selector,
            watch: Some(watch),
            sender: None,
            sockets: Vec::new(),
            free: Vec::new(),
        })
    }

    /// Takes over the descriptor of a connection; answers its number. Nothing is waited for yet.
    #[napi]
    pub fn add(&mut self, fd: i32) -> Result<u32> {
        // SAFETY: the caller has it from the acceptor and gives it away.
        let socket = unsafe { OwnedFd::from_raw_fd(fd) };
        let number = self.free.last().copied().unwrap_or(self.sockets.len() as u32);
        self.selector
            .add(socket.as_fd(), number, Readiness::default())
            .map_err(failure)?;
        if self.free.pop().is_none() {
            self.sockets.push(None);
        }
        self.sockets[number as usize] = Some(Arc::new(socket));
        Ok(number)
    }

    /// What the socket is waited for from now on.
    #[napi]
    pub fn wait_for(&self, number: u32, readable: bool, writable: bool) -> Result<()> {
        let Some(socket) = self.socket(number) else {
            return Ok(());
        };
        let wanted = Readiness {
            readable,
            writable,
            failed: false,
        };
        self.selector
            .change(socket.as_fd(), number, wanted)
            .map_err(failure)
    }

    /// Fills `found` with number and readiness of those that are ready now, or within the time given, and answers how
    /// many. The thread does not sleep meanwhile. With `until_wanted`, the time is over as soon as the event loop has
    /// anything else to do.
    #[napi]
    pub fn look(
        &mut self,
        mut found: Uint32ArraySlice<'_>,
        spin_microseconds: u32,
        until_wanted: bool,
    ) -> Result<u32> {
        // SAFETY: JavaScript runs no code meanwhile, and its memory stays.
        let found = unsafe { found.as_mut() };
        let mut count = 0;
        let spin = Duration::from_micros(spin_microseconds.into());
        let watch = self.watch.as_ref();
        let is_wanted = || until_wanted && watch.is_some_and(LoopWatch::has_events);
        let mut is_sender_ready = false;
        self.selector
            .look(spin, is_wanted, |number, readiness| {
                if number == SENDER {
                    is_sender_ready = true;
                    return;
                }
                let readable = if readiness.readable { READABLE } else { 0 };
                let writable = if readiness.writable { WRITABLE } else { 0 };
                let failed = if readiness.failed { FAILED } else { 0 };
                // The rest is reported again the next time.
                if let Some(entry) = found.get_mut(count) {
                    *entry = number << NUMBER_SHIFT | readable | writable | failed;
                    count += 1;
                }
            })
            .or_else(|error| match error.kind() {
                ErrorKind::Interrupted => Ok(0),
                _ => Err(failure(error)),
            })?;
        if let Some(sender) = self.sender.as_ref().filter(|_| is_sender_ready) {
            sender.done_numbers(|number| {
                let place = found.get_mut(count);
                let has_room = place.is_some();
                if let Some(entry) = place {
                    *entry = number << NUMBER_SHIFT | SENT;
                    count += 1;
                }
                has_room
            });
        }
        Ok(count as u32)
    }

    /// The number of bytes read, 0 after the peer's last one, AGAIN or BROKEN.
    #[napi]
    pub fn read(&self, number: u32, mut buffer: Uint8ArraySlice<'_>) -> i32 {
        let Some(socket) = self.socket(number) else {
            return BROKEN;
        };
        // SAFETY: JavaScript runs no code meanwhile, and its memory stays.
        let buffer = unsafe { buffer.as_mut() };
        transferred(stream::receive(socket.as_fd(), buffer))
    }

    /// The number of bytes that the kernel took, AGAIN or BROKEN.
    #[napi]
    pub fn write(&self, number: u32, bytes: Uint8ArraySlice<'_>) -> i32 {
        let Some(socket) = self.socket(number) else {
            return BROKEN;
        };
        transferred(stream::send(socket.as_fd(), &[IoSlice::new(&bytes)]))
    }

    /// As `write`, of as many pieces as go at once.
    #[napi]
    pub fn write_pieces(&self, number: u32, pieces: Vec<Uint8ArraySlice<'_>>) -> i32 {
        let Some(socket) = self.socket(number) else {
            return BROKEN;
        };
        let slices: Vec<IoSlice<'_>> = pieces
            .iter()
            .take(PIECES_MAX)
            .map(|piece| IoSlice::new(piece))
            .collect();
        transferred(stream::send(socket.as_fd(), &slices))
    }

    /// Has another thread write the pieces, which stay as they are until `look` reports it and `sent_later` is asked, or
    /// until `remove`; nothing else is written meanwhile. False if there can be no such thread.
    #[napi]
    pub fn send_later(&mut self, env: Env, number: u32, pieces: Vec<Uint8ArraySlice<'_>>) -> Result<bool> {
        if self.sender.is_none() {
            let Ok(sender) = Sender::start() else {
                return Ok(false);
            };
            let wanted = Readiness {
                readable: true,
                ..Readiness::default()
            };
            self.selector
                .add(sender.descriptor(), SENDER, wanted)
                .map_err(failure)?;
            let sender = Arc::new(sender);
            env.add_env_cleanup_hook(Arc::downgrade(&sender), |sender| {
                if let Some(sender) = sender.upgrade() {
                    sender.end();
                }
            })?;
            self.sender = Some(sender);
        }
        let (Some(sender), Some(Some(socket))) = (&self.sender, self.sockets.get(number as usize)) else {
            return Ok(false);
        };
        let pieces = pieces
            .iter()
            // SAFETY: native-stream.ts holds the pieces until it has asked for the outcome, or removed the socket; the
            // sender ends before the environment does.
            .map(|piece| unsafe { ForeignBytes::new(piece.as_ptr(), piece.len()) })
            .collect();
        sender.send(number, socket.clone(), pieces);
        Ok(true)
    }

    /// The number of bytes that the kernel took of them, fewer than there were if it takes no more for now, or BROKEN; AGAIN if
    /// that is not known yet, or has been asked.
    #[napi]
    pub fn sent_later(&self, number: u32) -> i32 {
        match self.sender.as_ref().and_then(|sender| sender.take(number)) {
            Some(outcome) => transferred(outcome),
            None => AGAIN,
        }
    }

    /// Nothing more will be written.
    #[napi]
    pub fn finish(&self, number: u32) {
        if let Some(socket) = self.socket(number) {
            // It fails only if the connection is gone already.
            let _ = stream::finish(socket.as_fd());
        }
    }

    /// Closes the connection; its number may be another's from the next `add` on.
    #[napi]
    pub fn remove(&mut self, number: u32) {
        let socket = self.sockets.get_mut(number as usize).and_then(Option::take);
        if socket.is_some() {
            // Closed here, as whose number is nobody's any more.
            if let Some(sender) = &self.sender {
                sender.call_off(number);
            }
            self.free.push(number);
        }
    }

    /// Closes everything and calls `ready` no more.
    #[napi]
    pub fn close(&mut self) {
        self.watch = None;
        self.sender = None;
        self.sockets.clear();
        self.free.clear();
    }

    /// The address at this end, textual; IPv4-mapped IPv6 addresses as they are.
    #[napi]
    pub fn local_address(&self, number: u32) -> String {
        self.socket(number)
            .and_then(|socket| stream::local_address(socket.as_fd()).ok())
            .map_or_else(String::new, |address| address.ip().to_string())
    }

    fn socket(&self, number: u32) -> Option<&OwnedFd> {
        self.sockets.get(number as usize)?.as_deref()
    }
}

fn transferred(result: io::Result<usize>) -> i32 {
    match result {
        // A buffer of JavaScript's has less than 2^31 bytes here: records and replies are bounded.
        Ok(count) => i32::try_from(count).unwrap_or(i32::MAX),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => AGAIN,
        Err(_) => BROKEN,
    }
}

fn failure(error: io::Error) -> Error {
    Error::from_reason(error.to_string())
}
