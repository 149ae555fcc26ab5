use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc;

use proptest::prelude::*;

use super::*;
use crate::call::UntrustedHandle;
use crate::name::Name;
use crate::reply_record_evidence::{Entry as Place, Evidence};
use crate::reply_record_file::{FILE_NAME, pretend_reboot};

const BYTES: usize = RECORD_BYTES_MIN;

pub(super) fn call(xid: u32) -> CallIdentity<'static> {
    CallIdentity {
        client: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
        xid,
        program: 100_003,
        version: 3,
        procedure: 12,
        arguments: b"the same for all",
    }
}

pub(super) fn open(directory: &Path) -> (Arc<ReplyRecord>, Findings) {
    ReplyRecord::open(Some(directory), BYTES).unwrap()
}

pub(super) fn evidence(name: &str) -> Evidence {
    Evidence::Link {
        entry: Place {
            directory: UntrustedHandle::new(b"directory").unwrap(),
            name: Name::new(name.as_bytes()).unwrap(),
        },
        object: UntrustedHandle::new(b"object").unwrap(),
    }
}

pub(super) fn begin(record: &Arc<ReplyRecord>, xid: u32) -> u32 {
    match record.begin(&call(xid), Keep::Reply) {
        Begun::New(number) => number,
        other => panic!("xid {xid}: {other:?}"),
    }
}

pub(super) fn answered(record: &Arc<ReplyRecord>, xid: u32) -> Option<Vec<u8>> {
    match record.begin(&call(xid), Keep::Reply) {
        Begun::Answered(reply) => Some(reply),
        Begun::New(number) => {
            record.end(number, None);
            None
        }
        other => panic!("xid {xid}: {other:?}"),
    }
}

#[test]
fn a_repeated_call_gets_the_reply_and_only_that_call() {
    let (record, findings) = ReplyRecord::open(None, BYTES).unwrap();
    assert_eq!(findings, Findings::default());
    record.end(begin(&record, 1), Some(b"reply"));
    assert_eq!(answered(&record, 1).unwrap(), b"reply");
    let others = [
        CallIdentity { xid: 2, ..call(1) },
        CallIdentity {
            client: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)),
            ..call(1)
        },
        CallIdentity {
            program: 100_227,
            ..call(1)
        },
        CallIdentity {
            version: 4,
            ..call(1)
        },
        CallIdentity {
            procedure: 13,
            ..call(1)
        },
        CallIdentity {
            arguments: b"the same for alL",
            ..call(1)
        },
        CallIdentity {
            arguments: b"the same for all\0",
            ..call(1)
        },
    ];
    for other in others {
        assert!(matches!(record.begin(&other, Keep::Reply), Begun::New(_)));
    }
    let mapped = CallIdentity {
        client: IpAddr::V6(Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped()),
        ..call(1)
    };
    assert!(matches!(record.begin(&mapped, Keep::Reply), Begun::Answered(_)));
}

#[test]
fn those_who_ask_meanwhile_get_the_reply_when_there_is_one() {
    let (record, _) = ReplyRecord::open(None, BYTES).unwrap();
    for keep in [Keep::Reply, Keep::WhileRunning] {
        for reply in [Some(b"reply".as_slice()), None] {
            let xid = 7 + u32::from(reply.is_none());
            let Begun::New(number) = record.begin(&call(xid), keep) else {
                panic!("new");
            };
            let (sender, receiver) = mpsc::channel();
            for _ in 0..3 {
                assert!(matches!(record.begin(&call(xid), keep), Begun::Running));
                let sender = sender.clone();
                let waiter: Waiter = Box::new(move |reply| sender.send(reply.map(<[u8]>::to_vec)).unwrap());
                record.wait(&call(xid), keep, waiter);
            }
            assert!(receiver.try_recv().is_err());
            record.end(number, reply);
            drop(sender);
            assert_eq!(
                receiver.iter().collect::<Vec<_>>(),
                vec![reply.map(<[u8]>::to_vec); 3]
            );
            let again = record.begin(&call(xid), keep);
            let is_kept = keep == Keep::Reply && reply.is_some();
            assert_eq!(matches!(again, Begun::Answered(_)), is_kept, "{keep:?} {reply:?}");
            if let Begun::New(number) = again {
                record.end(number, None);
            }
        }
    }
    assert_eq!(record.held().0, 1);
}

