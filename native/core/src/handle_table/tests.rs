use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::object_identity::{Mark, ObjectIdentity};

fn object(inode: u64) -> Identified {
    let mark = Mark::Born {
        seconds: 1_700_000_000,
        nanoseconds: inode as u32,
    };
    let identity = ObjectIdentity {
        format: libc::S_IFREG,
        inode,
        subvolume: 0,
        mark,
    };
    Identified { identity, links: 1 }
}

fn directory(inode: u64) -> Identified {
    let mut directory = object(inode);
    directory.identity.format = libc::S_IFDIR;
    directory.links = 2;
    directory
}

fn linked(inode: u64) -> Identified {
    Identified {
        links: 2,
        ..object(inode)
    }
}

/// As on a file system without birth times, last modified at that second.
fn seen(found: Identified, modified_seconds: i64) -> Identified {
    let mark = Mark::Seen {
        modified_seconds,
        modified_nanoseconds: 5,
        size: 7,
    };
    Identified {
        identity: ObjectIdentity {
            mark,
            ..found.identity
        },
        ..found
    }
}

struct Scratch {
    directory: tempfile::TempDir,
}

impl Scratch {
    fn new() -> Scratch {
        Scratch {
            directory: tempfile::tempdir().unwrap(),
        }
    }
    fn path(&self) -> std::path::PathBuf {
        self.directory.path().join("table")
    }
    fn open(&self) -> HandleTable {
        HandleTable::open(&self.path()).unwrap()
    }
}

fn path(table: &HandleTable, id: u64) -> Option<String> {
    table
        .path(id, 100)
        .unwrap()
        .map(|path| String::from_utf8(path).unwrap())
}

#[test]
fn an_object_keeps_its_id_over_restarts() {
    let scratch = Scratch::new();
    let table = scratch.open();
    let a = table.intern(ROOT, b"a", &directory(1)).unwrap();
    let b = table.intern(a, b"b", &object(2)).unwrap();
    assert_ne!(a, b);
    assert!(a != ROOT && b != ROOT);
    assert_eq!(table.intern(ROOT, b"a", &directory(1)), Ok(a));
    drop(table);
    let table = scratch.open();
    assert_eq!(table.intern(ROOT, b"a", &directory(1)), Ok(a));
    assert_eq!(table.intern(a, b"b", &object(2)), Ok(b));
    assert_eq!(path(&table, b).unwrap(), "a/b");
    assert_eq!(path(&table, ROOT).unwrap(), "");
}

#[test]
fn ids_are_never_used_again() {
    let scratch = Scratch::new();
    let table = scratch.open();
    let first = table.intern(ROOT, b"a", &object(1)).unwrap();
    table.removed(first, ROOT, b"a", false).unwrap();
    let second = table.intern(ROOT, b"a", &object(1)).unwrap();
    assert!(second > first);
    drop(table);
    // A power failure takes what was not synced: the ids in it may be in clients' hands all the same.
    let log = std::fs::read(scratch.path()).unwrap();
    let reserve = 2 + 9 + 8;
    std::fs::write(scratch.path(), &log[..20 + reserve]).unwrap();
    let third = scratch.open().intern(ROOT, b"a", &object(1)).unwrap();
    assert!(third > second);
}

#[test]
fn another_object_under_the_name_gets_another_id() {
    let scratch = Scratch::new();
    let table = scratch.open();
    let first = table.intern(ROOT, b"a", &object(1)).unwrap();
    let second = table.intern(ROOT, b"a", &object(2)).unwrap();
    assert_ne!(first, second);
    // The same inode number, born later.
    let mut later = object(1);
    later.identity.mark = Mark::Born {
        seconds: 1_800_000_000,
        nanoseconds: 0,
    };
    assert_ne!(table.intern(ROOT, b"a", &later).unwrap(), first);
    assert_eq!(table.entry(first).unwrap().name, None);
}

