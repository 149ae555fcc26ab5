//! A queue that shares threads out: the next job is of the address that has been served least, and of the connection that
//! has been served least among that address's. So however much one peer has queued, and however long its jobs take,
//! another that asks for little waits for little.
//!
//! Service is the time that jobs took. Who comes back after a pause starts about where the others are by then: nobody
//! saves up turns.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// Whose a job is: the peer's address and port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flow {
    pub address: IpAddr,
    pub port: u16,
}

impl Flow {
    /// What nobody in particular asked for.
    pub const SERVER: Flow = Flow {
        address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        port: 0,
    };
}

/// Every job counts as at least this long, so that those that take no time take turns too; and as no longer than that,
/// because one that waits for a disk takes less from others than one that computes.
const SERVICE_MIN: Duration = Duration::from_micros(1);
const SERVICE_MAX: Duration = Duration::from_millis(5);
/// However much somebody had on many threads at once: so far behind the others, and no further.
const DEBT_MAX: Duration = Duration::from_millis(20);
/// Who had nothing for a while is a little before those who have just been served.
const CREDIT: Duration = Duration::from_millis(2);
/// Keys without anything queued of which is remembered what they had.
const IDLE_MAX: usize = 256;

/// Service had, in nanoseconds, and when it asked: the smaller one is first.
type Place = (u64, u64);

struct Member<Q> {
    queue: Q,
    served: u64,
    place: Option<Place>,
}

/// Keys by the service they had. Those with a place have something queued.
struct Ranking<K, Q> {
    members: HashMap<K, Member<Q>>,
    waiting: BTreeSet<(Place, K)>,
    /// What those had that are served now.
    level: u64,
    entered: u64,
}

impl<K, Q> Default for Ranking<K, Q> {
    fn default() -> Self {
        Ranking {
            members: HashMap::new(),
            waiting: BTreeSet::new(),
            level: 0,
            entered: 0,
        }
    }
}

impl<K: Copy + Ord + Hash, Q: Default> Ranking<K, Q> {
    /// The queue of this key, which gets a place.
    fn enter(&mut self, key: K) -> &mut Q {
        if self.members.len() > self.waiting.len() + IDLE_MAX {
            self.members.retain(|_, member| member.place.is_some());
        }
        let member = self.members.entry(key).or_insert_with(|| Member {
            queue: Q::default(),
            served: 0,
            place: None,
        });
        if member.place.is_none() {
            let level = self.level.saturating_sub(CREDIT.as_nanos() as u64);
            member.served = member.served.max(level);
            self.entered += 1;
            let place = (member.served, self.entered);
            member.place = Some(place);
            self.waiting.insert((place, key));
        }
        &mut member.queue
    }

    /// The queue of the key that is first.
    fn first(&mut self) -> Option<(K, &mut Q)> {
        let (place, key) = *self.waiting.first()?;
        self.level = self.level.max(place.0);
        Some((key, &mut self.members.get_mut(&key)?.queue))
    }

    fn leave(&mut self, key: K) {
        if let Some(member) = self.members.get_mut(&key)
            && let Some(place) = member.place.take()
        {
            self.waiting.remove(&(place, key));
        }
    }

    fn serve(&mut self, key: K, service: u64) {
        let Some(member) = self.members.get_mut(&key) else {
            return;
        };
        let most = self.level.saturating_add(DEBT_MAX.as_nanos() as u64);
        member.served = member.served.saturating_add(service).min(most.max(member.served));
        if let Some(place) = &mut member.place {
            self.waiting.remove(&(*place, key));
            self.entered += 1;
            *place = (member.served, self.entered);
            self.waiting.insert((*place, key));
        }
    }
}

struct AddressQueue<T> {
    ports: Ranking<u16, VecDeque<T>>,
    length: usize,
}

impl<T> Default for AddressQueue<T> {
    fn default() -> Self {
        AddressQueue {
            ports: Ranking::default(),
            length: 0,
        }
    }
}

pub struct FairQueue<T> {
    addresses: Ranking<IpAddr, AddressQueue<T>>,
    length: usize,
}

impl<T> Default for FairQueue<T> {
    fn default() -> Self {
        FairQueue {
            addresses: Ranking::default(),
            length: 0,
        }
    }
}

