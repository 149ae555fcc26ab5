//! READDIR and READDIRPLUS on real file systems: what they say of an entry is true when they say it, and where they run.

mod scratch;
mod served;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use fsva_core::directory::INLINE_LISTING_BYTES_MAX;
use scratch::{Scratch, isolated, run, try_run};
use served::{BOB, ListedEntry, ROOT, Served, listed, listing_plus, on_ext4, on_tmpfs, settle};

fn entry(served: &Served, name: &str) -> ListedEntry {
    let entries = served.readdirplus(ROOT, &served.root).unwrap();
    entries.into_iter().find(|entry| entry.name == name).unwrap()
}

/// Word of the entry's fattr3.
fn attribute(entry: &ListedEntry, word: usize) -> u32 {
    let bytes = &entry.attributes.as_ref().unwrap()[word * 4..][..4];
    u32::from_be_bytes(bytes.try_into().unwrap())
}

const MODE: usize = 1;
const LINKS: usize = 2;
const SIZE_LOW: usize = 6;

/// What local programs do shows at once, however often the directory has been listed before.
fn shows_what_is_there(mount: &Path, served: &Served) {
    for name in ["a", "b", "c"] {
        fs::write(mount.join(name), name).unwrap();
    }
    settle();
    for _ in 0..3 {
        for name in ["a", "b", "c"] {
            let entry = entry(served, name);
            assert_eq!(
                entry.handle,
                Some(served.lookup(ROOT, &served.root, name).unwrap())
            );
            assert_eq!(attribute(&entry, SIZE_LOW), 1);
        }
    }
    fs::set_permissions(mount.join("a"), fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(attribute(&entry(served, "a"), MODE), 0o640);
    fs::write(mount.join("a"), "longer").unwrap();
    assert_eq!(attribute(&entry(served, "a"), SIZE_LOW), 6);

    // Names change places.
    let (a, b) = (entry(served, "a"), entry(served, "b"));
    settle();
    fs::rename(mount.join("a"), mount.join("between")).unwrap();
    fs::rename(mount.join("b"), mount.join("a")).unwrap();
    fs::rename(mount.join("between"), mount.join("b")).unwrap();
    assert_eq!(
        (entry(served, "a").handle, entry(served, "b").handle),
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
                let now = entry(served, "file");
                assert_eq!(now.fileid, fs::metadata(&path).unwrap().ino());
                assert!(before.iter().all(|one| one.handle != now.handle), "round {round}");
                // By now it is remembered, if the inode had settled.
                assert_eq!(entry(served, "file").handle, now.handle);
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
                assert!(entry(served, "covered").handle.is_some());
            }
            run("mount", &["-t", "tmpfs", "none", covered.to_str().unwrap()]);
            assert_eq!(entry(served, "covered").handle, None);
            assert_eq!(entry(served, "covered").attributes, None);
        },
    );
}

/// Often enough that entries that can be opened are open.
fn list_until_open(served: &Served, directory: &[u8]) {
    settle();
    for _ in 0..3 {
        served.readdirplus(ROOT, directory).unwrap();
    }
    let inline = served.inline_bytes(ROOT, listing_plus(directory, 32 << 10));
    assert!(inline.is_some(), "the entries are open, or this shows nothing");
}

fn names(served: &Served, directory: &[u8]) -> Vec<String> {
    let entries = served.readdirplus(ROOT, directory).unwrap();
    let mut names: Vec<_> = entries.into_iter().map(|entry| entry.name).collect();
    names.sort();
    names
}

