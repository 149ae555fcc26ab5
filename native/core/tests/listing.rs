//! READDIR and READDIRPLUS on real file systems: what they say of an entry is true when they say it, and where they run.

mod scratch;
mod served;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use fsva_core::directory::INLINE_LISTING_BYTES_MAX;
use scratch::{Scratch, isolated, run};
use served::{
    BOB, LINKS, ListedEntry, MODE, ROOT, SIZE_LOW, Served, listed, listing_plus, on_ext4, on_tmpfs, settle,
};

/// What local programs do shows at once, however often the directory has been listed before.
fn shows_what_is_there(mount: &Path, served: &Served) {
    for name in ["a", "b", "c"] {
        fs::write(mount.join(name), name).unwrap();
    }
    settle();
    for _ in 0..3 {
        for name in ["a", "b", "c"] {
            let entry = served.entry(name);
            assert_eq!(
                entry.handle,
                Some(served.lookup(ROOT, &served.root, name).unwrap())
            );
            assert_eq!(entry.attribute(SIZE_LOW), 1);
        }
    }
    fs::set_permissions(mount.join("a"), fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(served.entry("a").attribute(MODE), 0o640);
    fs::write(mount.join("a"), "longer").unwrap();
    assert_eq!(served.entry("a").attribute(SIZE_LOW), 6);

    // Names change places.
    let (a, b) = (served.entry("a"), served.entry("b"));
    settle();
    fs::rename(mount.join("a"), mount.join("between")).unwrap();
    fs::rename(mount.join("b"), mount.join("a")).unwrap();
    fs::rename(mount.join("between"), mount.join("b")).unwrap();
    assert_eq!(
        (served.entry("a").handle, served.entry("b").handle),
        (b.handle, a.handle)
    );
}

#[test]
fn what_is_there_shows_on_tmpfs() {
    on_tmpfs("what_is_there_shows_on_tmpfs", shows_what_is_there);
}

#[test]
fn what_is_there_shows_on_ext4() {
    on_ext4("what_is_there_shows_on_ext4", |scratch, served| {
        shows_what_is_there(&scratch.path("mnt"), served);
    });
}

#[test]
fn a_number_that_is_used_again_has_another_handle() {
    on_ext4(
        "a_number_that_is_used_again_has_another_handle",
        |scratch, served| {
            let path = scratch.path("mnt/file");
            let mut before: Vec<ListedEntry> = Vec::new();
            for round in 0..40 {
                fs::write(&path, "").unwrap();
                if round % 4 == 0 {
                    settle();
                }
                let now = served.entry("file");
                assert_eq!(now.fileid, fs::metadata(&path).unwrap().ino());
                assert!(before.iter().all(|one| one.handle != now.handle), "round {round}");
                // By now it is remembered, if the inode had settled.
                assert_eq!(served.entry("file").handle, now.handle);
                before.push(now);
                fs::remove_file(&path).unwrap();
            }
            assert!(
                before.windows(2).any(|pair| pair[0].fileid == pair[1].fileid),
                "or this has shown nothing: ext4 gives a number out again"
            );
        },
    );
}

#[test]
fn small_directories_in_memory_are_listed_at_once() {
    on_tmpfs(
        "small_directories_in_memory_are_listed_at_once",
        |mount, served| {
            let list = |bytes| served.inline_bytes(BOB, listing_plus(&served.root, bytes));
            for number in 0..20 {
                fs::write(mount.join(format!("file {number}")), "").unwrap();
            }
            for _ in 0..2 {
                let (_, inline) = list(32 << 10).expect("at once");
                let entries = listed(&inline, true);
                assert_eq!(entries.len(), 22);
                assert_eq!(entries, served.readdirplus(BOB, &served.root).unwrap());
                settle();
            }
            for number in 20..2000 {
                fs::write(mount.join(format!("file {number}")), "").unwrap();
            }
            assert!(list(32 << 10).is_none(), "others would wait");
            let (_, some) = list(2048).expect("no more than fits into the reply");
            assert!(listed(&some, true).len() > 5);
        },
    );
}

#[test]
fn what_does_not_fit_into_the_room_of_the_event_loop_is_for_the_pool() {
    on_tmpfs(
        "what_does_not_fit_into_the_room_of_the_event_loop_is_for_the_pool",
        |mount, served| {
            for number in 0..100 {
                fs::write(mount.join(format!("{number:0>250}")), "").unwrap();
            }
            settle();
            let list = |bytes| served.inline_bytes(BOB, listing_plus(&served.root, bytes));
            for _ in 0..3 {
                assert_eq!(served.readdirplus(BOB, &served.root).unwrap().len(), 102);
            }
            const { assert!(102 * (250 + 84 + 40) > INLINE_LISTING_BYTES_MAX) };
            assert!(list(128 << 10).is_none());
            let (_, some) = list(24 << 10).expect("there is room for so much");
            assert!(some.len() <= INLINE_LISTING_BYTES_MAX && some.len() > 16 << 10);
        },
    );
}

#[test]
fn what_may_wait_for_a_disk_is_not_listed_at_once() {
    on_ext4("what_may_wait_for_a_disk_is_not_listed_at_once", |_, served| {
        assert!(served.readdirplus(BOB, &served.root).is_ok());
        let listing = || listing_plus(&served.root, 4096);
        assert!(served.inline_bytes(BOB, listing()).is_none());
    });
}

#[test]
fn who_may_not_search_learns_only_names() {
    on_tmpfs("who_may_not_search_learns_only_names", |mount, served| {
        let directory = mount.join("d");
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("file"), "").unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o744)).unwrap();
        let wire = served.lookup(BOB, &served.root, "d").unwrap();
        for _ in 0..2 {
            for entry in served.readdirplus(BOB, &wire).unwrap() {
                assert_eq!((entry.attributes, entry.handle), (None, None), "{}", entry.name);
            }
            let all = served.readdirplus(ROOT, &wire).unwrap();
            assert!(
                all.iter()
                    .any(|entry| entry.name == "file" && entry.handle.is_some())
            );
            settle();
        }
    });
}

#[test]
fn a_mount_point_has_no_handle_of_what_it_covers() {
    on_tmpfs(
        "a_mount_point_has_no_handle_of_what_it_covers",
        |mount, served| {
            let covered = mount.join("covered");
            fs::create_dir(&covered).unwrap();
            settle();
            for _ in 0..2 {
                assert!(served.entry("covered").handle.is_some());
            }
            run("mount", &["-t", "tmpfs", "none", covered.to_str().unwrap()]);
            assert_eq!(served.entry("covered").handle, None);
            assert_eq!(served.entry("covered").attributes, None);
        },
    );
}

/// On an overlay, whose entries are looked at one by one.
#[test]
fn what_has_no_name_any_more_is_not_described() {
    isolated("what_has_no_name_any_more_is_not_described", || {
        let scratch = Scratch::new();
        scratch.mount_image("ext4", "image", "base");
        if scratch.mount_overlay(&[]).is_none() {
            return;
        }
        let mount = scratch.path("mnt");
        let served = Served::new(&scratch.path("state"), &mount);
        let is_over = AtomicBool::new(false);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    fs::write(mount.join("new"), "").unwrap();
                    fs::rename(mount.join("new"), mount.join("name")).unwrap();
                }
            });
            let links: Vec<_> = (0..3000)
                .flat_map(|_| served.readdirplus(ROOT, &served.root).unwrap())
                .filter(|entry| entry.attributes.is_some())
                .map(|entry| entry.attribute(LINKS))
                .collect();
            is_over.store(true, Ordering::Relaxed);
            assert!(!links.contains(&0));
        });
    });
}