impl<T> FairQueue<T> {
    pub fn len(&self) -> usize {
        self.length
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// What this address has queued.
    pub fn len_of(&self, address: IpAddr) -> usize {
        self.addresses
            .members
            .get(&address)
            .map_or(0, |member| member.queue.length)
    }

    pub fn push(&mut self, flow: Flow, item: T) {
        let of_address = self.addresses.enter(flow.address);
        of_address.length += 1;
        of_address.ports.enter(flow.port).push_back(item);
        self.length += 1;
    }

    /// The next item and whose it is: `served` is to be told how long it took.
    pub fn pop(&mut self) -> Option<(Flow, T)> {
        let (address, of_address) = self.addresses.first()?;
        let (port, items) = of_address.ports.first()?;
        let item = items.pop_front()?;
        if items.is_empty() {
            of_address.ports.leave(port);
        }
        of_address.length -= 1;
        let is_empty = of_address.length == 0;
        let flow = Flow { address, port };
        // At once, or all threads would go to whoever is first now.
        self.serve(flow, SERVICE_MIN);
        if is_empty {
            self.addresses.leave(address);
        }
        self.length -= 1;
        if self.length == 0 {
            // Nobody had to wait for anybody.
            self.addresses = Ranking::default();
        }
        Some((flow, item))
    }

    pub fn served(&mut self, flow: Flow, time: Duration) {
        self.serve(flow, time.min(SERVICE_MAX).saturating_sub(SERVICE_MIN));
    }

    fn serve(&mut self, flow: Flow, time: Duration) {
        let service = time.as_nanos() as u64;
        if let Some(member) = self.addresses.members.get_mut(&flow.address) {
            member.queue.ports.serve(flow.port, service);
        }
        self.addresses.serve(flow.address, service);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_millis(2);
    const SHORT: Duration = Duration::from_micros(20);

    fn flow(host: u8, port: u16) -> Flow {
        Flow {
            address: IpAddr::from([10, 0, 0, host]),
            port,
        }
    }

    /// Pops and serves, each job as long as it says.
    fn drain(queue: &mut FairQueue<Duration>) -> Vec<Flow> {
        std::iter::from_fn(|| {
            let (flow, time) = queue.pop()?;
            queue.served(flow, time);
            Some(flow)
        })
        .collect()
    }

    fn serve_some(queue: &mut FairQueue<Duration>, count: usize) {
        for _ in 0..count {
            let (flow, time) = queue.pop().unwrap();
            queue.served(flow, time);
        }
    }

    #[test]
    fn what_one_has_queued_keeps_nobody_else_waiting() {
        let mut queue = FairQueue::default();
        for _ in 0..1000 {
            queue.push(flow(1, 1), LONG);
        }
        serve_some(&mut queue, 100);
        queue.push(flow(2, 1), LONG);
        queue.push(flow(1, 2), LONG);
        let order = drain(&mut queue);
        let place = |who| order.iter().position(|served| *served == who).unwrap();
        assert!(place(flow(2, 1)) <= 1, "another address");
        assert!(place(flow(1, 2)) <= 3, "another connection");
        assert_eq!(order.len(), 902);
    }

    #[test]
    fn addresses_have_equal_shares_however_many_connections_they_have() {
        let mut queue = FairQueue::default();
        for port in 0..100 {
            queue.push(flow(1, port), LONG);
        }
        for _ in 0..100 {
            queue.push(flow(2, 1), LONG);
        }
        let order = drain(&mut queue);
        let ones = order[..100].iter().filter(|who| **who != flow(2, 1)).count();
        assert!((49..=51).contains(&ones), "{ones}");
    }

    #[test]
    fn who_asks_for_little_is_served_at_once() {
        let mut queue = FairQueue::default();
        for port in 1..=128 {
            for job in 0..4 {
                let unlike_others = Duration::from_micros(u64::from(port * 37 % 128) * 8 + job);
                queue.push(flow(1, port), LONG + unlike_others);
            }
        }
        serve_some(&mut queue, 128);
        for call in 0..50 {
            queue.push(flow(1, 999), SHORT);
            let waited = std::iter::from_fn(|| {
                let (flow, time) = queue.pop()?;
                queue.served(flow, time);
                (flow.port != 999).then_some(())
            })
            .count();
            assert!(waited <= 4, "call {call} waited for {waited} others");
        }
    }

    #[test]
    fn nobody_saves_up_turns() {
        let mut queue = FairQueue::default();
        queue.push(flow(2, 1), SHORT);
        for _ in 0..1000 {
            queue.push(flow(1, 1), LONG);
        }
        serve_some(&mut queue, 501);
        for _ in 0..100 {
            queue.push(flow(2, 1), LONG);
        }
        let order = drain(&mut queue);
        let ones = order[..20].iter().filter(|who| **who == flow(1, 1)).count();
        assert!((9..=11).contains(&ones), "{ones} of 20");
    }

    #[test]
    fn a_bad_moment_is_forgotten_soon() {
        let mut queue = FairQueue::default();
        for _ in 0..100 {
            queue.push(flow(1, 1), LONG);
        }
        // All threads had its jobs, and all of them took very long.
        for _ in 0..32 {
            queue.pop().unwrap();
        }
        for _ in 0..32 {
            queue.served(flow(1, 1), Duration::from_secs(1));
        }
        for _ in 0..100 {
            queue.push(flow(2, 1), LONG);
        }
        let order = drain(&mut queue);
        let waited = order.iter().position(|who| *who == flow(1, 1)).unwrap();
        assert!(waited <= 12, "{waited}");
    }

    #[test]
    fn each_connection_keeps_its_order_and_nothing_is_left() {
        let mut queue = FairQueue::default();
        for number in 0..30_u8 {
            queue.push(flow(number % 3, u16::from(number % 2)), number);
        }
        assert_eq!(queue.len_of(flow(0, 0).address), 10);
        let mut last = HashMap::new();
        while let Some((_, number)) = queue.pop() {
            assert!(last.insert((number % 3, number % 2), number) < Some(number));
        }
        assert_eq!((queue.len(), last.len()), (0, 6));
        assert!(queue.addresses.waiting.is_empty());
    }

    #[test]
    fn what_is_remembered_of_the_past_is_bounded() {
        let mut queue = FairQueue::default();
        queue.push(flow(1, 1), LONG);
        for number in 0..10_000_u32 {
            let address = IpAddr::from(number.to_be_bytes());
            queue.push(Flow { address, port: 1 }, LONG);
            queue.push(flow(2, number as u16), LONG);
            serve_some(&mut queue, 2);
        }
        assert!(queue.addresses.members.len() <= IDLE_MAX + 2);
        let ports = &queue.addresses.members[&flow(2, 1).address].queue.ports;
        assert!(ports.members.len() <= IDLE_MAX + 2);
    }
}