#[test]
fn of_data_only_the_beginning_counts() {
    let (record, _) = ReplyRecord::open(None, BYTES).unwrap();
    let mut data = vec![1; 10_000];
    fn identity(arguments: &[u8]) -> CallIdentity<'_> {
        CallIdentity { arguments, ..call(1) }
    }
    assert!(matches!(
        record.begin(&identity(&data), Keep::WhileRunning),
        Begun::New(_)
    ));
    data[BRIEF_ARGUMENT_BYTES] = 2;
    assert!(matches!(
        record.begin(&identity(&data), Keep::WhileRunning),
        Begun::Running
    ));
    data[BRIEF_ARGUMENT_BYTES - 1] = 2;
    assert!(matches!(
        record.begin(&identity(&data), Keep::WhileRunning),
        Begun::New(_)
    ));
}

#[test]
fn replies_and_what_has_happened_survive() {
    let directory = tempfile::tempdir().unwrap();
    let (record, findings) = open(directory.path());
    assert_eq!(findings, Findings::default(), "a new one");
    let durable = begin(&record, 1);
    record.intent(durable).unwrap().prepare(true, evidence("durable"));
    record.intent(durable).unwrap().happened();
    record.end(durable, Some(b"durable"));
    record.end(begin(&record, 2), Some(b"plain"));
    for (xid, name) in [(3, "prepared"), (4, "happened"), (5, "failed")] {
        let intent = record.intent(begin(&record, xid)).unwrap();
        intent.prepare(true, evidence(name));
        match name {
            "happened" => intent.happened(),
            "failed" => intent.failed(),
            _ => {}
        }
    }
    begin(&record, 6);
    drop(record);

    let (record, findings) = open(directory.path());
    assert_eq!((findings.replies, findings.doubts), (2, 2));
    assert!(findings.warnings.is_empty(), "{findings:?}");
    assert_eq!(answered(&record, 1).unwrap(), b"durable");
    assert_eq!(answered(&record, 2).unwrap(), b"plain");
    assert_eq!(record.counters.inherited.load(Ordering::Relaxed), 2);
    assert!(answered(&record, 6).is_none(), "nothing was begun");
    let mut decided = Vec::new();
    let happened = record.decide(|past| {
        decided.push((past.evidence.clone(), past.happened()));
        Some(past.happened())
    });
    assert_eq!(
        decided,
        [(evidence("happened"), true), (evidence("prepared"), false)]
    );
    assert_eq!(happened, 1);
    drop(record);

    let (record, findings) = open(directory.path());
    assert_eq!(
        (findings.replies, findings.doubts),
        (2, 1),
        "what was decided stays so"
    );
    drop(record);
    pretend_reboot(directory.path());
    let (record, findings) = open(directory.path());
    assert_eq!(
        (findings.replies, findings.doubts),
        (1, 1),
        "only what is surely on the disk"
    );
    assert_eq!(answered(&record, 1).unwrap(), b"durable");
    record.decide(|past| {
        assert!(
            !past.happened(),
            "the mark may have reached the disk before the operation"
        );
        None
    });
}

#[test]
fn a_refusal_does_not_hide_what_has_happened() {
    let directory = tempfile::tempdir().unwrap();
    let (record, _) = open(directory.path());
    let intent = record.intent(begin(&record, 1)).unwrap();
    intent.prepare(true, evidence("happened"));
    intent.happened();
    drop((intent, record));
    for _ in 0..2 {
        let (record, findings) = open(directory.path());
        assert_eq!((findings.replies, findings.doubts), (0, 1));
        record.end(begin(&record, 1), Some(b"the pool is full"));
        record.end(begin(&record, 1), Some(b"it still is"));
    }
}

#[test]
fn a_file_of_another_size_is_taken_over() {
    let directory = tempfile::tempdir().unwrap();
    let (record, _) = ReplyRecord::open(Some(directory.path()), BYTES * 4).unwrap();
    for xid in 0..1000 {
        record.end(begin(&record, xid), Some(&[xid as u8; 100]));
    }
    drop(record);
    let (record, findings) = open(directory.path());
    assert!(findings.replies > 100 && findings.replies < 1000, "{findings:?}");
    assert_eq!(answered(&record, 999).unwrap(), [999u32 as u8; 100]);
    assert!(answered(&record, 0).is_none());
    let size = std::fs::metadata(directory.path().join(FILE_NAME)).unwrap().len();
    assert_eq!(size, BYTES as u64);
}

