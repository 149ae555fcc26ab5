//! Meeting the server: a stream over which it says which memory is shared, and which then tells that it is alive.

use std::fs::File;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fsva_channel::frame::{Frame, FrameReader, send_frame};
use fsva_channel::region::Region;
use fsva_channel::wake::{EventWake, StreamWake, Wake};
use serde_json::{Map, Value};

use crate::error::ClientError;
use crate::privileged_port_unsafe;

/// A server that takes longer to say hello is none.
const HELLO_MAX: Duration = Duration::from_secs(10);

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Rendezvous {
    /// A server on this host, or a socket that leads to one.
    Unix(PathBuf),
    /// A server in another VM.
    Tcp(SocketAddr),
}

/// What both sides share already, for a server that comes back.
pub struct Known {
    pub region: Region,
    /// None: memory of a device.
    pub memory: Option<OwnedFd>,
}

/// What the server watches of one export; what it can't see, agents must look for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExportCoherence {
    pub path: PathBuf,
    /// "complete", "partial" or "none".
    pub coherence: String,
    pub why: String,
}

pub struct Joined {
    pub region: Region,
    pub memory: Option<OwnedFd>,
    pub wake: Arc<dyn Wake>,
    /// Whether `region` is the one that was known.
    pub same_region: bool,
    /// Which process of the server this is.
    pub server: String,
    pub exports: Vec<ExportCoherence>,
}

pub struct Meeting<'a> {
    pub rendezvous: &'a Rendezvous,
    /// Memory that the hypervisor gives both machines.
    pub device: Option<&'a Path>,
    pub client_address: Option<IpAddr>,
    /// Wanted of a server that makes a region; None: its own choice.
    pub bytes: Option<u64>,
}

impl Meeting<'_> {
    pub fn meet(&self, known: Option<&Known>) -> Result<Joined, ClientError> {
        let stream = self.connect().map_err(|error| {
            let at = match self.rendezvous {
                Rendezvous::Unix(path) => path.display().to_string(),
                Rendezvous::Tcp(address) => address.to_string(),
            };
            ClientError::Rendezvous(format!("{at}: {error}"))
        })?;
        let memory = known.and_then(|known| known.memory.as_ref());
        let descriptors: Vec<_> = memory.iter().map(|memory| memory.as_fd()).collect();
        let hello = self.hello(known).to_string();
        send_frame(stream.as_fd(), &hello, &descriptors).map_err(unmet)?;
        let frame = FrameReader::default()
            .read(stream.as_fd())
            .map_err(unmet)?
            .ok_or_else(|| ClientError::Rendezvous("the server does not answer".into()))?;
        let answer = Answer::parse(&frame)?;
        self.join(stream, frame, answer, known)
    }

    fn connect(&self) -> io::Result<OwnedFd> {
        match self.rendezvous {
            Rendezvous::Unix(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(HELLO_MAX))?;
                Ok(stream.into())
            }
            Rendezvous::Tcp(address) => {
                let stream = privileged_port_unsafe::connect(*address, HELLO_MAX)?;
                stream.set_read_timeout(Some(HELLO_MAX))?;
                stream.set_nodelay(true)?;
                Ok(stream.into())
            }
        }
    }

    fn hello(&self, known: Option<&Known>) -> Value {
        let mut hello = Map::new();
        hello.insert("fsva".into(), 1.into());
        if let Some(address) = self.client_address {
            hello.insert("clientAddress".into(), address.to_string().into());
        }
        if let Some(known) = known {
            hello.insert("instance".into(), instance_text(known.region.instance).into());
        }
        if let Some(bytes) = self.bytes {
            hello.insert("bytes".into(), bytes.into());
        }
        Value::Object(hello)
    }

    fn join(
        &self,
        stream: OwnedFd,
        frame: Frame,
        answer: Answer,
        known: Option<&Known>,
    ) -> Result<Joined, ClientError> {
        let mut descriptors = frame.descriptors.into_iter();
        let joined = |region, memory, wake, same_region| Joined {
            region,
            memory,
            wake,
            same_region,
            server: answer.server,
            exports: answer.exports,
        };
        // Mapped anew only if it is another: pointers into the old mapping are still used.
        let kept = known.filter(|known| instance_text(known.region.instance) == answer.instance);
        let (memory, wake): (_, Arc<dyn Wake>) = if answer.is_memfd {
            let [Some(file), Some(mine), Some(theirs), None] = std::array::from_fn(|_| descriptors.next())
            else {
                return Err(ClientError::Rendezvous(
                    "not the three descriptors expected".into(),
                ));
            };
            let wake = EventWake::new(mine, theirs, stream).map_err(unmet)?;
            (Some(file), Arc::new(wake))
        } else {
            (None, Arc::new(StreamWake::new(stream).map_err(unmet)?))
        };
        if let Some(known) = kept.filter(|known| known.memory.is_some() == answer.is_memfd) {
            return Ok(joined(known.region.clone(), memory, wake, true));
        }
        let region = match (&memory, self.device) {
            (Some(file), _) => Region::attach(file.as_fd(), answer.offset, answer.bytes)?,
            (None, Some(path)) => {
                let device = File::options().read(true).write(true).open(path);
                let device = device
                    .map_err(|error| ClientError::Rendezvous(format!("{}: {error}", path.display())))?;
                Region::attach(device.as_fd(), answer.offset, answer.bytes)?
            }
            (None, None) => {
                let why = "the server shares a device's memory, and no device was named here";
                return Err(ClientError::Rendezvous(why.into()));
            }
        };
        if instance_text(region.instance) != answer.instance {
            let why = "the device named here is not the memory that the server shares";
            return Err(ClientError::Rendezvous(why.into()));
        }
        Ok(joined(region, memory, wake, false))
    }
}

