//! Several file systems in one export: what tells them apart, and that it stays.

mod handle_server;
mod scratch;

use std::fs;
use std::os::fd::AsFd;
use std::path::Path;

use fsva_core::errno::Errno;
use handle_server::{Server, inode_of};
use scratch::{Scratch, have, isolated, other_process, run};

#[test]
fn mounts_inside_an_export() {
    isolated("mounts_inside_an_export", || {
        let scratch = Scratch::new();
        let export = scratch.directory("export");
        run("mount", &["-t", "tmpfs", "none", &export]);
        let name = "a b\\040c\n";
        scratch.mount_image("ext4", "image", &format!("export/{name}"));
        fs::write(scratch.path(&format!("export/{name}/file")), "x").unwrap();
        let server = Server::open(&scratch.path("state"), Path::new(&export), None);
        let inner = server.walk(&format!("{name}/file"));
        let fsids = |server: &Server| (server.fsid(&server.root()), server.fsid(&inner));
        let (outer_fsid, inner_fsid) = fsids(&server);
        assert_ne!(outer_fsid, inner_fsid);
        assert_eq!(server.filesystems.strategies().len(), 2);

        // Mounted while the server runs, also below what was mounted inside.
        let late = scratch.directory(&format!("export/{name}/late"));
        run("mount", &["-t", "tmpfs", "none", &late]);
        fs::write(format!("{late}/file"), "x").unwrap();
        let third = server.walk(&format!("{name}/late/file"));
        assert_eq!(server.inode(&third), Ok(inode_of(format!("{late}/file"))));
        assert!(![outer_fsid, inner_fsid].contains(&server.fsid(&third)));

        // Unmounted: stale, and not an object of the file system below.
        fs::create_dir_all(scratch.path("export/hidden")).unwrap();
        run("umount", &["-l", &late]);
        assert_eq!(server.inode(&third), Err(Errno::STALE));
        drop(server);

        // Mounted again at the same place by the next server's time: the same handles, the same fsid.
        run(
            "umount",
            &["-l", scratch.path(&format!("export/{name}")).to_str().unwrap()],
        );
        let server = Server::open(&scratch.path("state"), Path::new(&export), None);
        assert_eq!(server.inode(&inner), Err(Errno::STALE));
        scratch.remount_image(&scratch.text("image"), &format!("export/{name}"));
        assert_eq!(
            server.inode(&inner),
            Ok(inode_of(scratch.path(&format!("export/{name}/file"))))
        );
        assert_eq!(fsids(&server), (outer_fsid, inner_fsid));
    });
}

#[test]
fn a_copied_file_system_has_an_fsid_of_its_own() {
    isolated("a_copied_file_system_has_an_fsid_of_its_own", || {
        let scratch = Scratch::new();
        let export = scratch.mount_image("ext4", "image", "export");
        run("sync", &[]);
        run(
            "cp",
            &["--sparse=always", &scratch.text("image"), &scratch.text("copy")],
        );
        run("umount", &[&export]);
        scratch.remount_image(&scratch.text("image"), "export");
        scratch.directory("export/inner");
        scratch.remount_image(&scratch.text("copy"), "export/inner");
        let server = Server::open(&scratch.path("state"), Path::new(&export), None);
        assert_ne!(server.fsid(&server.root()), server.fsid(&server.walk("inner")));
        // The same one twice is one file system, however.
        let again = scratch.directory("export/again");
        run("mount", &["--bind", &scratch.text("export/lost+found"), &again]);
        assert_eq!(server.fsid(&server.root()), server.fsid(&server.walk("again")));
        assert_eq!(server.inode(&server.walk("again")), Ok(inode_of(&again)));
    });
}

