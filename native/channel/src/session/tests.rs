use super::*;
use crate::heap_words::HeapWords;

const INSTANCE: u64 = 5;
const START: Duration = Duration::from_secs(100);

fn region() -> HeapWords {
    let memory = HeapWords::new(4096);
    memory.store(offset_of!(Header, magic), MAGIC, Relaxed);
    memory.store(offset_of!(Header, instance), INSTANCE, Relaxed);
    memory
}

fn begin(memory: &HeapWords, side: Side) -> Session<HeapWords> {
    Session::begin(memory.clone(), side, INSTANCE, || {})
}

/// Polls as an endpoint does. True: connected just now.
fn step(session: &mut Session<HeapWords>) -> bool {
    match session.poll(START).unwrap() {
        Progress::PeerBegan {
            epoch, process_epoch, ..
        } => {
            session.acknowledge(epoch, process_epoch);
            false
        }
        progress => matches!(progress, Progress::Connected { .. }),
    }
}

fn connected(memory: &HeapWords) -> [Session<HeapWords>; 2] {
    let mut ends = [Side::Client, Side::Server].map(|side| begin(memory, side));
    for _ in 0..4 {
        ends.iter_mut().for_each(|end| {
            step(end);
        });
    }
    assert!(ends.iter().all(|end| end.state() == SideState::Active));
    ends
}

#[test]
fn both_connect_whoever_comes_first() {
    for order in [
        [0, 0, 0, 1, 1, 0, 1],
        [1, 0, 1, 0, 1, 0, 1],
        [0, 1, 1, 1, 0, 0, 1],
    ] {
        let memory = region();
        let mut ends = [Side::Client, Side::Server].map(|side| begin(&memory, side));
        let connections = order.iter().filter(|end| step(&mut ends[**end])).count();
        assert_eq!(connections, 2, "{order:?}");
    }
}

#[test]
fn a_new_process_is_told_from_a_new_epoch() {
    let memory = region();
    let [mut client, mut server] = connected(&memory);
    let known = client.process_epoch;
    client.begin_again(|| {});
    assert_eq!(
        server.poll(START),
        Ok(Progress::PeerBegan {
            epoch: 2,
            process_epoch: known,
            same_process: true
        })
    );
    let mut client = begin(&memory, Side::Client);
    let began = server.poll(START).unwrap();
    assert!(matches!(
        began,
        Progress::PeerBegan {
            epoch: 3,
            same_process: false,
            ..
        }
    ));
    for _ in 0..4 {
        step(&mut server);
        step(&mut client);
    }
    assert_eq!([client.state(), server.state()], [SideState::Active; 2]);
}

#[test]
fn nobody_is_active_before_the_other_has_emptied_its_rings() {
    let memory = region();
    let [_, mut server] = connected(&memory);
    let mut client = begin(&memory, Side::Client);
    assert!(matches!(client.poll(START), Ok(Progress::PeerBegan { .. })));
    client.acknowledge(server.epoch(), 1);
    assert_eq!(
        client.poll(START),
        Ok(Progress::Waiting),
        "the server has not seen it"
    );
    assert!(!step(&mut server));
    assert!(step(&mut server));
    assert!(step(&mut client));
}

#[test]
fn a_silent_peer_is_dead_until_a_new_epoch() {
    let memory = region();
    let [mut client, mut server] = connected(&memory);
    let later = START + SILENCE_MAX;
    assert_eq!(client.poll(later), Ok(Progress::Active));
    server.beat();
    assert_eq!(
        client.poll(later + Duration::from_secs(1)),
        Ok(Progress::Active),
        "it beats"
    );
    let end = later + SILENCE_MAX + Duration::from_secs(2);
    assert_eq!(client.poll(end), Ok(Progress::PeerDead));
    server.beat();
    assert_eq!(client.poll(end), Ok(Progress::PeerDead), "final");
    assert_eq!(server.poll(START), Ok(Progress::PeerDead), "and for both");
    client.begin_again(|| {});
    server.begin_again(|| {});
    for _ in 0..4 {
        step(&mut server);
        step(&mut client);
    }
    assert_eq!([client.state(), server.state()], [SideState::Active; 2]);
}

#[test]
fn what_a_dead_peer_left_is_waited_out() {
    let memory = region();
    let [_, mut server] = connected(&memory);
    server.close();
    let mut client = begin(&memory, Side::Client);
    assert!(!step(&mut client));
    let much_later = START + SILENCE_MAX * 10;
    assert_eq!(client.poll(much_later), Ok(Progress::Waiting));
    let mut server = begin(&memory, Side::Server);
    for _ in 0..4 {
        step(&mut server);
        step(&mut client);
    }
    assert_eq!([client.state(), server.state()], [SideState::Active; 2]);
}

#[test]
fn a_region_zeroed_under_way_is_lost() {
    for word in [0, 8, block(Side::Client) + EPOCH] {
        let memory = region();
        let [mut client, _] = connected(&memory);
        memory.store(word, 0, Relaxed);
        assert_eq!(client.poll(START), Err(Broken::RegionLost));
    }
}

#[test]
fn versions_without_a_common_one_do_not_connect() {
    let memory = region();
    let mut client = begin(&memory, Side::Client);
    let _server = begin(&memory, Side::Server);
    let server = block(Side::Server);
    memory.store(server + offset_of!(SideBlock, version_min), 2, Relaxed);
    memory.store(server + offset_of!(SideBlock, version_max), 9, Relaxed);
    memory.store(server + PEER_EPOCH, client.epoch(), Relaxed);
    assert!(!step(&mut client));
    assert_eq!(client.poll(START), Err(Broken::Version { min: 2, max: 9 }));
    memory.store(server + offset_of!(SideBlock, version_min), 0, Relaxed);
    assert_eq!(
        client.poll(START),
        Ok(Progress::Connected { version: VERSION_MAX })
    );
}