#[test]
fn whatever_the_file_is_the_server_starts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(FILE_NAME);
    let (record, _) = open(directory.path());
    record.end(begin(&record, 1), Some(b"reply"));
    drop(record);
    let good = std::fs::read(&path).unwrap();
    let mut other_version = good.clone();
    other_version[13] = b'2';
    let mut bad_header = good.clone();
    bad_header[40] ^= 1;
    let mut huge = good.clone();
    huge[72..80].copy_from_slice(&u64::MAX.to_le_bytes());
    let cases: [(&str, &[u8]); 7] = [
        ("another version", &other_version),
        ("damaged", &bad_header),
        ("damaged", &huge),
        ("damaged", &good[..good.len() - 1]),
        ("damaged", &good[..40]),
        ("not ours", b"#!/bin/sh\n"),
        ("not ours", b""),
    ];
    for (complaint, bytes) in cases {
        std::fs::write(&path, bytes).unwrap();
        let (record, findings) = open(directory.path());
        assert_eq!((findings.replies, findings.doubts), (0, 0));
        assert_eq!(findings.warnings.len(), 1);
        assert!(findings.warnings[0].contains(complaint), "{findings:?}");
        record.end(begin(&record, 1), Some(b"reply"));
        drop(record);
        assert_eq!(open(directory.path()).1.replies, 1, "and goes on well");
    }
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
    let (_, findings) = open(directory.path());
    assert!(!findings.warnings.is_empty());
    assert!(path.symlink_metadata().unwrap().is_file());

    std::fs::write(&path, b"").unwrap();
    std::fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    assert_eq!(open(directory.path()).1.replies, 0, "not read into memory");
}

#[test]
fn without_a_file_it_lasts_as_long_as_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let (record, findings) = open(&directory.path().join("missing"));
    assert_eq!(findings.warnings.len(), 1);
    record.end(begin(&record, 1), Some(b"reply"));
    assert_eq!(answered(&record, 1).unwrap(), b"reply");
}

#[test]
fn running_calls_are_never_evicted_and_doubts_make_room() {
    let directory = tempfile::tempdir().unwrap();
    let (record, _) = open(directory.path());
    let slots = record.slots.lock().unwrap().len();
    for xid in 0..slots as u32 {
        let intent = record.intent(begin(&record, xid)).unwrap();
        intent.prepare(true, evidence(&format!("{xid}")));
        intent.happened();
    }
    drop(record);
    let (record, findings) = open(directory.path());
    assert_eq!(findings.doubts, slots);
    let first = 1_000_000;
    for xid in first..first + slots as u32 {
        record
            .intent(begin(&record, xid))
            .unwrap()
            .prepare(true, evidence("new"));
    }
    assert_eq!(record.counters.unrecorded.load(Ordering::Relaxed), 0);
    let more = begin(&record, first + slots as u32);
    record.intent(more).unwrap().prepare(true, evidence("more"));
    assert_eq!(record.counters.unrecorded.load(Ordering::Relaxed), 1);
    for xid in 0..5000 {
        record.end(begin(&record, 2_000_000 + xid), Some(&[0; 200]));
    }
    for xid in first..=first + slots as u32 {
        assert!(matches!(record.begin(&call(xid), Keep::Reply), Begun::Running));
    }
    assert!(record.held().1 <= BYTES);
    drop(record);
    assert_eq!(open(directory.path()).1.doubts, slots, "those that had a slot");
}

#[test]
fn one_of_many_threads_does_it() {
    let directory = tempfile::tempdir().unwrap();
    let (record, _) = open(directory.path());
    let done = HashMap::<u32, AtomicUsize>::from_iter((0..200).map(|xid| (xid, AtomicUsize::new(0))));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for xid in 0..200u32 {
                    let expected = xid.to_le_bytes();
                    match record.begin(&call(xid), Keep::Reply) {
                        Begun::New(number) => {
                            done[&xid].fetch_add(1, Ordering::Relaxed);
                            let intent = record.intent(number).unwrap();
                            intent.prepare(true, evidence("file"));
                            intent.happened();
                            record.end(number, Some(&expected));
                        }
                        Begun::Answered(reply) => assert_eq!(reply, expected),
                        Begun::Running => {
                            let (sender, receiver) = mpsc::channel();
                            let waiter: Waiter =
                                Box::new(move |reply| sender.send(reply.map(<[u8]>::to_vec)).unwrap());
                            record.wait(&call(xid), Keep::Reply, waiter);
                            assert_eq!(receiver.recv().unwrap().unwrap(), expected);
                        }
                        Begun::Untracked => panic!("there is room"),
                    }
                }
            });
        }
    });
    assert!(done.values().all(|count| count.load(Ordering::Relaxed) == 1));
    assert_eq!(record.slots.lock().unwrap().len(), BYTES / 4 / 1024);
}

