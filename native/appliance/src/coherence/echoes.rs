//! Notices told a second time. An answer made before a change may reach its client after the notice of it: where that answer
//! is what brings the object to the client, the notice meets nothing there, and what comes afterwards is old. So what was
//! told to somebody a moment before it changed is announced again, once such answers have arrived.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

use fsva_core::handle::WireHandle;

/// Objects in one tick; with more, everything is announced at once.
const ECHOES_MAX: usize = 4096;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Echo {
    pub what: u16,
    /// Who need not be told, because it was its own kernel that made the change.
    pub maker: Option<IpAddr>,
}

/// What is due at a tick.
#[derive(PartialEq, Eq, Debug)]
pub enum Due {
    Echoes(Vec<(WireHandle, Echo)>),
    /// There were too many.
    Everything,
}

#[derive(Default)]
struct Bucket {
    echoes: HashMap<WireHandle, Echo>,
    is_full: bool,
}

/// Two buckets: what comes in is due at the next tick but one, so after one tick at least.
#[derive(Default)]
pub struct Echoes(Mutex<[Bucket; 2]>);

impl Echoes {
    pub fn add(&self, wire: &WireHandle, echo: Echo) {
        let fresh = &mut self.0.lock().unwrap()[0];
        if let Some(earlier) = fresh.echoes.get_mut(wire) {
            earlier.what |= echo.what;
            if earlier.maker != echo.maker {
                earlier.maker = None;
            }
        } else if fresh.echoes.len() < ECHOES_MAX {
            fresh.echoes.insert(*wire, echo);
        } else {
            fresh.is_full = true;
        }
    }

    pub fn tick(&self) -> Due {
        let due = {
            let mut buckets = self.0.lock().unwrap();
            buckets.swap(0, 1);
            std::mem::take(&mut buckets[0])
        };
        if due.is_full {
            return Due::Everything;
        }
        Due::Echoes(due.echoes.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use fsva_core::handle::{ExportId, FilesystemKey, Handle, HandleCodec, Object};
    use fsva_core::state_directory::MacKey;

    use super::*;

    fn wire(number: u64) -> WireHandle {
        let handle = Handle {
            export: ExportId(1),
            filesystem: FilesystemKey(1),
            object: Object::Table(number),
        };
        HandleCodec::new(&MacKey::from_bytes([1; 32]))
            .seal(&handle)
            .unwrap()
    }

    fn echo(what: u16, maker: Option<u8>) -> Echo {
        Echo {
            what,
            maker: maker.map(|last| [10, 0, 0, last].into()),
        }
    }

    #[test]
    fn an_echo_comes_once_after_one_whole_tick() {
        let echoes = Echoes::default();
        echoes.add(&wire(1), echo(1, Some(1)));
        echoes.add(&wire(1), echo(2, Some(1)));
        assert_eq!(echoes.tick(), Due::Echoes(vec![]));
        assert_eq!(echoes.tick(), Due::Echoes(vec![(wire(1), echo(3, Some(1)))]));
        assert_eq!(echoes.tick(), Due::Echoes(vec![]));
    }

    #[test]
    fn of_two_makers_each_is_told() {
        let echoes = Echoes::default();
        echoes.add(&wire(1), echo(1, Some(1)));
        echoes.add(&wire(1), echo(1, Some(2)));
        echoes.tick();
        assert_eq!(echoes.tick(), Due::Echoes(vec![(wire(1), echo(1, None))]));
    }

    #[test]
    fn too_many_are_everything() {
        let echoes = Echoes::default();
        for number in 0..=ECHOES_MAX as u64 {
            echoes.add(&wire(number), echo(1, None));
        }
        echoes.tick();
        assert_eq!(echoes.tick(), Due::Everything);
        assert_eq!(echoes.tick(), Due::Echoes(vec![]));
    }
}
