//! Whatever is done to a handle table, and whatever its file holds.

use std::collections::HashMap;

use proptest::prelude::*;

use super::tests::{Scratch, directory, object};
use super::*;
use crate::object_identity::{Mark, ObjectIdentity};

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
