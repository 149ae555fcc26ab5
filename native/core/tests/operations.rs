//! Operations on real files: whose rights they have, what is answered at once, what is kept open.

mod scratch;
mod served;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use fsva_core::errno::Errno;
use fsva_core::operations::commit::Commit;
use fsva_core::operations::create::How;
use fsva_core::operations::fsstat::Fsstat;
use fsva_core::operations::getattr::Getattr;
use fsva_core::operations::lookup::Lookup;
use fsva_core::operations::mknod::{Mknod, Special};
use fsva_core::operations::readlink::Readlink;
use fsva_core::operations::set_attributes::SetAttributes;
use fsva_core::operations::write::Stable;
use scratch::{Scratch, isolated, run};
use served::{ALICE, BOB, ROOT, Served, handle, handle_of, name, on_ext4, on_tmpfs, reading, with_mode};

#[test]
fn what_is_cached_is_answered_at_once_and_the_rest_by_the_pool() {
    on_ext4(
        "what_is_cached_is_answered_at_once_and_the_rest_by_the_pool",
        |scratch, served| {
            let file = served.create(ALICE, &served.root, "f", 0o644).unwrap();
            served
                .write(ALICE, &file, 0, &[7; 5000], Stable::Unstable)
                .unwrap();
            let getattr = || Getattr {
                object: handle(&file),
            };
            assert_eq!(served.inline(BOB, getattr()).unwrap().object.size, 5000);
            let lookup = || Lookup {
                directory: handle(&served.root),
                name: name("f"),
            };
            assert_eq!(handle_of(&served.inline(BOB, lookup()).unwrap()), file);
            let mut buffer = [0; 4096];
            let answer = served.inline(BOB, reading(&file, 4000, &mut buffer)).unwrap();
            assert_eq!(
                (answer.count, answer.flags, buffer[999], buffer[1000]),
                (1000, 1, 7, 0)
            );
            let mut large = vec![0; (256 << 10) + 1];
            let mut read_large = || {
                served
                    .inline(BOB, reading(&file, 0, &mut large))
                    .map(|answer| answer.count)
            };
            assert_eq!(read_large(), Some(5000), "there is little to copy");
            let on_disk = fs::File::options()
                .write(true)
                .open(scratch.path("mnt/f"))
                .unwrap();
            on_disk.set_len(u64::from(u32::MAX)).unwrap();
            assert_eq!(read_large(), None, "others would wait while it is copied");
            on_disk.set_len(5000).unwrap();
            assert!(
                served.inline(BOB, Commit { file: handle(&file) }).is_none(),
                "may block"
            );

            // Another process made the handle: nothing is open yet.
            let root = served.root.clone();
            let other = scratch.path("other-state");
            fs::create_dir(&other).unwrap();
            fs::set_permissions(&other, fs::Permissions::from_mode(0o700)).unwrap();
            fs::copy(scratch.path("state/handle-key"), other.join("handle-key")).unwrap();
            let other = Served::new(&other, &scratch.path("mnt"));
            assert_eq!(other.root, root);
            assert!(
                other.inline(BOB, getattr()).is_none(),
                "to be opened by handle first"
            );
            assert_eq!(other.inline(BOB, getattr()).unwrap().object.size, 5000);
        },
    );
}

/// Whether READLINK and FSSTAT are answered at once; what they say is true either way.
fn links_and_space_at_once(mount: &Path, served: &Served) -> (bool, bool) {
    std::os::unix::fs::symlink("where/it/leads", mount.join("link")).unwrap();
    let link = served.lookup(ALICE, &served.root, "link").unwrap();
    let readlink = || Readlink {
        symlink: handle(&link),
    };
    let fsstat = || Fsstat {
        object: handle(&served.root),
    };
    let pooled = served.run(BOB, &readlink()).unwrap();
    assert_eq!(
        (pooled.answer.count, &pooled.bytes[..]),
        (14, &b"where/it/leads"[..])
    );
    let inline = served.inline_bytes(BOB, readlink());
    if let Some((answer, bytes)) = &inline {
        assert_eq!((answer.count, bytes), (14, &pooled.bytes));
    }
    let space = served.inline(BOB, fsstat());
    if let Some(answer) = &space {
        assert_eq!(answer.numbers, served.run(BOB, &fsstat()).unwrap().answer.numbers);
    }
    (inline.is_some(), space.is_some())
}

#[test]
fn links_and_space_in_memory_are_answered_at_once() {
    on_tmpfs(
        "links_and_space_in_memory_are_answered_at_once",
        |mount, served| {
            assert_eq!(links_and_space_at_once(mount, served), (true, true));
        },
    );
}

