//! The agents of this machine: one per mount, each with a socket of its own. Whichever has the file serves it.

use std::io;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use fsva_agent::local::{AGENTS_DIRECTORY, DATA_SOCKET_SUFFIX, DEFAULT_SOCKET};

use crate::connection::Connection;
use crate::file::File;

/// Connected to as files need them. Usable from several threads.
#[derive(Debug)]
pub struct Agents {
    known: Mutex<Vec<Known>>,
}

#[derive(Debug)]
struct Known {
    socket: PathBuf,
    connection: Option<Arc<Connection>>,
}

impl Agents {
    /// Those that listen at these sockets; the first that can be connected to is. An error if none can.
    pub fn connect(sockets: Vec<PathBuf>) -> io::Result<Agents> {
        let mut failure = io::Error::from_raw_os_error(libc::ENOTCONN);
        let mut known: Vec<Known> = Vec::new();
        for socket in sockets {
            let connection = if known.is_empty() {
                match Connection::connect(&socket) {
                    Ok(connection) => Some(Arc::new(connection)),
                    Err(error) => {
                        failure = error;
                        continue;
                    }
                }
            } else {
                None
            };
            known.push(Known { socket, connection });
        }
        match known.is_empty() {
            true => Err(failure),
            false => Ok(Agents {
                known: Mutex::new(known),
            }),
        }
    }

    /// None, although there may be some: everything is the kernel's.
    pub fn none() -> Agents {
        Agents {
            known: Mutex::default(),
        }
    }

    /// The file of a descriptor, by the agent that has it. With `fallback` the kernel's, if none does.
    pub fn open(&self, descriptor: BorrowedFd<'_>, fallback: bool) -> io::Result<File> {
        let mut failure = io::Error::from_raw_os_error(libc::ENOTCONN);
        for number in 0.. {
            let connection = match self.connection(number) {
                None => break,
                Some(Ok(connection)) => connection,
                Some(Err(_)) => continue,
            };
            let opened = match File::open(Some(connection), descriptor, false) {
                // Lost since the last time, it may be back.
                Err(error) if error.raw_os_error() == Some(libc::ENOTCONN) => match self.connection(number) {
                    Some(Ok(connection)) => File::open(Some(connection), descriptor, false),
                    _ => Err(error),
                },
                other => other,
            };
            match opened {
                Ok(file) if fallback => return file.with_fallback(descriptor),
                Ok(file) => return Ok(file),
                Err(error) => {
                    let is_elsewhere = error.raw_os_error() == Some(libc::EXDEV);
                    failure = error;
                    if !is_elsewhere {
                        break;
                    }
                }
            }
        }
        match fallback {
            true => File::open(None, descriptor, true),
            false => Err(failure),
        }
    }

    /// The one of this number, connected to again if it was lost. None: there are not so many.
    fn connection(&self, number: usize) -> Option<io::Result<Arc<Connection>>> {
        let mut known = self.known.lock().expect("no holder panics");
        let agent = known.get_mut(number)?;
        if let Some(connection) = &agent.connection
            && !connection.is_lost()
        {
            return Some(Ok(connection.clone()));
        }
        let connected = Connection::connect(&agent.socket).map(Arc::new);
        agent.connection = connected.as_ref().ok().cloned();
        Some(connected)
    }
}

/// Where agents of this machine may listen.
pub fn usual_sockets() -> Vec<PathBuf> {
    let mut sockets: Vec<PathBuf> = std::fs::read_dir(AGENTS_DIRECTORY)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|suffix| suffix == DATA_SOCKET_SUFFIX)
        })
        .collect();
    sockets.sort();
    sockets.insert(0, Path::new(DEFAULT_SOCKET).to_path_buf());
    sockets
}
