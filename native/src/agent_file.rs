//! A file open over the side channel, for JavaScript.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fsva_agent::attributes::Attributes;
use fsva_agent::error::ClientError;
use fsva_agent::file::{File, ReadResult, Stability, WriteResult};
use napi::bindgen_prelude::{Float64ArraySlice, Object};
use napi::{Env, Result};
use napi_derive::napi;

use crate::agent::{Shared, client_failure};
use crate::agent_completions::{ANSWER_NUMBERS, Completion};
use crate::agent_lent::NativeLentBuffer;
use crate::agent_mapping::NativeMapping;
use crate::arguments::Unsigned64;

#[napi]
pub struct NativeAgentFile {
    file: Mutex<Option<Arc<File>>>,
    shared: Arc<Shared>,
}

fn read_completion(ticket: u32, result: std::result::Result<ReadResult, ClientError>) -> Completion {
    completion(ticket, result, |read| (read.bytes, read.end_of_file, None))
}

fn write_completion(ticket: u32, result: std::result::Result<WriteResult, ClientError>) -> Completion {
    completion(ticket, result, |written| (written.bytes, written.committed, None))
}

fn attributes_completion(ticket: u32, result: std::result::Result<Attributes, ClientError>) -> Completion {
    completion(ticket, result, |attributes| (0, false, Some(attributes)))
}

fn completion<T>(
    ticket: u32,
    result: std::result::Result<T, ClientError>,
    parts: impl FnOnce(T) -> (usize, bool, Option<Attributes>),
) -> Completion {
    match result.map(parts) {
        Ok((bytes, flag, attributes)) => Completion {
            ticket,
            errno: 0,
            bytes,
            flag,
            attributes,
        },
        Err(error) => Completion::failed(ticket, &error),
    }
}

fn stability(number: u32) -> Stability {
    match number {
        0 => Stability::Unstable,
        1 => Stability::DataSync,
        _ => Stability::FileSync,
    }
}

/// The numbers of an answer, as JavaScript reads them.
fn numbers_of(completion: &Completion) -> Vec<f64> {
    let mut numbers = vec![0.0; ANSWER_NUMBERS];
    completion.write(&mut numbers);
    numbers
}

#[napi]
impl NativeAgentFile {
    pub(crate) fn new(file: File, shared: Arc<Shared>) -> NativeAgentFile {
        NativeAgentFile {
            file: Mutex::new(Some(Arc::new(file))),
            shared,
        }
    }

    /// As last heard of, into `numbers`.
    #[napi]
    pub fn attributes(&self, mut numbers: Float64ArraySlice<'_>) -> Result<()> {
        // SAFETY: JavaScript runs no code meanwhile, and its memory stays.
        let numbers = unsafe { numbers.as_mut() };
        attributes_completion(0, Ok(self.file()?.attributes())).write(numbers);
        Ok(())
    }

    /// As `NativeAgent.ping`. Reads into the buffer from `at` on.
    #[napi]
    #[allow(clippy::too_many_arguments, reason = "objects cost more than the call")]
    pub fn read(
        &self,
        mut numbers: Float64ArraySlice<'_>,
        spin_microseconds: u32,
        buffer: &NativeLentBuffer,
        at: u32,
        length: u32,
        offset: Unsigned64,
    ) -> Result<u32> {
        // SAFETY: JavaScript runs no code meanwhile, and its memory stays.
        let numbers = unsafe { numbers.as_mut() };
        let (file, buffer) = (self.file()?, buffer.buffer()?);
        let range = at as usize..at as usize + length as usize;
        let shared = self.shared.clone();
        let spin = Duration::from_micros(spin_microseconds.into());
        Ok(self.shared.ask(numbers, spin, |ticket, look| {
            let done = Box::new(move |result| shared.completions.add(read_completion(ticket, result)));
            file.read_later(&buffer, range, offset.0, done, look)
        }))
    }