#[test]
fn links_and_space_on_a_disk_are_answered_by_the_pool() {
    on_ext4(
        "links_and_space_on_a_disk_are_answered_by_the_pool",
        |scratch, served| {
            assert_eq!(
                links_and_space_at_once(&scratch.path("mnt"), served),
                (false, false)
            );
        },
    );
}

#[test]
fn a_fifo_or_device_is_never_opened_for_data() {
    on_ext4("a_fifo_or_device_is_never_opened_for_data", |_, served| {
        let kinds = [
            Special::Fifo,
            Special::Socket,
            Special::CharacterDevice { major: 1, minor: 5 },
        ];
        for (index, what) in kinds.into_iter().enumerate() {
            let made = served.run(
                ROOT,
                &Mknod {
                    directory: handle(&served.root),
                    name: name(&index.to_string()),
                    what,
                    attributes: with_mode(0o666),
                },
            );
            let wire = handle_of(&made.unwrap().answer);
            assert_eq!(served.read(ROOT, &wire, 0, 10).unwrap_err(), Errno::INVAL);
            assert_eq!(
                served.write(ROOT, &wire, 0, b"x", Stable::FileSync).unwrap_err(),
                Errno::INVAL
            );
            let size = SetAttributes {
                size: Some(0),
                ..SetAttributes::default()
            };
            assert_eq!(served.setattr(ROOT, &wire, size).unwrap_err(), Errno::INVAL);
            served.setattr(ROOT, &wire, with_mode(0o600)).unwrap();
        }
    });
}

#[test]
fn only_root_makes_devices() {
    on_ext4("only_root_makes_devices", |_, served| {
        let make = |uid| {
            let what = Special::BlockDevice { major: 7, minor: 0 };
            let directory = handle(&served.root);
            served.run(
                uid,
                &Mknod {
                    directory,
                    name: name("b"),
                    what,
                    attributes: with_mode(0o600),
                },
            )
        };
        assert_eq!(make(ALICE).err().unwrap(), Errno::PERM);
        let answer = make(ROOT).unwrap().answer.object;
        assert_eq!((answer.kind, answer.rdev_major, answer.rdev_minor), (3, 7, 0));
    });
}

#[test]
fn dot_dot_does_not_lead_out_of_an_export() {
    isolated("dot_dot_does_not_lead_out_of_an_export", || {
        let scratch = Scratch::new();
        scratch.mount_image("ext4", "image", "mnt");
        for directory in [
            "mnt/export",
            "mnt/export/inside",
            "mnt/export/inside/moved",
            "mnt/elsewhere",
        ] {
            scratch.directory(directory);
        }
        let export = scratch.path("mnt/export");
        let served = Served::new(&scratch.path("state"), &export);
        assert_eq!(served.lookup(ROOT, &served.root, "..").unwrap(), served.root);
        let inside = served.lookup(ROOT, &served.root, "inside").unwrap();
        assert_eq!(served.lookup(ROOT, &inside, "..").unwrap(), served.root);
        let moved = served.lookup(ROOT, &inside, "moved").unwrap();
        assert_eq!(served.lookup(ROOT, &moved, "..").unwrap(), inside);
        fs::rename(
            scratch.path("mnt/export/inside/moved"),
            scratch.path("mnt/elsewhere/moved"),
        )
        .unwrap();
        assert_eq!(served.lookup(ROOT, &moved, "..").unwrap_err(), Errno::ACCES);
        // By name neither, nor through a symbolic link.
        assert_eq!(served.resolve(&export, "../elsewhere").unwrap_err(), Errno::NOENT);
        std::os::unix::fs::symlink("../elsewhere", scratch.path("mnt/export/link")).unwrap();
        assert_eq!(served.resolve(&export, "link").unwrap_err(), Errno::NOENT);
        std::os::unix::fs::symlink("inside", scratch.path("mnt/export/good")).unwrap();
        assert_eq!(served.resolve(&export, "good").unwrap(), inside);
        assert_eq!(served.resolve(&export, "//inside/").unwrap(), inside);
    });
}