/// Who mounted it inside the export may take it away again.
#[test]
fn an_idle_mount_can_be_unmounted() {
    isolated("an_idle_mount_can_be_unmounted", || {
        let scratch = Scratch::new();
        let export = scratch.directory("export");
        run("mount", &["-t", "tmpfs", "none", &export]);
        let inner = scratch.directory("export/inner");
        run("mount", &["-t", "tmpfs", "none", &inner]);
        fs::write(format!("{inner}/file"), "x").unwrap();
        let server = Server::open(&scratch.path("state"), Path::new(&export), None);
        let file = server.walk("inner/file");
        assert!(server.inode(&file).is_ok());
        run("umount", &[&inner]);
        assert_eq!(server.inode(&file), Err(Errno::STALE));
        assert_eq!(server.inode(&server.walk("inner")), Ok(inode_of(&inner)));
    });
}

#[test]
fn what_a_mount_covers_is_not_served_through_it() {
    isolated("what_a_mount_covers_is_not_served_through_it", || {
        let scratch = Scratch::new();
        let export = scratch.directory("export");
        run("mount", &["-t", "tmpfs", "none", &export]);
        let covered = scratch.directory("export/a/b");
        run("mount", &["-t", "tmpfs", "covered", &covered]);
        run("mount", &["-t", "tmpfs", "upper", &scratch.text("export/a")]);
        let server = Server::open(&scratch.path("state"), Path::new(&export), None);
        assert_eq!(server.filesystems.strategies().len(), 2);
    });
}

/// An export of "/" has many mounts below it that nobody ever asks for.
#[test]
fn a_mount_costs_nothing_until_it_is_used() {
    isolated("a_mount_costs_nothing_until_it_is_used", || {
        let scratch = Scratch::new();
        let export = scratch.directory("export");
        run("mount", &["-t", "tmpfs", "none", &export]);
        run(
            "mount",
            &["-t", "proc", "none", &scratch.directory("export/proc")],
        );
        let server = Server::open(&scratch.path("state"), Path::new(&export), None);
        let tables = || {
            let names = fs::read_dir(scratch.path("state"))
                .unwrap()
                .map(|entry| entry.unwrap().file_name());
            names
                .filter(|name| name.to_str().unwrap().starts_with("handles-"))
                .count()
        };
        assert!(server.filesystems.strategies()[1].contains("handle table"));
        assert_eq!(tables(), 0);
        assert!(server.inode(&server.walk("proc/version")).is_ok());
        assert_eq!(tables(), 1);
    });
}

#[test]
fn a_chosen_fsid_is_the_exports_own() {
    isolated("a_chosen_fsid_is_the_exports_own", || {
        let scratch = Scratch::new();
        let export = scratch.directory("export");
        run("mount", &["-t", "tmpfs", "none", &export]);
        let inner = scratch.directory("export/inner");
        run("mount", &["-t", "tmpfs", "none", &inner]);
        let server = Server::open(&scratch.path("state"), Path::new(&export), Some(7));
        assert_eq!(server.filesystems.export.id.0, 7);
        assert_eq!(server.fsid(&server.root()), 7);
        assert!(server.fsid(&server.walk("inner")) > u64::from(u32::MAX));
    });
}