/// What local programs do shows at once in a directory whose entries are open.
fn open_entries_show_what_is_there(mount: &Path, served: &Served) {
    let directory = mount.join("listed");
    fs::create_dir(&directory).unwrap();
    fs::create_dir(mount.join("elsewhere")).unwrap();
    for number in 0..100 {
        fs::write(directory.join(format!("{number}")), "").unwrap();
    }
    let wire = served.lookup(ROOT, &served.root, "listed").unwrap();
    let entry = |name: &str| {
        let entries = served.readdirplus(ROOT, &wire).unwrap();
        entries.into_iter().find(|entry| entry.name == name)
    };
    // The first marks the time of access.
    served.readdirplus(ROOT, &wire).unwrap();
    let by_name = served.readdirplus(ROOT, &wire).unwrap();
    list_until_open(served, &wire);
    assert!(served.readdirplus(ROOT, &wire).unwrap() == by_name);

    let page = served.readdir(ROOT, &wire, 0, 128 << 10).unwrap();
    let by_readdir: Vec<_> = by_name
        .iter()
        .map(|entry| (entry.name.clone(), entry.cookie))
        .collect();
    assert!(page.end && page.entries == by_readdir);
    let rest = served.readdir(ROOT, &wire, by_readdir[49].1, 128 << 10).unwrap();
    assert!(rest.end && rest.entries == by_readdir[50..]);

    // Attributes, by whichever name they are changed.
    fs::set_permissions(directory.join("7"), fs::Permissions::from_mode(0o640)).unwrap();
    fs::write(directory.join("7"), "longer").unwrap();
    let changed = entry("7").unwrap();
    assert_eq!(
        (attribute(&changed, MODE), attribute(&changed, SIZE_LOW)),
        (0o640, 6)
    );
    fs::hard_link(directory.join("8"), mount.join("other name")).unwrap();
    list_until_open(served, &wire);
    fs::write(mount.join("other name"), "four").unwrap();
    assert_eq!(attribute(&entry("8").unwrap(), SIZE_LOW), 4);

    // Names: new, gone, of another file, of each other's.
    fs::write(directory.join("new"), "").unwrap();
    assert!(entry("new").is_some());
    list_until_open(served, &wire);
    fs::remove_file(directory.join("new")).unwrap();
    assert!(entry("new").is_none());
    list_until_open(served, &wire);
    let former = entry("9").unwrap();
    fs::write(mount.join("elsewhere/9"), "replaced").unwrap();
    fs::rename(mount.join("elsewhere/9"), directory.join("9")).unwrap();
    let replaced = entry("9").unwrap();
    assert_ne!(replaced.handle, former.handle);
    assert_eq!(attribute(&replaced, SIZE_LOW), 8);
    assert_eq!(replaced.handle, Some(served.lookup(ROOT, &wire, "9").unwrap()));
    list_until_open(served, &wire);
    fs::rename(directory.join("1"), mount.join("elsewhere/1")).unwrap();
    fs::rename(directory.join("2"), directory.join("1")).unwrap();
    assert_eq!(
        entry("1").unwrap().handle,
        Some(served.lookup(ROOT, &wire, "1").unwrap())
    );
    assert!(entry("2").is_none());

    // Removed by a client: nothing keeps it.
    list_until_open(served, &wire);
    served.remove(ROOT, &wire, "3").unwrap();
    assert!(!names(served, &wire).contains(&"3".to_owned()));
}

#[test]
fn open_entries_show_what_is_there_on_tmpfs() {
    on_tmpfs(
        "open_entries_show_what_is_there_on_tmpfs",
        open_entries_show_what_is_there,
    );
}

#[test]
fn open_entries_show_what_is_there_on_ext4() {
    on_ext4("open_entries_show_what_is_there_on_ext4", |scratch, served| {
        open_entries_show_what_is_there(&scratch.path("mnt"), served);
    });
}

#[test]
fn an_open_entry_is_not_listed_as_what_a_mount_covers() {
    on_tmpfs(
        "an_open_entry_is_not_listed_as_what_a_mount_covers",
        |mount, served| {
            let (covered, file) = (mount.join("covered"), mount.join("file"));
            fs::create_dir(&covered).unwrap();
            fs::write(&file, "").unwrap();
            list_until_open(served, &served.root);
            run("mount", &["-t", "tmpfs", "none", covered.to_str().unwrap()]);
            run("mount", &["--bind", "/dev/null", file.to_str().unwrap()]);
            for _ in 0..4 {
                for name in ["covered", "file"] {
                    assert_eq!(entry(served, name).handle, None);
                    assert_eq!(entry(served, name).attributes, None);
                }
            }
            run("umount", &[covered.to_str().unwrap()]);
            assert!(entry(served, "covered").handle.is_some());
            assert_eq!(entry(served, "file").handle, None);
        },
    );
}

#[test]
fn who_may_not_search_learns_only_names_of_open_entries() {
    on_tmpfs(
        "who_may_not_search_learns_only_names_of_open_entries",
        |mount, served| {
            let directory = mount.join("d");
            fs::create_dir(&directory).unwrap();
            fs::write(directory.join("file"), "").unwrap();
            let wire = served.lookup(BOB, &served.root, "d").unwrap();
            let told = |uid| {
                let entries = served.readdirplus(uid, &wire).unwrap();
                entries.into_iter().any(|entry| entry.handle.is_some())
            };
            list_until_open(served, &wire);
            assert!(told(BOB));
            fs::set_permissions(&directory, fs::Permissions::from_mode(0o744)).unwrap();
            assert!(!told(BOB));
            list_until_open(served, &wire);
            assert!(told(ROOT) && !told(BOB));
        },
    );
}