#[test]
fn our_renames_are_followed() {
    let scratch = Scratch::new();
    let table = scratch.open();
    let a = table.intern(ROOT, b"a", &directory(1)).unwrap();
    let file = table.intern(a, b"file", &object(2)).unwrap();
    let victim = table.intern(ROOT, b"victim", &object(3)).unwrap();
    table.renamed(a, ROOT, b"a", ROOT, b"z").unwrap();
    assert_eq!(path(&table, file).unwrap(), "z/file");
    table.renamed(file, a, b"file", ROOT, b"victim").unwrap();
    assert_eq!(path(&table, file).unwrap(), "victim");
    assert_eq!(path(&table, victim), None);
    drop(table);
    let table = scratch.open();
    assert_eq!(path(&table, file).unwrap(), "victim");
    assert_eq!(table.intern(ROOT, b"victim", &object(2)), Ok(file));
    table.renamed(file, ROOT, b"victim", ROOT, b"victim").unwrap();
    assert_eq!(
        table.renamed(999, ROOT, b"unknown", ROOT, b"other"),
        Err(Errno::STALE)
    );
    assert_eq!(path(&table, file).unwrap(), "victim");
}

/// Other threads are at work between a system call and what the table is told of it.
#[test]
fn news_that_comes_late_harms_nobody() {
    let scratch = Scratch::new();
    let table = scratch.open();
    let a = table.intern(ROOT, b"a", &directory(1)).unwrap();
    let removed = table.intern(a, b"name", &object(2)).unwrap();
    let newer = table.intern(a, b"name", &object(3)).unwrap();
    table.removed(removed, a, b"name", false).unwrap();
    assert_eq!(path(&table, newer).unwrap(), "a/name");
    let newest = table.intern(a, b"name", &object(4)).unwrap();
    table.renamed(newer, a, b"name", ROOT, b"moved").unwrap();
    assert_eq!(path(&table, newer).unwrap(), "moved");
    assert_eq!(path(&table, newest).unwrap(), "a/name");
    assert_eq!(table.intern(ROOT, b"met", &object(4)), Ok(newest));
    table.renamed(newest, a, b"name", ROOT, b"met").unwrap();
    assert_eq!(path(&table, newest).unwrap(), "met");
    table.removed(newest, a, b"name", true).unwrap();
    assert_eq!(path(&table, newest).unwrap(), "met");
}

#[test]
fn a_rename_by_others_is_noticed_when_the_object_is_met_again() {
    let scratch = Scratch::new();
    let table = scratch.open();
    let a = table.intern(ROOT, b"a", &directory(1)).unwrap();
    let file = table.intern(ROOT, b"file", &object(2)).unwrap();
    assert_eq!(table.intern(a, b"moved", &object(2)), Ok(file));
    assert_eq!(path(&table, file).unwrap(), "a/moved");
    assert_eq!(table.entry(file).unwrap().places().count(), 1);
}

#[test]
fn an_inode_number_alone_proves_nothing() {
    let scratch = Scratch::new();
    let table = scratch.open();
    let first = table.intern(ROOT, b"a", &seen(object(1), 1)).unwrap();
    assert_eq!(table.intern(ROOT, b"a", &seen(object(1), 1)), Ok(first));
    assert_eq!(
        table.intern(ROOT, b"a", &seen(object(1), 2)),
        Ok(first),
        "modified where it is"
    );
    assert_ne!(table.intern(ROOT, b"b", &seen(object(1), 1)).unwrap(), first);
    assert_eq!(
        table.intern(ROOT, b"c", &seen(object(1), 2)),
        Ok(first),
        "as it was last seen"
    );
    let link = table.intern(ROOT, b"d", &seen(linked(3), 1)).unwrap();
    assert_eq!(
        table.intern(ROOT, b"e", &seen(linked(3), 2)),
        Ok(link),
        "both names exist at once"
    );
}

