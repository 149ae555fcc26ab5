//! A thread that gives large replies to the kernel, so that the event loop, which is wanted for small calls, does not copy
//! them. It never waits for a peer: what the kernel does not take is its user's again.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

use crate::foreign_buffer_unsafe::ForeignBytes;
use crate::socket_unsafe as socket;
use crate::stream_unsafe as stream;

/// Given to the kernel for one connection before the next one has its turn; as long may calling one off take.
const TURN_BYTES_MAX: usize = 128 << 10;

/// How far it came: the number of bytes that the kernel took, fewer than there were if it takes no more for now.
pub type Sent = io::Result<usize>;

struct Work {
    socket: Arc<OwnedFd>,
    pieces: Vec<ForeignBytes>,
    bytes: usize,
    sent: usize,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(u32, Work)>,
    /// Being given to the kernel.
    current: Option<u32>,
    /// `current` is to be forgotten.
    is_called_off: bool,
    done: VecDeque<(u32, Sent)>,
    has_ended: bool,
}

struct Shared {
    state: Mutex<State>,
    work: Condvar,
    /// `current` is no more, having been called off, or because of the end.
    forgotten: Condvar,
    /// An eventfd, readable while there is something done.
    event: OwnedFd,
}

/// One send at a time for each connection, by a number of the user's. Its memory stays as it is until the send is done or
/// called off. Dropping it calls everything off.
pub struct Sender {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Sender {
    pub fn start() -> io::Result<Sender> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            work: Condvar::new(),
            forgotten: Condvar::new(),
            event: socket::event()?,
        });
        let of_thread = shared.clone();
        let thread = std::thread::Builder::new()
            .name("fsva-send".into())
            .spawn(move || send_all(&of_thread))?;
        Ok(Sender {
            shared,
            thread: Some(thread),
        })
    }

    /// Readable while there is something done that has not been taken.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.shared.event.as_fd()
    }

    /// Nothing else of this number is under way.
    pub fn send(&self, number: u32, socket: Arc<OwnedFd>, pieces: Vec<ForeignBytes>) {
        let bytes = pieces.iter().map(ForeignBytes::len).sum();
        let work = Work {
            socket,
            pieces,
            bytes,
            sent: 0,
        };
        self.shared
            .state
            .lock()
            .unwrap()
            .waiting
            .push_back((number, work));
        self.shared.work.notify_one();
    }

    /// Of which numbers something is done, as long as `found` answers true.
    pub fn done_numbers(&self, mut found: impl FnMut(u32) -> bool) {
        let state = self.shared.state.lock().unwrap();
        state.done.iter().all(|(number, _)| found(*number));
    }

    /// None if it is not done, or has been taken.
    pub fn take(&self, number: u32) -> Option<Sent> {
        let mut state = self.shared.state.lock().unwrap();
        let place = state.done.iter().position(|(of, _)| *of == number)?;
        let (_, sent) = state.done.remove(place)?;
        self.shared.reset_if_none(&state);
        Some(sent)
    }

    /// The memory and the socket of that number are not used any more. Waits for one system call at most, which itself
    /// waits for nothing.
    pub fn call_off(&self, number: u32) {
        let mut state = self.shared.state.lock().unwrap();
        state.waiting.retain(|(of, _)| *of != number);
        state.done.retain(|(of, _)| *of != number);
        self.shared.reset_if_none(&state);
        if state.current == Some(number) {
            state.is_called_off = true;
            let called_off = |state: &mut State| state.is_called_off;
            drop(self.shared.forgotten.wait_while(state, called_off).unwrap());
        }
    }
}

