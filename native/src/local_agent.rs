//! A program's connection to the agent of its machine (libfsva), for JavaScript. Requests run on a thread of the
//! connection's own: the agent takes one after the other, and the server may take its time.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;

use fsva::connection::Connection;
use fsva::status::Status;
use fsva_agent::local::frames::{LocalOp, Request};
use fsva_core::fair_queue::Flow;
use fsva_core::pool::Pool;
use napi::bindgen_prelude::{ArrayBuffer, Object, ToNapiValue};
use napi::{Env, Result};
use napi_derive::napi;

use crate::arguments::Unsigned64;
use crate::core::failure;
use crate::local_memory_unsafe as local_memory;

/// More requests than that do not wait.
const REQUESTS_MAX: usize = 256;

const NOTHING: Request = Request {
    op: 0,
    flags: 0,
    file: 0,
    id: 0,
    offset: 0,
    length: 0,
    place: 0,
};

/// What the server says of a file. Numbers are exact: sizes of files stay below 2^63, of which JavaScript holds 2^53.
#[napi(object)]
pub struct AgentFileStatus {
    /// 0, or an errno number; the rest means nothing then.
    pub status: i32,
    pub size: f64,
    /// As st_mode.
    pub mode: u32,
    pub fileid: f64,
    /// Seconds since 1970.
    pub mtime: f64,
}

/// Requests answer a count or a number; below 0 it is an errno number, negated.
#[napi]
pub struct NativeAgentConnection {
    connection: Arc<Connection>,
    pool: Pool,
}

fn transfer(file: u32, offset: Unsigned64, length: u32, place: u32) -> Request {
    Request {
        file,
        offset: offset.0,
        length,
        place,
        ..NOTHING
    }
}

#[napi]
impl NativeAgentConnection {
    /// Throws with the errno's number in the message if it cannot.
    #[napi(factory)]
    pub fn connect(socket: String) -> Result<NativeAgentConnection> {
        let connection = Connection::connect(Path::new(&socket)).map_err(|error| {
            let number = error.raw_os_error().unwrap_or(libc::EIO);
            failure(number)
        })?;
        Ok(NativeAgentConnection {
            connection: Arc::new(connection),
            pool: Pool::new("fsva-agent-io".into(), 1, REQUESTS_MAX),
        })
    }

    /// At most that many bytes are transferred by one request.
    #[napi(getter)]
    pub fn transfer_bytes(&self) -> u32 {
        self.connection.transfer_bytes()
    }

    /// What requests read into and write from: the mapping itself. To be asked for once.
    #[napi]
    pub fn memory<'env>(&self, env: &'env Env) -> Result<ArrayBuffer<'env>> {
        local_memory::array_buffer(env, self.connection.memory())
    }

    /// The agent closes the files; requests fail from now on. The memory stays.
    #[napi]
    pub fn close(&self) {
        self.connection.end();
    }

    /// The agent's number for the file of a descriptor, which stays the caller's.
    #[napi(ts_return_type = "Promise<number>")]
    pub fn open<'env>(&self, env: &'env Env, fd: i32) -> Result<Object<'env>> {
        let descriptor = local_memory::duplicate(fd).map_err(failure)?;
        self.later(env, move |connection| {
            let opened = connection.call(LocalOp::Open, &NOTHING, Some(descriptor.as_fd()));
            number(opened.map(|answer| answer.file))
        })
    }

    #[napi(ts_return_type = "Promise<number>")]
    pub fn release<'env>(&self, env: &'env Env, file: u32) -> Result<Object<'env>> {
        self.request(env, LocalOp::Close, Request { file, ..NOTHING })
    }

    /// `place`: where in the memory.
    #[napi(ts_return_type = "Promise<number>")]
    pub fn read<'env>(
        &self,
        env: &'env Env,
        file: u32,
        offset: Unsigned64,
        length: u32,
        place: u32,
    ) -> Result<Object<'env>> {
        self.request(env, LocalOp::Read, transfer(file, offset, length, place))
    }

    /// As `read`.
    #[napi(ts_return_type = "Promise<number>")]
    pub fn write<'env>(
        &self,
        env: &'env Env,
        file: u32,
        offset: Unsigned64,
        length: u32,
        place: u32,
    ) -> Result<Object<'env>> {
        self.request(env, LocalOp::Write, transfer(file, offset, length, place))
    }

    #[napi(ts_return_type = "Promise<number>")]
    pub fn fsync<'env>(&self, env: &'env Env, file: u32) -> Result<Object<'env>> {
        self.request(env, LocalOp::Fsync, Request { file, ..NOTHING })
    }

    #[napi(ts_return_type = "Promise<AgentFileStatus>")]
    pub fn getattr<'env>(&self, env: &'env Env, file: u32) -> Result<Object<'env>> {
        self.later(env, move |connection| {
            let answer = connection.call(LocalOp::Getattr, &Request { file, ..NOTHING }, None);
            let found = answer.map(|answer| Status::of_attributes(&answer.attributes));
            let (status, found) = match found {
                Ok(found) => (0, found),
                Err(error) => (error.raw_os_error().unwrap_or(libc::EIO), Status::default()),
            };
            AgentFileStatus {
                status,
                size: found.size as f64,
                mode: found.mode,
                fileid: found.fileid as f64,
                mtime: found.mtime.seconds as f64 + f64::from(found.mtime.nanoseconds) / 1e9,
            }
        })
    }

    fn request<'env>(&self, env: &'env Env, op: LocalOp, request: Request) -> Result<Object<'env>> {
        self.later(env, move |connection| {
            number(connection.call(op, &request, None).map(|answer| answer.length))
        })
    }

    fn later<'env, T: ToNapiValue + Send + 'static>(
        &self,
        env: &'env Env,
        work: impl FnOnce(&Connection) -> T + Send + 'static,
    ) -> Result<Object<'env>> {
        let (deferred, promise) = env.create_deferred::<T, _>()?;
        let connection = self.connection.clone();
        let job = Box::new(move || {
            let done = work(&connection);
            // Let go of before JavaScript learns of it.
            drop(connection);
            deferred.resolve(move |_| Ok(done));
        });
        self.pool
            .submit(Flow::SERVER, job)
            .map_err(|_refused| failure("too many requests at once"))?;
        Ok(promise)
    }
}

fn number(result: io::Result<u32>) -> f64 {
    match result {
        Ok(number) => number.into(),
        Err(error) => (-error.raw_os_error().unwrap_or(libc::EIO)).into(),
    }
}
