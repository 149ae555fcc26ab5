//! Who calls: the transport's and the RPC credential's claims, interned once per distinct credential so that a call
//! names its caller by a number.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use crate::errno::{Errno, Result};
use crate::export_policy::Verdict;
use crate::handle::ExportId;

/// Not an NFS status: the caller id has been evicted, intern the caller again and repeat the call.
pub const STALE_CALLER: Errno = Errno(600);

/// setfsuid(-1) and chown(-1) mean "leave as it is", so this is nobody's id.
pub const NO_ID: u32 = u32::MAX;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Flavor {
    /// AUTH_NONE: uid, gid and gids are ignored.
    None,
    /// AUTH_SYS (RFC 5531, appendix A).
    Sys,
}

/// By which door a caller came.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Door {
    Nfs,
    /// Only exports that allow it are there.
    SideChannel,
}

/// What a caller says of itself, before any export's policy.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CallerIdentity {
    pub address: IpAddr,
    /// The source port is below 1024.
    pub privileged_port: bool,
    pub door: Door,
    pub flavor: Flavor,
    pub uid: u32,
    pub gid: u32,
    pub gids: Box<[u32]>,
}

/// Whom the file system is asked to serve: a caller after squashing.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Credentials {
    pub uid: u32,
    pub gid: u32,
    pub gids: Box<[u32]>,
}

/// Slot and generation in 52 bits, so that a JavaScript number holds it exactly. Generations are 32 bits wide: an
/// evicted id never comes to mean somebody else.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CallerId(u64);

const SLOT_BITS: u32 = 20;

impl CallerId {
    fn new(slot: usize, generation: u32) -> CallerId {
        CallerId(u64::from(generation) << SLOT_BITS | slot as u64)
    }
    fn slot(self) -> usize {
        (self.0 & ((1 << SLOT_BITS) - 1)) as usize
    }
    fn generation(self) -> u64 {
        self.0 >> SLOT_BITS
    }
    pub fn as_number(self) -> f64 {
        self.0 as f64
    }
    /// Numbers that are no id become one that is never current.
    pub fn from_number(number: f64) -> CallerId {
        CallerId(number as u64)
    }
}

/// An interned caller, with what each export decided about it.
pub struct Caller {
    pub identity: Arc<CallerIdentity>,
    /// Per export, valid for one generation of the policy.
    pub(crate) verdicts: Mutex<Vec<(ExportId, u64, Verdict)>>,
}

struct Slot {
    generation: u32,
    caller: Option<Arc<Caller>>,
    /// Set by use, cleared by the clock hand: second-chance eviction.
    used: AtomicBool,
}

struct Table {
    slots: Vec<Slot>,
    hand: usize,
    ids: HashMap<Arc<CallerIdentity>, CallerId>,
}

/// All callers this process knows, at most `capacity`.
pub struct Callers {
    capacity: usize,
    table: RwLock<Table>,
}

impl Callers {
    /// `capacity` is 1 to 2^20.
    pub fn new(capacity: usize) -> Callers {
        assert!((1..=1 << SLOT_BITS).contains(&capacity));
        let table = Table {
            slots: Vec::new(),
            hand: 0,
            ids: HashMap::new(),
        };
        Callers {
            capacity,
            table: RwLock::new(table),
        }
    }

    /// The id of this identity; the same one as long as it is not evicted.
    pub fn intern(&self, identity: CallerIdentity) -> CallerId {
        let mut table = self.table.write().unwrap();
        if let Some(&id) = table.ids.get(&identity) {
            table.slots[id.slot()].used.store(true, Ordering::Relaxed);
            return id;
        }
        let slot = if table.slots.len() < self.capacity {
            table.slots.push(Slot {
                generation: 0,
                caller: None,
                used: AtomicBool::new(false),
            });
            table.slots.len() - 1
        } else {
            table.evict()
        };
        let entry = &mut table.slots[slot];
        entry.generation = entry.generation.checked_add(1).expect("2^32 callers in one slot");
        // Not used yet: otherwise a flood of new callers would wash out those who keep calling.
        entry.used = AtomicBool::new(false);
        let identity = Arc::new(identity);
        entry.caller = Some(Arc::new(Caller {
            identity: identity.clone(),
            verdicts: Mutex::default(),
        }));
        let id = CallerId::new(slot, entry.generation);
        table.ids.insert(identity, id);
        id
    }

