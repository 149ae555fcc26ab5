//! Directories whose entries are open (open_listing.rs): what listings say of them is true when they say it.

mod scratch;
mod served;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use fsva_core::operations::readdir::Readdir;
use scratch::{isolated, run};
use served::{BOB, MODE, ROOT, SIZE_LOW, Served, listed, listing_plus, on_ext4, on_tmpfs, settle};
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
    assert_eq!((changed.attribute(MODE), changed.attribute(SIZE_LOW)), (0o640, 6));
    fs::hard_link(directory.join("8"), mount.join("other name")).unwrap();
    list_until_open(served, &wire);
    fs::write(mount.join("other name"), "four").unwrap();
    assert_eq!(entry("8").unwrap().attribute(SIZE_LOW), 4);

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
    assert_eq!(replaced.attribute(SIZE_LOW), 8);
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

/// The names as a client collects them that asks for so many bytes at a time.
fn names_in_pages(served: &Served, directory: &[u8], bytes: usize) -> (Vec<String>, usize) {
    let (mut names, mut pages, mut cookie) = (Vec::new(), 0, 0);
    loop {
        let page = Readdir {
            cookie,
            ..listing_plus(directory, bytes)
        };
        let reply = served.run(ROOT, &page).unwrap();
        let entries = listed(&reply.bytes, true);
        pages += 1;
        cookie = entries.last().map_or(cookie, |last| last.cookie);
        names.extend(entries.into_iter().map(|entry| entry.name));
        if reply.bytes.ends_with(&[0, 0, 0, 1]) {
            return (names, pages);
        }
    }
}

#[test]
fn a_directory_that_is_listed_in_pages_has_its_entries_opened() {
    on_ext4(
        "a_directory_that_is_listed_in_pages_has_its_entries_opened",
        |scratch, served| {
            let listed_in_pages = |name: &str, files| {
                let directory = scratch.path("mnt").join(name);
                fs::create_dir(&directory).unwrap();
                for number in 0..files {
                    fs::write(directory.join(format!("{number}")), "").unwrap();
                }
                let wire = served.lookup(ROOT, &served.root, name).unwrap();
                settle();
                let first = names_in_pages(served, &wire, 4096);
                for _ in 0..2 {
                    assert!(first.1 > 2 && names_in_pages(served, &wire, 4096) == first);
                }
                let inline = served.inline_bytes(ROOT, listing_plus(&wire, 4096));
                assert!(names_in_pages(served, &wire, 4096) == first);
                inline.is_some()
            };
            assert!(listed_in_pages("small", 100));
            assert!(!listed_in_pages("large", 130));
        },
    );
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
                    assert_eq!(served.entry(name).handle, None);
                    assert_eq!(served.entry(name).attributes, None);
                }
            }
            run("umount", &[covered.to_str().unwrap()]);
            assert!(served.entry("covered").handle.is_some());
            assert_eq!(served.entry("file").handle, None);
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