fn instance_text(instance: u64) -> String {
    format!("{instance:016x}")
}

fn unmet(error: io::Error) -> ClientError {
    ClientError::Rendezvous(error.to_string())
}

struct Answer {
    is_memfd: bool,
    offset: u64,
    bytes: usize,
    instance: String,
    server: String,
    exports: Vec<ExportCoherence>,
}

impl Answer {
    fn parse(frame: &Frame) -> Result<Answer, ClientError> {
        let wrong = |what: &str| ClientError::Rendezvous(format!("the server's answer has no {what}"));
        let answer: Value =
            serde_json::from_str(&frame.text).map_err(|error| ClientError::Rendezvous(error.to_string()))?;
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        if answer["ok"] != Value::Bool(true) {
            let error = answer["error"].as_str().ok_or_else(|| wrong("error"))?;
            return Err(ClientError::Refused {
                error: error.to_owned(),
                advice: text("advice"),
            });
        }
        let region = answer["region"].as_str().ok_or_else(|| wrong("region"))?;
        let bytes = answer["bytes"].as_u64().ok_or_else(|| wrong("bytes"))?;
        let instance = answer["instance"].as_str().ok_or_else(|| wrong("instance"))?;
        let number = u64::from_str_radix(instance, 16).map_err(|_| wrong("instance"))?;
        let exports = answer["exports"].as_array().map_or(&[][..], Vec::as_slice);
        Ok(Answer {
            is_memfd: match region {
                "memfd" => true,
                "device" => false,
                _ => return Err(wrong("known kind of region")),
            },
            offset: answer["offset"].as_u64().unwrap_or(0),
            bytes: usize::try_from(bytes).map_err(|_| wrong("possible size"))?,
            instance: instance_text(number),
            server: text("server"),
            exports: exports
                .iter()
                .map(|export| ExportCoherence {
                    path: export["path"].as_str().unwrap_or_default().into(),
                    coherence: export["coherence"].as_str().unwrap_or("none").to_owned(),
                    why: export["why"].as_str().unwrap_or_default().to_owned(),
                })
                .collect(),
        })
    }
}
