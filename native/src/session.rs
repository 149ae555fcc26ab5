//! The operations of the Vfs interface as calls of numbers and bytes. One session per JavaScript thread.
//!
//! A call returns the status when the answer is there, in the answer buffer, or PENDING; then the answer comes by
//! the completion queue, under the ticket that JavaScript chose. The queue is drained by one wake-up for as many
//! completions as there are.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use fsva_core::answer::{ANSWER_BYTES, Answer};
use fsva_core::call::{Output, UntrustedHandle};
use fsva_core::caller::CallerId;
use fsva_core::engine::{Engine, Operation, Reply, Started};
use fsva_core::errno::Errno;
use fsva_core::intent::Intended;
use fsva_core::name::Name;
use napi::bindgen_prelude::{Buffer, Function, Uint8ArraySlice};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Result, Status};
use napi_derive::napi;

use crate::core::{NativeCore, failure};
use crate::ending;

/// Returned instead of a status when the answer comes later.
pub const PENDING: i32 = -1;
/// Bytes of one completion in the buffer given to `drain`: ticket, bytes that `take_bytes` has, then the answer.
const COMPLETION_BYTES: usize = 8 + ANSWER_BYTES;
/// Added to the count that `drain` returns if there is more.
const MORE: u32 = 1 << 16;
/// Completions, and their bytes of variable length, that wait to be drained; threads that have more wait themselves.
const COMPLETED_MAX: usize = 64;
const COMPLETED_BYTES_MAX: usize = 1 << 20;
/// A JavaScript thread that hangs shall not keep others from being served.
const ROOM_WAIT_MAX: Duration = Duration::from_secs(1);
/// Bytes of variable length that one `drain` hands over, but for one completion: JavaScript turns them into objects.
const DRAINED_BYTES_MAX: usize = 256 << 10;
/// How long the end of a JavaScript thread waits for operations that use its buffers.
const TEARDOWN_WAIT: Duration = Duration::from_secs(30);
/// As much for the end of the process, which nothing survives: a hung file system must not keep it from ending.
const EXIT_WAIT: Duration = Duration::from_secs(3);
/// How often a thread that waits looks whether the process ends meanwhile.
const END_LOOK: Duration = Duration::from_millis(100);

type WakeUp = ThreadsafeFunction<(), (), (), Status, false, true>;

#[derive(Default)]
struct Queue {
    completed: VecDeque<(u32, Box<Reply>)>,
    /// Bytes of variable length in those.
    bytes: usize,
    /// Started and not completed yet: these may use JavaScript's buffers.
    running: usize,
    /// Nobody drains it any more.
    closed: bool,
}

impl Queue {
    fn is_full(&self) -> bool {
        self.completed.len() >= COMPLETED_MAX || self.bytes >= COMPLETED_BYTES_MAX
    }
}

struct Completions {
    queue: Mutex<Queue>,
    idle: Condvar,
    room: Condvar,
    wake_up: WakeUp,
    /// JavaScript's, which drains the queue and must never wait for room in it.
    thread: ThreadId,
}