    /// The same by a thread that may wait, and opens the file again if that has to be.
    #[napi(ts_return_type = "Promise<number[]>")]
    pub fn read_waiting<'env>(
        &self,
        env: &'env Env,
        buffer: &NativeLentBuffer,
        at: u32,
        length: u32,
        offset: Unsigned64,
    ) -> Result<Object<'env>> {
        let (file, buffer) = (self.file()?, buffer.buffer()?);
        let range = at as usize..at as usize + length as usize;
        self.shared.wait_for(
            env,
            move || file.read(&buffer, range, offset.0),
            |read| numbers_of(&read_completion(0, Ok(read))),
        )
    }

    /// As `read`; `how`: stable_how of RFC 1813.
    #[napi]
    #[allow(clippy::too_many_arguments, reason = "objects cost more than the call")]
    pub fn write(
        &self,
        mut numbers: Float64ArraySlice<'_>,
        spin_microseconds: u32,
        buffer: &NativeLentBuffer,
        at: u32,
        length: u32,
        offset: Unsigned64,
        how: u32,
    ) -> Result<u32> {
        // SAFETY: JavaScript runs no code meanwhile, and its memory stays.
        let numbers = unsafe { numbers.as_mut() };
        let (file, buffer) = (self.file()?, buffer.buffer()?);
        let range = at as usize..at as usize + length as usize;
        let shared = self.shared.clone();
        let spin = Duration::from_micros(spin_microseconds.into());
        Ok(self.shared.ask(numbers, spin, |ticket, look| {
            let done = Box::new(move |result| shared.completions.add(write_completion(ticket, result)));
            file.write_later(&buffer, range, offset.0, stability(how), done, look)
        }))
    }

    /// As `readWaiting`.
    #[napi(ts_return_type = "Promise<number[]>")]
    pub fn write_waiting<'env>(
        &self,
        env: &'env Env,
        buffer: &NativeLentBuffer,
        at: u32,
        length: u32,
        offset: Unsigned64,
        how: u32,
    ) -> Result<Object<'env>> {
        let (file, buffer) = (self.file()?, buffer.buffer()?);
        let range = at as usize..at as usize + length as usize;
        self.shared.wait_for(
            env,
            move || file.write_with(&buffer, range, offset.0, stability(how)),
            |written| numbers_of(&write_completion(0, Ok(written))),
        )
    }

    /// As `read`.
    #[napi]
    pub fn getattr(&self, mut numbers: Float64ArraySlice<'_>, spin_microseconds: u32) -> Result<u32> {
        // SAFETY: JavaScript runs no code meanwhile, and its memory stays.
        let numbers = unsafe { numbers.as_mut() };
        let file = self.file()?;
        let shared = self.shared.clone();
        let spin = Duration::from_micros(spin_microseconds.into());
        Ok(self.shared.ask(numbers, spin, |ticket, look| {
            let done = Box::new(move |result| shared.completions.add(attributes_completion(ticket, result)));
            file.getattr_later(done, look)
        }))
    }

    /// As `readWaiting`.
    #[napi(ts_return_type = "Promise<number[]>")]
    pub fn getattr_waiting<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        let file = self.file()?;
        self.shared.wait_for(
            env,
            move || file.getattr(),
            |attributes| numbers_of(&attributes_completion(0, Ok(attributes))),
        )
    }

    #[napi(ts_return_type = "Promise<void>")]
    pub fn fsync<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        let file = self.file()?;
        self.shared.wait_for(env, move || file.fsync(), |()| ())
    }

    /// These bytes need not be in the server's memory; 0 bytes: all from `offset` on.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn evict<'env>(&self, env: &'env Env, offset: Unsigned64, bytes: u32) -> Result<Object<'env>> {
        let file = self.file()?;
        self.shared
            .wait_for(env, move || file.evict(offset.0, bytes), |()| ())
    }

    #[napi(ts_return_type = "Promise<NativeMapping>")]
    pub fn map<'env>(&self, env: &'env Env, offset: Unsigned64, bytes: f64) -> Result<Object<'env>> {
        let file = self.file()?;
        self.shared.wait_for(
            env,
            move || Ok((file.map(offset.0, bytes as usize)?, file)),
            |(mapping, file)| NativeMapping::new(mapping, file),
        )
    }

    /// The server learns it once what is under way is done.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn close<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.shared.wait_for(
            env,
            move || {
                drop(file);
                Ok(())
            },
            |()| (),
        )
    }

    fn file(&self) -> Result<Arc<File>> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner).clone();
        file.ok_or_else(|| {
            client_failure(&ClientError::Errno {
                errno: libc::EBADF,
                what: "the file was closed",
            })
        })
    }
}
