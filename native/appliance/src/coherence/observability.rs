//! What clients can rely on being told of an export's changes.

use std::path::Path;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// What programs of this machine change is not announced, only what clients do.
    None,
    /// All is announced but what the kernel tells nobody of: stores through shared mappings and io_submit(2), of which only the
    /// end is, when the file is closed, and writes through loop devices.
    Partial,
    /// Every change.
    Complete,
}

impl Level {
    pub fn name(self) -> &'static str {
        match self {
            Level::None => "none",
            Level::Partial => "partial",
            Level::Complete => "complete",
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Observability {
    pub coherence: Level,
    /// In words for the administrator.
    pub why: String,
}

impl Observability {
    /// Of a file system that is watched.
    pub fn watched(mapped_stores: bool) -> Observability {
        if mapped_stores {
            return Observability {
                coherence: Level::Partial,
                why: "what programs in the appliance store through shared mappings, io_submit(2) or loop devices is not seen".into(),
            };
        }
        Observability {
            coherence: Level::Complete,
            why: "the configuration says that no program in the appliance stores through shared mappings (nor by io_submit(2) or loop devices)".into(),
        }
    }

    pub fn none(path: &Path, type_name: &str, why: &str) -> Observability {
        Observability {
            coherence: Level::None,
            why: format!("{} ({type_name}): {why}", path.display()),
        }
    }

    /// An export is as good as its worst file system.
    pub fn and(self, other: Observability) -> Observability {
        if other.coherence < self.coherence {
            other
        } else {
            self
        }
    }
}