#[test]
fn btrfs_subvolumes() {
    isolated("btrfs_subvolumes", || {
        if !have("mkfs.btrfs", "btrfs-progs") {
            return;
        }
        let scratch = Scratch::new();
        let export = scratch.mount_image("btrfs", "image", "export");
        let at = |path: &str| format!("{export}/{path}");
        run("btrfs", &["-q", "subvolume", "create", &at("one")]);
        fs::write(at("one/file"), "x").unwrap();
        run("btrfs", &["-q", "subvolume", "create", &at("one/nested")]);
        run(
            "btrfs",
            &["-q", "subvolume", "snapshot", &at("one"), &at("snapshot")],
        );
        let paths = ["one", "one/nested", "snapshot"];
        let server = Server::open(&scratch.path("state"), Path::new(&export), None);
        let fsids = |server: &Server| -> Vec<u64> {
            let root = server.fsid(&server.root());
            std::iter::once(root)
                .chain(paths.iter().map(|path| server.fsid(&server.walk(path))))
                .collect()
        };
        let before = fsids(&server);
        let distinct: std::collections::HashSet<_> = before.iter().collect();
        assert_eq!(distinct.len(), 4, "{before:x?}");
        assert_eq!(server.fsid(&server.walk("one/file")), before[1]);
        // One inode number in both.
        let (original, copy) = (server.walk("one/file"), server.walk("snapshot/file"));
        assert_eq!(server.inode(&original), server.inode(&copy));
        assert_ne!(original, copy);
        drop(server);
        run("umount", &[&export]);
        scratch.remount_image(&scratch.text("image"), "export");
        let server = Server::open(&scratch.path("state"), Path::new(&export), None);
        assert_eq!(fsids(&server), before);
        assert_eq!(server.fsid(&original), before[1]);
        // Deleted with all that was in it.
        run("btrfs", &["-q", "subvolume", "delete", &at("snapshot")]);
        assert_eq!(server.inode(&copy), Err(Errno::STALE));
        assert!(server.inode(&original).is_ok());
        drop(server);

        // The handle table tells the same fsids.
        run("chown", &["-R", "65534", &export]);
        run("chmod", &["755", scratch.path("").to_str().unwrap()]);
        let expected = format!("{export}\n{}\n{}", before[1], before[2]);
        fs::write(scratch.path("expected"), expected).unwrap();
        other_process(
            "sees_subvolumes_unprivileged",
            "FSVA_TEST_FSIDS",
            &scratch.text("expected"),
            Some(65534),
        );
    });
}

#[test]
fn sees_subvolumes_unprivileged() {
    let Some(file) = std::env::var_os("FSVA_TEST_FSIDS") else {
        return;
    };
    let text = fs::read_to_string(file).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let scratch = Scratch::new();
    let server = Server::open(&scratch.path("state"), Path::new(lines[0]), None);
    assert!(server.filesystems.root().uses_table());
    assert_eq!(server.fsid(&server.walk("one/file")).to_string(), lines[1]);
    assert_eq!(server.fsid(&server.walk("one/nested")).to_string(), lines[2]);
    assert_eq!(server.inode(&server.walk("one/nested")), Ok(256));
}

#[test]
fn another_file_system_in_the_exports_place_is_another_one() {
    isolated("another_file_system_in_the_exports_place_is_another_one", || {
        let scratch = Scratch::new();
        let export = scratch.mount_image("ext4", "image", "export");
        let server = Server::open(&scratch.path("state"), Path::new(&export), None);
        let (root, fsid) = (server.root(), server.fsid(&server.root()));
        drop(server);
        run("umount", &[&export]);
        scratch.mount_image("ext4", "image", "export");
        let server = Server::open(&scratch.path("state"), Path::new(&export), None);
        assert_eq!(server.inode(&root), Err(Errno::STALE));
        assert_ne!(server.fsid(&server.root()), fsid);
    });
}

#[test]
fn mounts_come_and_go_under_lookups() {
    isolated("mounts_come_and_go_under_lookups", || {
        let scratch = Scratch::new();
        let export = scratch.directory("export");
        run("mount", &["-t", "tmpfs", "none", &export]);
        let inner = scratch.directory("export/inner");
        let server = Server::open(&scratch.path("state"), Path::new(&export), None);
        let below = server.fsid(&server.walk("inner"));
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            let looker = scope.spawn(|| {
                let root = server.root();
                let mut mounted = 0;
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    // Between the lookup and the look at the mounts it may have gone again: then an error, never
                    // the wrong file system.
                    if let Ok(wire) = server.lookup(&root, b"inner")
                        && let Ok((object, filesystem)) = server.open_handle(&wire)
                    {
                        let fsid = filesystem.fsid(server.codec.open(&wire).unwrap().object, object.as_fd());
                        assert_eq!(fsid == below, filesystem.key == server.filesystems.root().key);
                        mounted += u32::from(fsid != below);
                    }
                    assert!(server.inode(&root).is_ok());
                }
                mounted
            });
            for _ in 0..40 {
                run("mount", &["-t", "tmpfs", "none", &inner]);
                run("umount", &["-l", &inner]);
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
            eprintln!("{} lookups met the inner file system", looker.join().unwrap());
        });
    });
}