#[derive(Clone, Debug)]
enum Step {
    Begin { xid: u32 },
    Prepare { xid: u32 },
    Happen { xid: u32 },
    End { xid: u32, reply_bytes: usize },
    Crash,
}

fn steps() -> impl Strategy<Value = Step> {
    let xid = 0..12u32;
    prop_oneof![
        6 => xid.clone().prop_map(|xid| Step::Begin { xid }),
        4 => xid.clone().prop_map(|xid| Step::Prepare { xid }),
        4 => xid.clone().prop_map(|xid| Step::Happen { xid }),
        4 => (xid, 0..3000usize).prop_map(|(xid, reply_bytes)| Step::End { xid, reply_bytes }),
        1 => Just(Step::Crash),
    ]
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Known {
    Running(u32),
    Prepared(u32),
    Happened(u32),
    Answered(usize),
    Doubt {
        happened: bool,
    },
    /// Begun again, and not looked into.
    Again {
        number: u32,
        happened: bool,
    },
}

proptest! {
    // Each case opens several files; more come with PROPTEST_CASES.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 5))]
    #[test]
    fn agrees_with_a_model_over_any_number_of_deaths(steps in prop::collection::vec(steps(), 1..120)) {
        let directory = tempfile::tempdir().unwrap();
        let (mut record, _) = open(directory.path());
        let mut model = BTreeMap::<u32, Known>::new();
        for step in steps {
            match step {
                Step::Begin { xid } => match (model.get(&xid).copied(), record.begin(&call(xid), Keep::Reply)) {
                    (None, Begun::New(number)) => {
                        model.insert(xid, Known::Running(number));
                    }
                    (Some(Known::Doubt { happened }), Begun::New(number)) => {
                        model.insert(xid, Known::Again { number, happened });
                    }
                    (Some(Known::Answered(bytes)), Begun::Answered(reply)) => prop_assert_eq!(reply.len(), bytes),
                    // 12 replies of 3000 bytes do not fill the ring: nothing is evicted in between.
                    (
                        Some(Known::Running(_) | Known::Prepared(_) | Known::Happened(_) | Known::Again { .. }),
                        Begun::Running,
                    ) => {}
                    (known, begun) => prop_assert!(false, "{:?}: {:?}", known, begun),
                },
                Step::Prepare { xid } => if let Some(Known::Running(number) | Known::Again { number, .. }) = model.get(&xid).copied() {
                    record.intent(number).unwrap().prepare(false, evidence(&format!("{xid}")));
                    model.insert(xid, Known::Prepared(number));
                },
                Step::Happen { xid } => if let Some(Known::Prepared(number)) = model.get(&xid).copied() {
                    record.intent(number).unwrap().happened();
                    model.insert(xid, Known::Happened(number));
                },
                Step::End { xid, reply_bytes } => {
                    let running = model.get(&xid).copied();
                    if let Some(Known::Running(number) | Known::Prepared(number) | Known::Happened(number)) = running {
                        record.end(number, Some(&vec![xid as u8; reply_bytes]));
                        model.insert(xid, Known::Answered(reply_bytes));
                    }
                    if let Some(Known::Again { number, happened }) = running {
                        record.end(number, Some(b"refused"));
                        model.insert(xid, Known::Doubt { happened });
                    }
                }
                Step::Crash => {
                    drop(record);
                    let (again, findings) = open(directory.path());
                    record = again;
                    model.retain(|_, known| !matches!(known, Known::Running(_)));
                    for known in model.values_mut() {
                        *known = match *known {
                            Known::Prepared(_) => Known::Doubt { happened: false },
                            Known::Happened(_) => Known::Doubt { happened: true },
                            Known::Again { happened, .. } => Known::Doubt { happened },
                            other => other,
                        };
                    }
                    let doubts = model.values().filter(|known| matches!(known, Known::Doubt { .. })).count();
                    prop_assert_eq!(findings.doubts, doubts);
                    prop_assert_eq!(findings.replies, model.len() - doubts);
                    prop_assert!(findings.warnings.is_empty());
                    let mut seen = 0;
                    record.decide(|past| {
                        seen += 1;
                        let happened = past.happened();
                        happened.then_some(true)
                    });
                    prop_assert_eq!(seen, doubts);
                }
            }
        }
    }
}