#[test]
fn an_object_is_recognized_where_it_is_and_its_looks_remembered() {
    let scratch = Scratch::new();
    let table = scratch.open();
    let id = table.intern(ROOT, b"a", &seen(object(1), 1)).unwrap();
    assert!(table.recognize(id, &seen(object(1), 9).identity));
    assert!(!table.recognize(id, &seen(object(2), 9).identity));
    assert!(!table.recognize(id, &seen(directory(1), 9).identity));
    assert_eq!(table.intern(ROOT, b"b", &seen(object(1), 9)), Ok(id));
    assert!(
        table.recognize(id, &object(1).identity),
        "a newer kernel knows when it was born"
    );
    assert_eq!(table.intern(ROOT, b"c", &object(1)), Ok(id));
    assert!(!table.recognize(99, &object(1).identity));

    let other = table.intern(ROOT, b"other", &seen(object(7), 1)).unwrap();
    assert!(table.recognize(other, &seen(object(7), 2).identity));
    table.note_changes().unwrap();
    let length = std::fs::metadata(scratch.path()).unwrap().len();
    table.note_changes().unwrap();
    assert_eq!(
        std::fs::metadata(scratch.path()).unwrap().len(),
        length,
        "once is enough"
    );
    drop(table);
    assert_eq!(
        scratch.open().intern(ROOT, b"moved", &seen(object(7), 2)),
        Ok(other)
    );
}

#[test]
fn hard_links_share_an_id_until_the_last_one_goes() {
    let scratch = Scratch::new();
    let table = scratch.open();
    let id = table.intern(ROOT, b"one", &linked(1)).unwrap();
    assert_eq!(table.intern(ROOT, b"two", &linked(1)), Ok(id));
    table.removed(id, ROOT, b"two", true).unwrap();
    assert_eq!(path(&table, id).unwrap(), "one");
    assert_eq!(table.intern(ROOT, b"three", &linked(1)), Ok(id));
    table.removed(id, ROOT, b"one", true).unwrap();
    drop(table);
    let table = scratch.open();
    assert_eq!(path(&table, id).unwrap(), "three");
    table.removed(id, ROOT, b"three", false).unwrap();
    assert_eq!(table.entry(id).err(), Some(Errno::STALE));
    assert!(table.is_empty());
}

#[test]
fn a_removed_name_with_other_links_leaves_the_object_to_be_searched_for() {
    let scratch = Scratch::new();
    let table = scratch.open();
    let id = table.intern(ROOT, b"seen", &linked(1)).unwrap();
    table.removed(id, ROOT, b"seen", true).unwrap();
    let entry = table.entry(id).unwrap();
    assert_eq!((entry.name, entry.parent), (None, ROOT));
    drop(table);
    let table = scratch.open();
    table.found(id, ROOT, b"unseen").unwrap();
    assert_eq!(path(&table, id).unwrap(), "unseen");
}

#[test]
fn many_links_are_bounded() {
    let scratch = Scratch::new();
    let table = scratch.open();
    let mut ids = std::collections::HashSet::new();
    for link in 0..200 {
        ids.insert(
            table
                .intern(ROOT, format!("link{link}").as_bytes(), &linked(1))
                .unwrap(),
        );
    }
    assert_eq!(ids.len(), 1);
    let id = ids.into_iter().next().unwrap();
    assert_eq!(table.entry(id).unwrap().places().count(), 16);
    assert_eq!(path(&table, id).unwrap(), "link199");
}

#[test]
fn names_that_are_none_are_refused() {
    let scratch = Scratch::new();
    let table = scratch.open();
    for name in [&b""[..], b".", b"..", b"a/b", b"a\0", &[b'x'; 256]] {
        assert_eq!(table.intern(ROOT, name, &object(1)), Err(Errno::INVAL));
    }
    assert!(table.intern(ROOT, &[0xff; 255], &object(1)).is_ok());
    assert_eq!(table.intern(999, b"orphan", &object(2)), Err(Errno::STALE));
}

