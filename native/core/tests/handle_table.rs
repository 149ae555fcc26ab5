//! The handle table on a disk that is full.

mod scratch;

use std::fs;

use fsva_core::errno::Errno;
use fsva_core::handle_table::{HandleTable, ROOT};
use fsva_core::object_identity::{Identified, Mark, ObjectIdentity};
use scratch::{Scratch, isolated, run};

fn object(inode: u64) -> Identified {
    let mark = Mark::Born {
        seconds: 1,
        nanoseconds: 2,
    };
    let identity = ObjectIdentity {
        format: libc::S_IFREG,
        inode,
        subvolume: 0,
        mark,
    };
    Identified { identity, links: 1 }
}

#[test]
fn a_full_disk_costs_new_handles_and_nothing_else() {
    isolated("a_full_disk_costs_new_handles_and_nothing_else", || {
        let scratch = Scratch::new();
        let state = scratch.directory("state");
        run("mount", &["-t", "tmpfs", "-o", "size=64k", "none", &state]);
        let path = scratch.path("state/table");
        let table = HandleTable::open(&path).unwrap();
        let name = |number: u64| format!("{number:0200}").into_bytes();
        let intern = |table: &HandleTable, number| table.intern(ROOT, &name(number), &object(number));
        let mut ids = Vec::new();
        let failure = loop {
            match intern(&table, ids.len() as u64) {
                Ok(id) => ids.push(id),
                Err(error) => break error,
            }
        };
        assert_eq!(failure, Errno::SERVERFAULT);
        assert!(ids.len() > 100);
        let check = |table: &HandleTable| {
            for (number, id) in ids.iter().enumerate() {
                assert_eq!(intern(table, number as u64), Ok(*id));
            }
        };
        check(&table);
        assert_eq!(intern(&table, 999_999), Err(Errno::SERVERFAULT));
        let torn = HandleTable::open(&path).unwrap().torn_bytes;
        assert_eq!(torn, 0, "what did not fit was taken back");
        run("mount", &["-o", "remount,size=1m", &state]);
        let late = intern(&table, 999_999).unwrap();
        drop(table);
        let table = HandleTable::open(&path).unwrap();
        check(&table);
        assert_eq!(intern(&table, 999_999), Ok(late));
        assert!(fs::metadata(&path).unwrap().len() > 64 << 10);
    });
}
