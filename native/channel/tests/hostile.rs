//! Both ends work, and between any two steps somebody writes garbage anywhere into the region: whatever it is, each end
//! goes on, or breaks the channel and begins anew. Nothing panics, hangs, or works without bound.

mod peers;

use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use fsva_channel::broken::Broken;
use fsva_channel::channel::{Channel, Event};
use fsva_channel::geometry::Side;
use fsva_channel::grant_word::{Access, Loan};
use fsva_channel::layout::LAYOUT;
use fsva_channel::message::{GrantRef, Hint, Message};
use fsva_channel::page_pool::PageSize;
use fsva_channel::region::Region;
use fsva_channel::region_unsafe::Memory;
use fsva_channel::session::SILENCE_MAX;
use fsva_channel::words::Words;
use peers::{APPEND, Client, GEOMETRY, Mode, NULL, SUM, Server, Wires};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Client,
    Server,
    Ask(u16),
    Lend(u32),
    End(prop::sample::Index),
    Revoke(prop::sample::Index),
    Collect,
    Hint(u64),
    /// Ten seconds pass.
    Silence,
    Garbage(Place, Value),
    Zeros,
}

#[derive(Clone, Debug)]
enum Place {
    /// Any word in front of the pages.
    Anywhere(prop::sample::Index),
    /// A word of the header page.
    Header(prop::sample::Index),
    /// An index of a ring.
    RingIndex(prop::sample::Index),
    /// A word of a grant table.
    Grant(prop::sample::Index),
}

#[derive(Clone, Debug)]
enum Value {
    Any(u64),
    Near(i64),
    State(u32, u32),
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<prop::sample::Index>;
    let place = prop_oneof![
        index().prop_map(Place::Anywhere),
        index().prop_map(Place::Header),
        index().prop_map(Place::RingIndex),
        index().prop_map(Place::Grant),
    ];
    let value = prop_oneof![
        any::<u64>().prop_map(Value::Any),
        (-3..4i64).prop_map(Value::Near),
        (0..9u32, 0..9u32).prop_map(|(high, low)| Value::State(high, low)),
    ];
    prop_oneof![
        12 => Just(Step::Client),
        12 => Just(Step::Server),
        6 => prop_oneof![Just(NULL), Just(APPEND), Just(SUM), any::<u16>()].prop_map(Step::Ask),
        3 => (1..9000u32).prop_map(Step::Lend),
        2 => index().prop_map(Step::End),
        2 => index().prop_map(Step::Revoke),
        1 => Just(Step::Collect),
        4 => any::<u64>().prop_map(Step::Hint),
        1 => Just(Step::Silence),
        4 => (place, value).prop_map(|(place, value)| Step::Garbage(place, value)),
        1 => Just(Step::Zeros),
    ]
}

struct World {
    wires: Wires,
    sockets: [UnixStream; 2],
    log: std::path::PathBuf,
    client: Client,
    server: Server,
    lent: Vec<GrantRef>,
}

impl World {
    fn new(log: &std::path::Path) -> World {
        let wires = Wires::new();
        let sockets: [UnixStream; 2] = UnixStream::pair().unwrap().into();
        let (client, server) = World::ends(&wires, &sockets, log).unwrap();
        World {
            wires,
            sockets,
            log: log.to_owned(),
            client,
            server,
            lent: Vec::new(),
        }
    }

    fn ends(
        wires: &Wires,
        sockets: &[UnixStream; 2],
        log: &std::path::Path,
    ) -> Result<(Client, Server), Broken> {
        let mut client = Client::new(wires.try_join(Side::Client, &sockets[0])?);
        let mut server = Server::new(wires.try_join(Side::Server, &sockets[1])?, log, Mode::Plain);
        (client.idle, server.idle) = (Duration::ZERO, Duration::ZERO);
        (client.alone, server.alone) = (true, true);
        Ok((client, server))
    }

    /// What an owner does when its channel broke: the region as it is if it can still be attached, else a new one.
    fn begin_anew(&mut self) {
        self.lent.clear();
        let memory = self.wires.region.memory.clone();
        if let Ok(region) = Region::open(memory) {
            self.wires.region = region;
            if let Ok((client, server)) = World::ends(&self.wires, &self.sockets, &self.log) {
                (self.client, self.server) = (client, server);
                return;
            }
        }
        *self = World::new(&self.log);
    }