/// A name that is given to another file while it is listed is there before and after.
#[test]
fn a_name_that_changes_hands_is_in_every_listing() {
    on_tmpfs(
        "a_name_that_changes_hands_is_in_every_listing",
        |mount, served| {
            let directory = mount.join("d");
            fs::create_dir(&directory).unwrap();
            for number in 0..100 {
                fs::write(directory.join(format!("{number}")), "").unwrap();
            }
            let wire = served.lookup(ROOT, &served.root, "d").unwrap();
            let all = names(served, &wire);
            // What is listed last changes hands in the middle of a listing most of the time.
            let last = || served.readdirplus(ROOT, &wire).unwrap().pop().unwrap().name;
            for _ in 0..15 {
                fs::write(mount.join("new"), "").unwrap();
                list_until_open(served, &wire);
                let (new, name) = (mount.join("new"), directory.join(last()));
                let replacing = std::thread::spawn(move || fs::rename(new, name));
                while !replacing.is_finished() {
                    assert_eq!(names(served, &wire), all);
                }
                replacing.join().unwrap().unwrap();
            }
        },
    );
}

/// On an overlay, whose entries are looked at one by one.
#[test]
fn what_has_no_name_any_more_is_not_described() {
    isolated("what_has_no_name_any_more_is_not_described", || {
        let scratch = Scratch::new();
        scratch.mount_image("ext4", "image", "base");
        for directory in ["base/lower", "base/upper", "base/work"] {
            scratch.directory(directory);
        }
        let (base, mounted) = (scratch.text("base"), scratch.directory("mnt"));
        let layers = format!("lowerdir={base}/lower,upperdir={base}/upper,workdir={base}/work");
        if !try_run("mount", &["-t", "overlay", "none", "-o", &layers, &mounted]) {
            return eprintln!("skipped: no overlayfs");
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
                .map(|entry| attribute(&entry, LINKS))
                .collect();
            is_over.store(true, Ordering::Relaxed);
            assert!(!links.contains(&0));
        });
    });
}

#[test]
fn a_listing_keeps_no_removed_file() {
    on_tmpfs("a_listing_keeps_no_removed_file", |mount, served| {
        let used = || {
            let stat = std::process::Command::new("stat")
                .args(["-f", "-c", "%f"])
                .arg(mount)
                .output()
                .unwrap();
            String::from_utf8(stat.stdout).unwrap()
        };
        fs::create_dir(mount.join("d")).unwrap();
        let wire = served.lookup(ROOT, &served.root, "d").unwrap();
        let before = used();
        fs::write(mount.join("d/file"), vec![1; 1 << 20]).unwrap();
        list_until_open(served, &wire);
        assert_ne!(used(), before);
        // A client moves it where nobody lists, and removes it there.
        fs::rename(mount.join("d/file"), mount.join("file")).unwrap();
        served.remove(ROOT, &served.root, "file").unwrap();
        assert_eq!(used(), before);
    });
}

#[test]
fn what_reading_marks_is_marked_by_listings_of_open_entries() {
    isolated("what_reading_marks_is_marked_by_listings_of_open_entries", || {
        for (options, marks_each) in [("relatime", false), ("strictatime", true)] {
            let scratch = scratch::Scratch::new();
            let mount = scratch.directory("mnt");
            run("mount", &["-t", "tmpfs", "-o", options, "none", &mount]);
            let served = Served::new(&scratch.path("state"), &scratch.path("mnt"));
            fs::write(scratch.path("mnt/file"), "").unwrap();
            settle();
            let accessed = || {
                fs::metadata(&mount)
                    .map(|data| (data.atime(), data.atime_nsec()))
                    .unwrap()
            };
            let fresh = accessed();
            served.readdirplus(ROOT, &served.root).unwrap();
            assert_ne!(accessed(), fresh);
            for _ in 0..4 {
                let then = accessed();
                settle();
                served.readdirplus(ROOT, &served.root).unwrap();
                assert_eq!(accessed() != then, marks_each, "{options}");
            }
        }
    });
}
