//! Why a channel cannot go on. NFS does.

use std::fmt;

use crate::ring::WildIndex;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Broken {
    /// An index of a ring is where it cannot be.
    WildIndex,
    /// A slot of another epoch, or out of order.
    WrongStamp,
    /// A grant's words, or a request's id, that an honest peer does not write.
    Forged,
    /// The region was zeroed or made anew, or our own words in it were overwritten.
    RegionLost,
    /// The peer speaks only versions from `min` to `max`.
    Version { min: u64, max: u64 },
    /// The wake-up stream ended, or does not work.
    WakeLost,
}

impl From<WildIndex> for Broken {
    fn from(_: WildIndex) -> Broken {
        Broken::WildIndex
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::WildIndex => to.write_str("an index of the peer is impossible"),
            Broken::WrongStamp => to.write_str("a slot of another epoch or out of order"),
            Broken::Forged => to.write_str("the peer wrote what it may not"),
            Broken::RegionLost => to.write_str("the region was zeroed or made anew"),
            Broken::Version { min, max } => write!(to, "the peer speaks versions {min} to {max}"),
            Broken::WakeLost => to.write_str("the wake-up stream ended"),
        }
    }
}

impl std::error::Error for Broken {}