    fn take(&mut self, step: &Step) {
        let result = match step {
            Step::Client => self.client.step(),
            Step::Server => self.server.step(),
            Step::Ask(op) => {
                let mut request = Message {
                    op: *op,
                    ..Message::default()
                };
                request.grants[0] = self.lent.last().copied().unwrap_or_default();
                self.client.ask(request);
                Ok(Event::Same)
            }
            Step::Lend(bytes) => {
                self.lend(*bytes);
                Ok(Event::Same)
            }
            Step::End(which) | Step::Revoke(which) if !self.lent.is_empty() => {
                let reference = *which.get(&self.lent);
                let lender = &mut self.client.channel.lender;
                let ended = match step {
                    Step::End(_) => lender.end(reference),
                    _ => lender.revoke(reference),
                };
                match ended {
                    Ok(fsva_channel::lender::Ended::Returned(loan)) => {
                        self.client.channel.pool.free(loan.pages).expect("returned once");
                        Ok(Event::Same)
                    }
                    Ok(_) | Err(fsva_channel::lender::EndError::Stale) => Ok(Event::Same),
                    Err(fsva_channel::lender::EndError::Forged) => Err(Broken::Forged),
                }
            }
            Step::Collect => {
                for loan in self.client.channel.lender.collect(4) {
                    self.client.channel.pool.free(loan.pages).expect("returned once");
                }
                Ok(Event::Same)
            }
            Step::Hint(object) => {
                let hint = Hint {
                    object: *object,
                    ..Hint::default()
                };
                match self.server.channel.hint_sender().offer(&hint) {
                    Err(fsva_channel::sender::SendError::Broken(broken)) => Err(broken),
                    _ => Ok(Event::Same),
                }
            }
            Step::Silence => {
                self.client.clock.ahead += SILENCE_MAX;
                Ok(Event::Same)
            }
            Step::Garbage(place, value) => {
                garbage(&self.wires.region, place, value);
                Ok(Event::Same)
            }
            Step::Zeros => {
                let memory = &self.wires.region.memory;
                (0..self.wires.region.map.client.small.start() / 8)
                    .for_each(|word| memory.store(word * 8, 0, Relaxed));
                Ok(Event::Same)
            }
            _ => Ok(Event::Same),
        };
        match result {
            Ok(Event::PeerDead) => {
                let again: [&mut Channel; 2] = [&mut self.client.channel, &mut self.server.channel];
                for channel in again {
                    channel.begin_again().unwrap();
                }
            }
            Ok(_) => {}
            Err(_) => self.begin_anew(),
        }
    }

    fn lend(&mut self, bytes: u32) {
        let channel = &mut self.client.channel;
        let Some(pages) = channel.pool.allocate(PageSize::Small, bytes.div_ceil(4096)) else {
            return;
        };
        let loan = Loan {
            pages,
            bytes,
            access: Access::Read,
            cookie: 0,
        };
        match channel.lender.lend(loan) {
            Ok(reference) => self.lent.push(reference),
            Err(_) => channel.pool.free(pages).expect("just allocated"),
        }
    }
}

fn garbage(region: &Region, place: &Place, value: &Value) {
    let map = &region.map;
    let rings = [
        map.control_to_client,
        map.control_to_server,
        map.hints_to_client,
        map.hints_to_server,
    ];
    let offset = |name: &str| {
        LAYOUT
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, at)| *at)
            .unwrap()
    };
    let indices = [
        offset("ring.producer"),
        offset("ring.offered"),
        offset("ring.consumer"),
        offset("ring.event"),
    ];
    let at = match place {
        Place::Anywhere(index) => index.index(map.client.small.start() / 8) * 8,
        Place::Header(index) => index.index(512) * 8,
        Place::RingIndex(index) => {
            let which = index.index(16);
            rings[which / 4].at + indices[which % 4]
        }
        Place::Grant(index) => map.client.grant_table + index.index(GEOMETRY.client.grants as usize * 4) * 8,
    };
    let memory: &Memory = &region.memory;
    let value = match value {
        Value::Any(value) => *value,
        Value::Near(by) => memory.load(at, Relaxed).wrapping_add_signed(*by),
        Value::State(high, low) => u64::from(*high) << 32 | u64::from(*low),
    };
    memory.store(at, value, Relaxed);
}

fn log() -> std::path::PathBuf {
    "/dev/null".into()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]
    #[test]
    fn garbage_breaks_the_channel_and_nothing_else(steps in prop::collection::vec(step(), 0..150)) {
        let mut world = World::new(&log());
        for _ in 0..4 {
            world.take(&Step::Client);
            world.take(&Step::Server);
        }
        prop_assert!(world.client.channel.is_connected() && world.server.channel.is_connected());
        for step in &steps {
            world.take(step);
        }
        // Whatever happened: with new ends over a new region, work goes on.
        world = World::new(&log());
        for _ in 0..4 {
            world.take(&Step::Client);
            world.take(&Step::Server);
        }
        world.client.ask(Message::default());
        for _ in 0..4 {
            world.take(&Step::Client);
            world.take(&Step::Server);
        }
        prop_assert!(world.client.requests.is_empty());
    }
}

/// PROPTEST_CASES asks for more.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(192)
}