impl Sender {
    /// No memory is used any more, nor will be; waits for as long as `call_off`.
    pub fn end(&self) {
        let mut state = self.shared.state.lock().unwrap();
        state.has_ended = true;
        state.waiting.clear();
        state.done.clear();
        self.shared.work.notify_all();
        let under_way = |state: &mut State| state.current.is_some();
        drop(self.shared.forgotten.wait_while(state, under_way).unwrap());
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.end();
        if let Some(thread) = self.thread.take() {
            // It does not panic.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn reset_if_none(&self, state: &State) {
        if state.done.is_empty() {
            socket::reset(&self.event);
        }
    }
}

fn send_all(shared: &Shared) {
    let mut state = shared.state.lock().unwrap();
    loop {
        let nothing = |state: &mut State| state.waiting.is_empty() && !state.has_ended;
        state = shared.work.wait_while(state, nothing).unwrap();
        if state.has_ended {
            return;
        }
        let Some((number, mut work)) = state.waiting.pop_front() else {
            continue;
        };
        state.current = Some(number);
        drop(state);
        let outcome = work.go_on();
        state = shared.state.lock().unwrap();
        state.current = None;
        if state.is_called_off || state.has_ended {
            drop(work);
            state.is_called_off = false;
            shared.forgotten.notify_all();
        } else if let Some(outcome) = outcome {
            // Who hears of it may close the socket.
            drop(work);
            state.done.push_back((number, outcome));
            socket::signal(&shared.event);
        } else {
            state.waiting.push_back((number, work));
        }
    }
}

impl Work {
    /// None if the kernel may take more.
    fn go_on(&mut self) -> Option<Sent> {
        let sent = stream::send_foreign(self.socket.as_fd(), &self.pieces, self.sent, TURN_BYTES_MAX);
        match sent {
            Ok(count) => self.sent += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Some(Ok(self.sent)),
            Err(error) => return Some(Err(error)),
        }
        (self.sent == self.bytes).then_some(Ok(self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    /// A sender, and a socket of a peer that reads what it is told to.
    fn pair() -> (Sender, Arc<OwnedFd>, UnixStream) {
        let (socket, peer) = UnixStream::pair().unwrap();
        (Sender::start().unwrap(), Arc::new(OwnedFd::from(socket)), peer)
    }

    fn pieces(of: &[&[u8]]) -> Vec<ForeignBytes> {
        of.iter()
            // SAFETY: the tests keep the memory until the send is done or called off.
            .map(|piece| unsafe { ForeignBytes::new(piece.as_ptr(), piece.len()) })
            .collect()
    }

    fn outcome(sender: &Sender, number: u32) -> Sent {
        socket::wait_readable(sender.descriptor().as_raw_fd(), sender.descriptor().as_raw_fd());
        let mut found = Vec::new();
        sender.done_numbers(|number| {
            found.push(number);
            true
        });
        assert!(found.contains(&number));
        sender.take(number).unwrap()
    }

    fn is_signalled(sender: &Sender) -> bool {
        let mut event = libc::pollfd {
            fd: sender.descriptor().as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: event is one pollfd.
        unsafe { libc::poll(&mut event, 1, 0) == 1 }
    }

    #[test]
    fn what_the_kernel_does_not_take_is_given_again() {
        let (sender, socket, mut peer) = pair();
        let data: Vec<u8> = (0..3_000_000u32).map(|at| (at * 7 / 5) as u8).collect();
        let (mut sent, mut heard) = (0, Vec::new());
        while sent < data.len() {
            let (first, second) = data[sent..].split_at((data.len() - sent) / 3);
            sender.send(5, socket.clone(), pieces(&[first, &[], second]));
            let count = outcome(&sender, 5).unwrap();
            assert!(count <= data.len() - sent);
            assert!(sender.take(5).is_none(), "once");
            assert!(!is_signalled(&sender));
            let mut part = vec![0; count];
            peer.read_exact(&mut part).unwrap();
            heard.extend(part);
            sent += count;
        }
        assert!(heard == data);
    }

    #[test]
    fn a_broken_connection_is_an_error() {
        let (sender, socket, peer) = pair();
        drop(peer);
        sender.send(1, socket, pieces(&[b"x"]));
        assert_eq!(outcome(&sender, 1).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn what_is_not_taken_is_told_again() {
        let (sender, socket, _peer) = pair();
        let (other, _other_peer) = UnixStream::pair().unwrap();
        sender.send(1, socket, pieces(&[b"one"]));
        assert!(socket::wait_readable(-1, sender.descriptor().as_raw_fd()));
        sender.send(2, Arc::new(other.into()), pieces(&[b"two"]));
        let mut both = Vec::new();
        while both.len() < 2 {
            both.clear();
            sender.done_numbers(|number| {
                both.push(number);
                true
            });
        }
        let mut first = Vec::new();
        sender.done_numbers(|number| {
            first.push(number);
            false
        });
        assert_eq!((both, first), (vec![1, 2], vec![1]));
        assert_eq!(sender.take(1).unwrap().unwrap(), 3);
        assert!(is_signalled(&sender));
        assert_eq!(sender.take(2).unwrap().unwrap(), 3);
        assert!(!is_signalled(&sender));
    }

    /// Sends whose memory changes as soon as it may again: a byte of what came later would be heard.
    #[test]
    fn called_off_it_touches_neither_memory_nor_socket() {
        for round in 0..200 {
            let (sender, socket, mut peer) = pair();
            let mut data = vec![1u8; 150_000];
            sender.send(3, socket.clone(), pieces(&[&data]));
            if round % 2 == 0 {
                std::thread::yield_now();
            }
            sender.call_off(3);
            data.fill(2);
            assert!(sender.take(3).is_none());
            assert!(!is_signalled(&sender));
            assert_eq!(Arc::strong_count(&socket), 1, "nobody else can keep it open");
            drop(socket);
            let mut heard = Vec::new();
            peer.read_to_end(&mut heard).unwrap();
            assert!(heard.iter().all(|byte| *byte == 1));
        }
    }

    #[test]
    fn its_end_calls_everything_off() {
        let (sender, socket, mut peer) = pair();
        let data = vec![1u8; 10_000_000];
        for number in 0..50 {
            sender.send(number, socket.clone(), pieces(&[&data]));
        }
        drop(sender);
        assert_eq!(Arc::strong_count(&socket), 1);
        drop((data, socket));
        peer.read_to_end(&mut Vec::new()).unwrap();
    }
}
