//! What can go wrong between a program of the user VM and the appliance. Whatever it is, NFS still works.

use std::fmt;
use std::io;

use fsva_channel::broken::Broken;
use fsva_channel::region::RegionError;

#[derive(Debug)]
pub enum ClientError {
    /// What the server answered, or a system call of this machine: an errno number. `what` was being done.
    Errno {
        errno: i32,
        what: &'static str,
    },
    /// No server for as long as the call may take. What was asked may have happened.
    Disconnected,
    /// A server is there, and has not answered in time. What was asked may still happen.
    TimedOut,
    /// The memory was made anew: what was lent from the old one has to be lent again, and what was asked may have happened.
    RegionLost,
    /// The server was restarted before what was written was safe: it has to be written again.
    DataLost,
    /// The server does not want this client, in its own words.
    Refused {
        error: String,
        advice: String,
    },
    /// The peer at the rendezvous is no server of this protocol.
    Rendezvous(String),
    Region(RegionError),
    /// No page, or no grant, is left in the region.
    NoMemory,
    /// An answer that an honest server does not give.
    Nonsense(&'static str),
    /// The descriptor, or the range, is none that this can be done with.
    Invalid(&'static str),
    /// As many requests as there may be are unanswered.
    Busy,
    /// The client was closed.
    Closed,
}

impl ClientError {
    /// The errno that says the same to programs that know nothing else.
    pub fn errno(&self) -> i32 {
        match self {
            ClientError::Errno { errno, .. } => *errno,
            ClientError::Disconnected => libc::ENOTCONN,
            ClientError::TimedOut => libc::ETIMEDOUT,
            ClientError::RegionLost => libc::ECONNRESET,
            // As fsync(2) tells of it.
            ClientError::DataLost => libc::EIO,
            ClientError::Refused { .. } => libc::ECONNREFUSED,
            ClientError::Rendezvous(_) | ClientError::Nonsense(_) => libc::EPROTO,
            ClientError::Region(RegionError::Io(error)) => error.raw_os_error().unwrap_or(libc::EIO),
            ClientError::Region(_) => libc::EPROTO,
            ClientError::NoMemory => libc::ENOBUFS,
            ClientError::Invalid(_) => libc::EINVAL,
            ClientError::Busy => libc::EAGAIN,
            ClientError::Closed => libc::ESHUTDOWN,
        }
    }

    pub(crate) fn of_call(what: &'static str, error: &io::Error) -> ClientError {
        ClientError::Errno {
            errno: error.raw_os_error().unwrap_or(libc::EIO),
            what,
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientError::Errno { errno, what } => {
                write!(to, "{what}: {}", io::Error::from_raw_os_error(*errno))
            }
            ClientError::Disconnected => to.write_str("the server of the side channel is gone"),
            ClientError::TimedOut => to.write_str("the server of the side channel did not answer in time"),
            ClientError::RegionLost => to.write_str("the shared memory was made anew"),
            ClientError::DataLost => to.write_str("the server restarted before the data was safe"),
            ClientError::Refused { error, advice } if advice.is_empty() => to.write_str(error),
            ClientError::Refused { error, advice } => write!(to, "{error}; {advice}"),
            ClientError::Rendezvous(why) => write!(to, "no side channel: {why}"),
            ClientError::Region(error) => error.fmt(to),
            ClientError::NoMemory => to.write_str("the shared memory is used up"),
            ClientError::Nonsense(what) => write!(to, "the server answered nonsense: {what}"),
            ClientError::Invalid(why) => to.write_str(why),
            ClientError::Busy => to.write_str("too many requests are unanswered"),
            ClientError::Closed => to.write_str("the side channel was closed"),
        }
    }
}

impl std::error::Error for ClientError {}

impl From<RegionError> for ClientError {
    fn from(error: RegionError) -> ClientError {
        ClientError::Region(error)
    }
}

impl From<Broken> for ClientError {
    fn from(broken: Broken) -> ClientError {
        match broken {
            Broken::RegionLost => ClientError::RegionLost,
            Broken::WakeLost => ClientError::Disconnected,
            Broken::Version { min, max } => ClientError::Region(RegionError::Version { min, max }),
            Broken::WildIndex | Broken::WrongStamp | Broken::Forged => {
                ClientError::Nonsense("words that no honest peer writes")
            }
        }
    }
}