#[test]
fn a_loop_of_directories_ends() {
    let scratch = Scratch::new();
    let table = scratch.open();
    let a = table.intern(ROOT, b"a", &directory(1)).unwrap();
    let b = table.intern(a, b"b", &directory(2)).unwrap();
    // Others swapped them and a client met them in an unlucky order.
    assert_eq!(table.intern(b, b"a", &directory(1)), Ok(a));
    assert_eq!(table.path(a, 100), Ok(None));
}

#[test]
fn compaction_keeps_what_lives_and_drops_what_does_not() {
    let scratch = Scratch::new();
    let table = scratch.open();
    let a = table.intern(ROOT, b"a", &directory(1)).unwrap();
    let keep = table.intern(a, b"keep", &linked(2)).unwrap();
    table.intern(ROOT, b"keep too", &linked(2)).unwrap();
    let lost = table.intern(a, b"lost", &object(3)).unwrap();
    table.intern(a, b"lost", &object(4)).unwrap();
    let missing = table.intern(a, b"missing", &object(5)).unwrap();
    table.missing(missing, None).unwrap();
    let dead = table.intern(ROOT, b"dead", &directory(6)).unwrap();
    let orphan = table.intern(dead, b"orphan", &object(7)).unwrap();
    table.removed(dead, ROOT, b"dead", false).unwrap();
    for round in 0..20_000u64 {
        let name = format!("temporary{round}");
        let id = table.intern(a, name.as_bytes(), &object(100 + round)).unwrap();
        table.removed(id, a, name.as_bytes(), false).unwrap();
    }
    let before = std::fs::metadata(scratch.path()).unwrap().len();
    let next = table.intern(ROOT, b"last", &object(8)).unwrap();
    assert!(table.compact_if_worthwhile().unwrap());
    assert!(!table.compact_if_worthwhile().unwrap());
    assert!(std::fs::metadata(scratch.path()).unwrap().len() < before / 100);
    for table in [table, scratch.open()] {
        assert_eq!(path(&table, keep).unwrap(), "keep too");
        assert_eq!(table.entry(keep).unwrap().places().count(), 2);
        assert_eq!(table.entry(lost).unwrap().name, None);
        assert_eq!(table.entry(missing).err(), Some(Errno::STALE));
        assert_eq!(table.entry(orphan).err(), Some(Errno::STALE));
        assert_eq!(table.intern(ROOT, b"last", &object(8)), Ok(next));
    }
    assert!(scratch.open().intern(ROOT, b"newer", &object(9)).unwrap() > next);
}

#[test]
fn what_is_missing_comes_back_with_its_id() {
    let scratch = Scratch::new();
    let table = scratch.open();
    let a = table.intern(ROOT, b"a", &directory(1)).unwrap();
    let id = table.intern(ROOT, b"file", &object(2)).unwrap();
    table.missing(id, None).unwrap();
    assert_eq!(path(&table, id), None);
    assert_eq!(table.intern(a, b"elsewhere", &object(2)), Ok(id));
    assert_eq!(path(&table, id).unwrap(), "a/elsewhere");
}

#[test]
fn a_torn_tail_costs_only_what_was_torn() {
    let scratch = Scratch::new();
    let table = scratch.open();
    let ids: Vec<_> = (0..20)
        .map(|n| {
            table
                .intern(ROOT, format!("file{n}").as_bytes(), &object(n))
                .unwrap()
        })
        .collect();
    drop(table);
    let whole = std::fs::read(scratch.path()).unwrap();
    for length in 0..whole.len() {
        std::fs::write(scratch.path(), &whole[..length]).unwrap();
        let table = scratch.open();
        let known = table.len();
        for (n, &id) in ids.iter().enumerate() {
            assert_eq!(table.entry(id).is_ok(), n < known, "{length} bytes: {n}");
        }
        if length > 40 {
            let fresh = table.intern(ROOT, b"fresh", &object(99)).unwrap();
            assert!(!ids.contains(&fresh), "{length} bytes");
        }
        drop(table);
        assert_eq!(scratch.open().torn_bytes, 0, "the tail is gone");
    }
}