#[test]
fn a_removed_file_is_stale_and_its_space_is_free() {
    on_ext4(
        "a_removed_file_is_stale_and_its_space_is_free",
        |scratch, served| {
            let free = || {
                let stat = fsva_core::operations::fsstat::Fsstat {
                    object: handle(&served.root),
                };
                served.run(ROOT, &stat).unwrap().answer.numbers[1]
            };
            let before = free();
            for by_us in [true, false] {
                let file = served.create(ALICE, &served.root, "f", 0o644).unwrap();
                served
                    .write(ALICE, &file, 0, &vec![1; 8 << 20], Stable::FileSync)
                    .unwrap();
                assert!(free() < before - (7 << 20));
                if by_us {
                    served.remove(ALICE, &served.root, "f").unwrap();
                } else {
                    fs::remove_file(scratch.path("mnt/f")).unwrap();
                }
                assert_eq!(served.getattr(&file).unwrap_err(), Errno::STALE);
                // Closed by another thread.
                let deadline = std::time::Instant::now() + Duration::from_secs(20);
                while free() < before - (1 << 20) {
                    assert!(
                        std::time::Instant::now() < deadline,
                        "{} of {before} bytes free",
                        free()
                    );
                    std::thread::sleep(Duration::from_millis(20));
                }
                assert_eq!(served.getattr(&file).unwrap_err(), Errno::STALE);
            }
        },
    );
}

#[test]
fn descriptors_stay_within_the_budget() {
    isolated("descriptors_stay_within_the_budget", || {
        // Of this process in its namespace, far below what the files would need.
        let limit = libc::rlimit {
            rlim_cur: 400,
            rlim_max: 400,
        };
        // SAFETY: limit is a struct rlimit.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
        let scratch = Scratch::new();
        let served = Served::new(&scratch.path("state"), scratch.directory("export").as_ref());
        let mut files = Vec::new();
        for number in 0..600 {
            let file = served
                .create(ROOT, &served.root, &number.to_string(), 0o644)
                .unwrap();
            served
                .write(ROOT, &file, 0, number.to_string().as_bytes(), Stable::Unstable)
                .unwrap();
            files.push(file);
        }
        for (number, file) in files.iter().enumerate() {
            assert_eq!(
                served.read(ROOT, file, 0, 10).unwrap(),
                number.to_string().as_bytes()
            );
            // The event loop opens objects, too, when it looks them up.
            let lookup = Lookup {
                directory: handle(&served.root),
                name: name(&number.to_string()),
            };
            if let Some(answer) = served.inline(ROOT, lookup) {
                assert_eq!(handle_of(&answer), *file);
            }
        }
        assert!(
            served.engine.descriptors() < 300,
            "{}",
            served.engine.descriptors()
        );
        // Somebody else takes all that are left: clients are told to come back, and do with success.
        let mut hoard = Vec::new();
        while let Ok(file) = fs::File::open("/dev/null") {
            hoard.push(file);
        }
        let mut attempts = 0..5;
        while let Err(errno) = served.create(ROOT, &served.root, "one more", 0o644) {
            assert_eq!(errno, Errno::JUKEBOX);
            assert!(attempts.next().is_some());
        }
    });
}

#[test]
fn an_exclusive_create_is_recognized_when_it_comes_again() {
    on_ext4(
        "an_exclusive_create_is_recognized_when_it_comes_again",
        |_, served| {
            for verifier in [[0xff; 8], [0; 8], [1, 2, 3, 4, 0x85, 6, 7, 8]] {
                let text = format!("{verifier:?}");
                let create =
                    |verifier| served.create_as(ALICE, &served.root, &text, How::Exclusive(verifier));
                let file = create(verifier).unwrap();
                assert_eq!(create(verifier).unwrap(), file);
                assert_eq!(create([9; 8]).unwrap_err(), Errno::EXIST);
                // Ext4 keeps them on disk: it is as true of another inode in memory.
                fs::write("/proc/sys/vm/drop_caches", "2").unwrap();
                assert_eq!(create(verifier).unwrap(), file);
                served.setattr(ALICE, &file, with_mode(0o600)).unwrap();
                served.write(ALICE, &file, 0, b"x", Stable::Unstable).unwrap();
                assert_eq!(create(verifier).unwrap_err(), Errno::EXIST);
            }
        },
    );
}

#[test]
fn a_failed_write_back_is_reported_and_changes_the_verifier() {
    isolated("a_failed_write_back_is_reported_and_changes_the_verifier", || {
        // The disk ends before the file system does: writes to it fail once they leave memory.
        let scratch = Scratch::new();
        let disk = scratch.directory("disk");
        run("mount", &["-t", "tmpfs", "-o", "size=12m", "none", &disk]);
        scratch.mount_image("ext4", "disk/image", "mnt");
        let served = Served::new(&scratch.path("state"), &scratch.path("mnt"));
        let file = served.create(ROOT, &served.root, "f", 0o644).unwrap();
        let first = served
            .write(ROOT, &file, 0, &vec![1; 16 << 20], Stable::Unstable)
            .unwrap();
        assert_eq!(first.count, 16 << 20, "memory has room");
        let commit = || served.run(ROOT, &Commit { file: handle(&file) });
        assert!([Errno::IO, Errno::NOSPC].contains(&commit().err().unwrap()));
        let after = served.engine.verifier.get();
        assert_ne!(after, first.verifier);
        // Nothing is lost once more: it stays the same now.
        let small = served.create(ROOT, &served.root, "small", 0o644);
        if let Ok(small) = small {
            let written = served.write(ROOT, &small, 0, b"x", Stable::Unstable).unwrap();
            assert_eq!(written.verifier, after);
        }
    });
}

