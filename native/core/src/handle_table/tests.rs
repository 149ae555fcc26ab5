use super::*;
use crate::object_identity::{Mark, ObjectIdentity};

pub(super) fn object(inode: u64) -> Identified {
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

pub(super) fn directory(inode: u64) -> Identified {
    let mut directory = object(inode);
    directory.identity.format = libc::S_IFDIR;
    directory.links = 2;
    directory
}

pub(super) fn linked(inode: u64) -> Identified {
    Identified {
        links: 2,
        ..object(inode)
    }
}

/// As on a file system without birth times, last modified at that second.
pub(super) fn seen(found: Identified, modified_seconds: i64) -> Identified {
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

pub(super) struct Scratch {
    directory: tempfile::TempDir,
}

impl Scratch {
    pub fn new() -> Scratch {
        Scratch {
            directory: tempfile::tempdir().unwrap(),
        }
    }
    pub fn path(&self) -> std::path::PathBuf {
        self.directory.path().join("table")
    }
    pub fn open(&self) -> HandleTable {
        HandleTable::open(&self.path()).unwrap()
    }
}

pub(super) fn path(table: &HandleTable, id: u64) -> Option<String> {
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