impl Completions {
    /// Waits while JavaScript is far behind: threads that ran ahead of it would only take its processor away, and
    /// later calls would wait behind everything that they have finished.
    fn complete(&self, ticket: u32, reply: Box<Reply>) {
        let mut queue = self.queue.lock().unwrap();
        queue.bytes += reply.bytes.len();
        queue.completed.push_back((ticket, reply));
        queue.running -= 1;
        if queue.completed.len() == 1 {
            self.wake_up.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
        if queue.running == 0 {
            self.idle.notify_all();
        }
        if std::thread::current().id() != self.thread {
            let full = |queue: &mut Queue| queue.is_full() && !queue.closed;
            drop(self.room.wait_timeout_while(queue, ROOM_WAIT_MAX, full).unwrap());
        }
    }

    fn close(&self) {
        self.queue.lock().unwrap().closed = true;
        self.room.notify_all();
    }

    fn wait_until_idle(&self) {
        self.close();
        // SAFETY: no memory involved.
        let is_main_thread = unsafe { libc::gettid() == libc::getpid() };
        let mut is_end = is_main_thread;
        let mut deadline = Instant::now() + if is_end { EXIT_WAIT } else { TEARDOWN_WAIT };
        let mut queue = self.queue.lock().unwrap();
        while queue.running > 0 {
            let code = ending::exit_code();
            if code.is_some() && !is_end {
                is_end = true;
                deadline = deadline.min(Instant::now() + EXIT_WAIT);
            }
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                if is_main_thread {
                    return;
                }
                // The buffers are about to be freed while a thread may still fill them.
                if let Some(code) = code {
                    // SAFETY: no memory involved.
                    unsafe { libc::_exit(code) };
                }
                eprintln!(
                    "fsva: aborting: a worker has ended, and {} of its operations still hang in a file system after {} s",
                    queue.running,
                    TEARDOWN_WAIT.as_secs()
                );
                std::process::abort();
            };
            queue = self.idle.wait_timeout(queue, left.min(END_LOOK)).unwrap().0;
        }
    }
}

#[napi]
pub struct NativeSession {
    engine: Option<Arc<Engine>>,
    completions: Arc<Completions>,
    /// JavaScript's memory: kept alive by whoever holds the session, used only within its calls.
    answer: *mut Answer,
    bytes: Vec<u8>,
    /// Drained, but with bytes that have not been taken yet.
    taken: HashMap<u32, Vec<u8>>,
    /// The number in the reply record of the call that the next operation belongs to.
    recorded: Option<u32>,
}

pub(crate) type Fallible<T> = std::result::Result<T, Errno>;

#[napi]
impl NativeSession {
    /// `answer` is memory of at least `answerBytes` that stays where it is as long as the session; `wakeUp` is
    /// called when there is something to drain.
    #[napi(constructor)]
    pub fn new(
        env: Env,
        core: &NativeCore,
        answer: Uint8ArraySlice<'_>,
        wake_up: Function<'_, (), ()>,
    ) -> Result<Self> {
        let answer = answer_memory(answer)?;
        let wake_up = wake_up
            .build_threadsafe_function::<()>()
            .callee_handled::<false>()
            .weak::<true>()
            .build()?;
        let completions = Arc::new(Completions {
            queue: Mutex::default(),
            idle: Condvar::new(),
            room: Condvar::new(),
            wake_up,
            thread: std::thread::current().id(),
        });
        env.add_env_cleanup_hook(completions.clone(), |completions| completions.wait_until_idle())?;
        Ok(NativeSession {
            engine: Some(core.engine()?.clone()),
            completions,
            answer,
            bytes: Vec::new(),
            taken: HashMap::new(),
            recorded: None,
        })
    }

    /// Lets go of the core. What is running finishes; what is started from now on is refused.
    #[napi]
    pub fn close(&mut self) {
        self.completions.close();
        self.engine = None;
    }

    /// The next operation is what the call of this number in the reply record (reply_record.rs) does.
    #[napi]
    pub fn record_next(&mut self, number: u32) {
        self.recorded = Some(number);
    }

    pub(crate) fn start<O: Operation>(&mut self, caller: f64, ticket: u32, operation: Fallible<O>) -> i32 {
        let recorded = self.recorded.take();
        let operation = match operation {
            Ok(operation) => operation,
            Err(errno) => return self.refuse(errno),
        };
        let Some(engine) = &self.engine else {
            return self.refuse(Errno::JUKEBOX);
        };
        let intent = recorded.and_then(|number| engine.replies()?.intent(number));
        let operation = Intended { operation, intent };
        // SAFETY: `new` has checked the memory, its owner keeps it, and only this thread uses it.
        let answer = unsafe { &mut *self.answer };
        self.bytes.clear();
        self.completions.queue.lock().unwrap().running += 1;
        let completions = self.completions.clone();
        let mut output = Output {
            answer,
            bytes: &mut self.bytes,
        };
        let finish = move |reply| completions.complete(ticket, reply);
        match engine.start(CallerId::from_number(caller), operation, &mut output, finish) {
            Started::Done => {
                self.completions.queue.lock().unwrap().running -= 1;
                output.answer.status as i32
            }
            Started::Pending => PENDING,
        }
    }