    /// STALE_CALLER if the id has been evicted.
    pub fn get(&self, id: CallerId) -> Result<Arc<Caller>> {
        let table = self.table.read().unwrap();
        let slot = table.slots.get(id.slot()).ok_or(STALE_CALLER)?;
        if u64::from(slot.generation) != id.generation() {
            return Err(STALE_CALLER);
        }
        if !slot.used.load(Ordering::Relaxed) {
            slot.used.store(true, Ordering::Relaxed);
        }
        slot.caller.clone().ok_or(STALE_CALLER)
    }

    pub fn len(&self) -> usize {
        self.table.read().unwrap().ids.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Table {
    /// Frees a slot and returns its index; ends because each step clears a mark.
    fn evict(&mut self) -> usize {
        loop {
            let slot = self.hand;
            self.hand = (self.hand + 1) % self.slots.len();
            if !self.slots[slot].used.swap(false, Ordering::Relaxed) {
                if let Some(caller) = self.slots[slot].caller.take() {
                    self.ids.remove(&caller.identity);
                }
                return slot;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(uid: u32) -> CallerIdentity {
        CallerIdentity {
            address: IpAddr::from([127, 0, 0, 1]),
            privileged_port: true,
            door: Door::Nfs,
            flavor: Flavor::Sys,
            uid,
            gid: 100,
            gids: Box::from([100, 200]),
        }
    }

    #[test]
    fn equal_callers_share_an_id_and_others_do_not() {
        let callers = Callers::new(10);
        let id = callers.intern(identity(1));
        assert_eq!(callers.intern(identity(1)), id);
        let others = [
            identity(2),
            CallerIdentity {
                gids: Box::from([100]),
                ..identity(1)
            },
            CallerIdentity {
                gids: Box::from([200, 100]),
                ..identity(1)
            },
            CallerIdentity {
                privileged_port: false,
                ..identity(1)
            },
            CallerIdentity {
                flavor: Flavor::None,
                ..identity(1)
            },
            CallerIdentity {
                address: IpAddr::from([127, 0, 0, 2]),
                ..identity(1)
            },
        ];
        let mut ids = std::collections::HashSet::from([id]);
        for other in others {
            let other_id = callers.intern(other.clone());
            assert!(ids.insert(other_id));
            assert_eq!(*callers.get(other_id).unwrap().identity, other);
        }
        assert_eq!(callers.len(), 7);
    }

    #[test]
    fn an_id_survives_a_javascript_number() {
        let id = CallerId::new((1 << SLOT_BITS) - 1, u32::MAX);
        assert_eq!(CallerId::from_number(id.as_number()), id);
    }

    #[test]
    fn numbers_that_are_no_id_are_stale() {
        let callers = Callers::new(4);
        callers.intern(identity(1));
        for number in [0.0, -1.0, 0.5, f64::NAN, f64::INFINITY, 1e300, 4503599627370496.0] {
            assert_eq!(
                callers.get(CallerId::from_number(number)).err(),
                Some(STALE_CALLER),
                "{number}"
            );
        }
    }

    #[test]
    fn the_table_stays_bounded_and_evicted_ids_are_stale_for_ever() {
        let callers = Callers::new(8);
        let first = callers.intern(identity(0));
        let ids: Vec<_> = (1..1000).map(|uid| callers.intern(identity(uid))).collect();
        assert_eq!(callers.len(), 8);
        assert_eq!(callers.get(first).err(), Some(STALE_CALLER));
        let current = ids.iter().filter(|&&id| callers.get(id).is_ok()).count();
        assert_eq!(current, 8);
        let again = callers.intern(identity(0));
        assert_ne!(again, first);
        assert_eq!(callers.get(again).unwrap().identity.uid, 0);
        assert_eq!(callers.get(first).err(), Some(STALE_CALLER));
    }

    #[test]
    fn who_calls_stays() {
        let callers = Callers::new(8);
        let busy = callers.intern(identity(0));
        for uid in 1..1000 {
            callers.intern(identity(uid));
            assert_eq!(callers.get(busy).unwrap().identity.uid, 0);
        }
    }

    #[test]
    fn threads_never_get_somebody_else() {
        let callers = Callers::new(16);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let callers = &callers;
                scope.spawn(move || {
                    for round in 0..2000 {
                        let uid = (round * 7 + thread) % 40;
                        let id = callers.intern(identity(uid));
                        if let Ok(caller) = callers.get(id) {
                            assert_eq!(caller.identity.uid, uid);
                        }
                    }
                });
            }
        });
        assert!(callers.len() <= 16);
    }
}