#[test]
fn listings_without_stable_offsets_survive_changes_and_restart() {
    isolated(
        "listings_without_stable_offsets_survive_changes_and_restart",
        || {
            let scratch = Scratch::new();
            scratch.mount_image("ext4", "image", "base");
            for directory in [
                "base/lower",
                "base/upper",
                "base/work",
                "base/lower/d",
                "base/upper/d",
            ] {
                scratch.directory(directory);
            }
            for number in 0..500 {
                let layer = ["lower", "upper"][number % 2];
                fs::write(scratch.path(&format!("base/{layer}/d/stays {number}")), "").unwrap();
            }
            if scratch.mount_overlay(&[]).is_none() {
                return;
            }
            let mut served = Served::new(&scratch.path("state"), &scratch.path("mnt"));
            let directory = served.lookup(ROOT, &served.root, "d").unwrap();
            let mut listed = Vec::new();
            let mut cookie = 0;
            for round in 0.. {
                let page = served.readdir(ROOT, &directory, cookie, 700).unwrap();
                assert!(
                    page.entries
                        .iter()
                        .all(|(_, cookie)| *cookie > 0 && *cookie <= i64::MAX as u64)
                );
                cookie = page.entries.last().map_or(cookie, |(_, cookie)| *cookie);
                listed.extend(page.entries.into_iter().map(|(name, _)| name));
                if page.end {
                    break;
                }
                fs::write(scratch.path(&format!("mnt/d/comes {round}")), "").unwrap();
                if round > 0 {
                    fs::remove_file(scratch.path(&format!("mnt/d/comes {}", round - 1))).unwrap();
                }
                if round == 10 {
                    drop(served);
                    served = Served::new(&scratch.path("state"), &scratch.path("mnt"));
                }
            }
            listed.sort();
            for number in 0..500 {
                let name = format!("stays {number}");
                assert_eq!(
                    listed.iter().filter(|listed| **listed == name).count(),
                    1,
                    "{name}"
                );
            }
        },
    );
}

#[test]
fn what_has_no_name_left_is_stale_on_an_overlay() {
    isolated("what_has_no_name_left_is_stale_on_an_overlay", || {
        let scratch = Scratch::new();
        scratch.mount_image("ext4", "image", "base");
        if scratch.mount_overlay(&["index=on", "nfs_export=on"]).is_none() {
            return;
        }
        let served = Served::new(&scratch.path("state"), &scratch.path("mnt"));
        let file = served.create(ROOT, &served.root, "f", 0o644).unwrap();
        let path = scratch.path("mnt/f");
        fs::hard_link(&path, scratch.path("mnt/g")).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(served.getattr(&file).map(|now| now.nlink), Ok(1));
        fs::remove_file(scratch.path("mnt/g")).unwrap();
        assert_eq!(served.getattr(&file).err(), Some(Errno::STALE));
        let written = served.write(ROOT, &file, 0, b"lost", Stable::Unstable);
        assert_eq!(written.err(), Some(Errno::STALE));
    });
}

/// As one that is truncated between the two looks of a READ; in sysfs every file does.
#[test]
fn a_file_that_ends_before_its_size_has_an_end() {
    isolated("a_file_that_ends_before_its_size_has_an_end", || {
        let scratch = Scratch::new();
        run("mount", &["-t", "sysfs", "none", &scratch.directory("mnt")]);
        let served = Served::new(&scratch.path("state"), &scratch.path("mnt"));
        let kernel = served.lookup(ROOT, &served.root, "kernel").unwrap();
        let file = served.lookup(ROOT, &kernel, "fscaps").unwrap();
        assert_eq!(served.getattr(&file).unwrap().size, 4096);
        let mut buffer = [0; 100];
        let mut read = |offset| {
            let reply = served.run(ROOT, &reading(&file, offset, &mut buffer)).unwrap();
            (reply.answer.count, reply.answer.flags)
        };
        assert_eq!(read(0), (2, 1));
        assert_eq!(read(2), (0, 1));
    });
}