    /// The bytes of variable length of an answer that was there at once.
    pub(crate) fn copy_bytes(&self, buffer: &mut [u8]) {
        buffer[..self.bytes.len()].copy_from_slice(&self.bytes);
    }

    /// Answers at once, with nothing but an error.
    pub(crate) fn refuse(&mut self, errno: Errno) -> i32 {
        // SAFETY: as in `start`.
        let answer = unsafe { &mut *self.answer };
        *answer = Answer {
            status: errno.0 as u32,
            ..Answer::default()
        };
        errno.0
    }

    /// For what never answers at once: the engine, and where the answer goes. None if the session is closed.
    pub(crate) fn begin(
        &self,
        ticket: u32,
    ) -> Option<(Arc<Engine>, impl FnOnce(Box<Reply>) + Send + 'static)> {
        let engine = self.engine.clone()?;
        self.completions.queue.lock().unwrap().running += 1;
        let completions = self.completions.clone();
        Some((engine, move |reply| completions.complete(ticket, reply)))
    }

    /// Moves completions into the buffer; the number of them, plus MORE if some are left for the next call.
    #[napi]
    pub fn drain(&mut self, mut buffer: Uint8ArraySlice<'_>) -> u32 {
        // SAFETY: JavaScript waits for this call and uses the buffer afterwards.
        let buffer = unsafe { buffer.as_mut() };
        let mut queue = self.completions.queue.lock().unwrap();
        let (mut count, mut bytes) = (0, 0);
        for place in buffer.chunks_exact_mut(COMPLETION_BYTES) {
            if bytes >= DRAINED_BYTES_MAX {
                break;
            }
            let Some((ticket, reply)) = queue.completed.pop_front() else {
                break;
            };
            place[..4].copy_from_slice(&ticket.to_ne_bytes());
            place[4..8].copy_from_slice(&(reply.bytes.len() as u32).to_ne_bytes());
            place[8..].copy_from_slice(reply.answer.as_bytes());
            bytes += reply.bytes.len();
            if !reply.bytes.is_empty() {
                self.taken.insert(ticket, reply.bytes);
            }
            count += 1;
        }
        queue.bytes -= bytes;
        let more = if queue.completed.is_empty() { 0 } else { MORE };
        drop(queue);
        self.completions.room.notify_all();
        count + more
    }

    /// The bytes of variable length of a drained completion.
    #[napi]
    pub fn take_bytes(&mut self, ticket: u32) -> Buffer {
        Buffer::from(self.taken.remove(&ticket).unwrap_or_default())
    }
}

pub(crate) fn handle(bytes: &[u8]) -> Fallible<UntrustedHandle> {
    UntrustedHandle::new(bytes)
}

pub(crate) fn entry(directory: &[u8], name: &[u8]) -> Fallible<(UntrustedHandle, Name)> {
    Ok((handle(directory)?, Name::new(name)?))
}

fn answer_memory(mut bytes: Uint8ArraySlice<'_>) -> Result<*mut Answer> {
    // SAFETY: nobody else uses the slice; only its address is kept.
    let pointer = unsafe { bytes.as_mut() }.as_mut_ptr().cast::<Answer>();
    if bytes.len() < ANSWER_BYTES || !pointer.is_aligned() {
        return Err(failure("the answer buffer is too small or not aligned"));
    }
    Ok(pointer)
}