#[test]
fn a_damaged_middle_is_reported_and_kept_aside() {
    let scratch = Scratch::new();
    let table = scratch.open();
    for n in 0..100 {
        table
            .intern(ROOT, format!("file{n}").as_bytes(), &object(n))
            .unwrap();
    }
    drop(table);
    let mut bytes = std::fs::read(scratch.path()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(scratch.path(), &bytes).unwrap();
    let table = scratch.open();
    assert!(table.torn_bytes > 1000 && table.len() < 100 && table.len() > 10);
    let copy = std::fs::read(scratch.path().with_extension("damaged")).unwrap();
    assert_eq!(copy.len() as u64, table.torn_bytes);
    assert!(bytes.ends_with(&copy));
}

#[test]
fn a_file_that_is_no_table_is_left_alone() {
    let scratch = Scratch::new();
    let text = b"something that somebody keeps here";
    std::fs::write(scratch.path(), text).unwrap();
    assert!(HandleTable::open(&scratch.path()).is_err());
    assert_eq!(std::fs::read(scratch.path()).unwrap(), text);
}

/// What a client and others do to a small tree, against a model that knows the truth.
#[derive(Clone, Debug)]
enum Step {
    Intern {
        parent: usize,
        name: u8,
        inode: u64,
    },
    Remove {
        parent: usize,
        name: u8,
    },
    Rename {
        from: usize,
        name: u8,
        to: usize,
        new: u8,
    },
    Restart,
    Compact,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..4usize, 0..5u8, 0..12u64).prop_map(|(parent, name, inode)| Step::Intern { parent, name, inode }),
        2 => (0..4usize, 0..5u8).prop_map(|(parent, name)| Step::Remove { parent, name }),
        3 => (0..4usize, 0..5u8, 0..4usize, 0..5u8)
            .prop_map(|(from, name, to, new)| Step::Rename { from, name, to, new }),
        1 => Just(Step::Restart),
        1 => Just(Step::Compact),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever happens, an id names one object for ever, the place the table knows is the one last heard of, and a
    /// restart changes nothing.
    #[test]
    fn an_id_is_one_object_for_ever(steps in proptest::collection::vec(step(), 1..60)) {
        let scratch = Scratch::new();
        let mut table = scratch.open();
        let parents: Vec<u64> = std::iter::once(ROOT)
            .chain((1..4u64).map(|n| table.intern(ROOT, &[b'A' + n as u8], &directory(1000 + n)).unwrap()))
            .collect();
        let mut inode_of: HashMap<u64, u64> = HashMap::new();
        let mut at: HashMap<(usize, u8), u64> = HashMap::new();
        for step in steps {
            match step {
                Step::Intern { parent, name, inode } => {
                    let id = table.intern(parents[parent], &[b'a' + name], &object(inode)).unwrap();
                    prop_assert_eq!(*inode_of.entry(id).or_insert(inode), inode);
                    at.retain(|_, other| *other != id);
                    at.insert((parent, name), id);
                }
                Step::Remove { parent, name } => {
                    if let Some(id) = at.remove(&(parent, name)) {
                        table.removed(id, parents[parent], &[b'a' + name], false).unwrap();
                        prop_assert_eq!(table.entry(id).err(), Some(Errno::STALE));
                    }
                }
                Step::Rename { from, name, to, new } => {
                    if let Some(id) = at.remove(&(from, name)) {
                        table.renamed(id, parents[from], &[b'a' + name], parents[to], &[b'a' + new]).unwrap();
                        at.insert((to, new), id);
                    }
                }
                Step::Restart => {
                    drop(table);
                    table = scratch.open();
                }
                Step::Compact => table.lock().compact().unwrap(),
            }
            for (&(parent, name), &id) in &at {
                let entry = table.entry(id).unwrap();
                let name = [b'a' + name];
                let places: Vec<_> = entry.places().collect();
                prop_assert_eq!(places, vec![(parents[parent], &name[..])]);
            }
        }
    }

    #[test]
    fn any_bytes_are_survived(mut bytes in proptest::collection::vec(any::<u8>(), 0..2000), whole: bool) {
        let scratch = Scratch::new();
        if whole {
            bytes.splice(0..0, *b"fsva handle table 1\n");
        }
        std::fs::write(scratch.path(), &bytes).unwrap();
        if let Ok(table) = HandleTable::open(&scratch.path()) {
            prop_assert!(table.intern(ROOT, b"a", &object(1)).is_ok());
        }
    }

    /// A checksum holds damage off, but not a version of this program that wrote nonsense.
    #[test]
    fn any_records_are_survived(records in proptest::collection::vec(record(), 0..40)) {
        let scratch = Scratch::new();
        drop(scratch.open());
        let mut bytes = std::fs::read(scratch.path()).unwrap();
        for record in &records {
            record.as_record().encode(&mut bytes);
        }
        std::fs::write(scratch.path(), &bytes).unwrap();
        let table = scratch.open();
        prop_assert_eq!(table.torn_bytes, 0);
        for id in 0..6 {
            let _ = table.path(id, 100);
        }
        table.lock().compact().unwrap();
        let ids: Vec<_> = table.lock().index.iter().map(|(id, entry)| (id, entry.name.clone())).collect();
        let again = HandleTable::open(&scratch.path()).unwrap();
        for (id, name) in ids {
            prop_assert_eq!(again.entry(id).unwrap().name, name);
        }
    }

    #[test]
    fn records_read_as_they_were_written(record in record(), junk in proptest::collection::vec(any::<u8>(), 0..30)) {
        let mut bytes = Vec::new();
        record.as_record().encode(&mut bytes);
        let length = bytes.len();
        for cut in 0..length {
            prop_assert_eq!(Record::decode(&bytes[..cut]), None);
        }
        bytes.extend(junk);
        prop_assert_eq!(Record::decode(&bytes), Some((record.as_record(), length)));
    }
}

#[derive(Clone, Debug)]
enum OwnedRecord {
    Reserve(u64),
    Place(u64, u64, ObjectIdentity, Vec<u8>),
    Unplace(u64, Vec<u8>),
    Forget(u64),
}

impl OwnedRecord {
    fn as_record(&self) -> Record<'_> {
        match self {
            OwnedRecord::Reserve(below) => Record::Reserve { below: *below },
            OwnedRecord::Place(id, parent, identity, name) => Record::Place {
                id: *id,
                parent: *parent,
                identity: *identity,
                name,
            },
            OwnedRecord::Unplace(parent, name) => Record::Unplace {
                parent: *parent,
                name,
            },
            OwnedRecord::Forget(id) => Record::Forget { id: *id },
        }
    }
}

fn record() -> impl Strategy<Value = OwnedRecord> {
    let name = || proptest::collection::vec(b'a'..b'd', 1..3);
    let mark = prop_oneof![
        any::<(i64, u32)>().prop_map(|(seconds, nanoseconds)| Mark::Born { seconds, nanoseconds }),
        any::<(i64, u32, u64)>().prop_map(|(modified_seconds, modified_nanoseconds, size)| {
            Mark::Seen {
                modified_seconds,
                modified_nanoseconds,
                size,
            }
        }),
    ];
    let identity =
        (0..3u32, 0..4u64, 0..2u64, mark).prop_map(|(format, inode, subvolume, mark)| ObjectIdentity {
            format,
            inode,
            subvolume,
            mark,
        });
    prop_oneof![
        (0..100u64).prop_map(OwnedRecord::Reserve),
        (0..6u64, 0..6u64, identity, name())
            .prop_map(|(id, parent, identity, name)| { OwnedRecord::Place(id, parent, identity, name) }),
        (0..6u64, name()).prop_map(|(parent, name)| OwnedRecord::Unplace(parent, name)),
        (0..6u64).prop_map(OwnedRecord::Forget),
    ]
}
