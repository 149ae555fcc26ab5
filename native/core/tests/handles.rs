//! Handles on real file systems: made by one process, opened by another.

mod handle_server;
mod scratch;

use std::fs;
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use fsva_core::errno::Errno;
use handle_server::{Server, Wire, inode_of, path_only};
use scratch::{Scratch, have, isolated, other_process, run, try_run};

/// One line per handle: hexadecimal handle, inode number. Read by `opens_what_another_process_made`.
struct Made<'a> {
    state: PathBuf,
    export: PathBuf,
    handles: Vec<(Wire, u64)>,
    scratch: &'a Scratch,
}

impl Made<'_> {
    fn check_in_another_process(&self, uid: Option<u32>) {
        let lines: Vec<String> = self
            .handles
            .iter()
            .map(|(wire, inode)| {
                let hex: String = wire.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("{hex} {inode}")
            })
            .collect();
        let file = self.scratch.text("handles");
        let text = format!(
            "{}\n{}\n{}",
            self.state.display(),
            self.export.display(),
            lines.join("\n")
        );
        fs::write(&file, text).unwrap();
        other_process("opens_what_another_process_made", "FSVA_TEST_HANDLES", &file, uid);
    }
}

#[test]
fn opens_what_another_process_made() {
    let Some(file) = std::env::var_os("FSVA_TEST_HANDLES") else {
        return;
    };
    let text = fs::read_to_string(file).unwrap();
    let mut lines = text.lines();
    let (state, export) = (lines.next().unwrap(), lines.next().unwrap());
    let server = Server::open(Path::new(state), Path::new(export), None);
    for line in lines {
        let (hex, inode) = line.split_once(' ').unwrap();
        let wire: Wire = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect();
        assert_eq!(server.inode(&wire), Ok(inode.parse().unwrap()), "{hex}");
    }
}

/// Everything that handles promise, on the directory `export`; the handles that must work from now on.
fn exercise<'a>(scratch: &'a Scratch, export: &str, table: bool) -> Made<'a> {
    let state = scratch.path("state");
    let export = Path::new(export);
    let at = |path: &str| export.join(path);
    fs::create_dir_all(at("dir/sub")).unwrap();
    fs::write(at("dir/sub/file"), "x").unwrap();
    fs::write(at("dir/other"), "x").unwrap();
    fs::hard_link(at("dir/sub/file"), at("dir/link")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", at("dir/symlink")).unwrap();
    run("mkfifo", &[at("dir/fifo").to_str().unwrap()]);
    let long = std::ffi::OsString::from_vec(vec![0xfe; 255]);
    fs::write(at("dir").join(&long), "x").unwrap();

    let server = Server::open(&state, export, None);
    let strategy = server.filesystems.strategies().remove(0);
    eprintln!("{strategy}");
    assert_eq!(server.filesystems.root().uses_table(), table, "{strategy}");
    assert_eq!(server.inode(&server.root()), Ok(inode_of(export)));
    assert_ne!(server.fsid(&server.root()), 0);
    let mut handles = vec![(server.root(), inode_of(export))];
    for path in [
        "dir",
        "dir/sub",
        "dir/sub/file",
        "dir/other",
        "dir/link",
        "dir/symlink",
        "dir/fifo",
    ] {
        let wire = server.walk(path);
        assert!(wire.len() <= 64);
        assert_eq!(server.walk(path), wire, "the same object has the same handle");
        assert_eq!(server.inode(&wire), Ok(inode_of(at(path))), "{path}");
        assert_eq!(server.fsid(&wire), server.fsid(&server.root()));
        handles.push((wire, inode_of(at(path))));
    }
    assert_eq!(
        server.walk("dir/sub/file"),
        server.walk("dir/link"),
        "two names of one object"
    );
    let dir = server.walk("dir");
    let wire = server.lookup(&dir, long.as_bytes()).unwrap();
    handles.push((wire, inode_of(at("dir").join(&long))));

    // Our rename, of a directory with something in it and over an existing file.
    let sub = server.walk("dir/sub");
    fs::rename(at("dir/sub"), at("moved")).unwrap();
    server.renamed(&sub, &dir, "sub", &server.root(), "moved");
    let victim = server.walk("dir/other");
    handles.retain(|(wire, _)| *wire != victim);
    fs::write(at("winner"), "x").unwrap();
    let winner = server.walk("winner");
    fs::rename(at("winner"), at("dir/other")).unwrap();
    server.renamed(&winner, &server.root(), "winner", &dir, "other");
    assert_eq!(server.inode(&winner), Ok(inode_of(at("dir/other"))));
    assert_eq!(server.inode(&victim), Err(Errno::STALE));
    handles.push((winner, inode_of(at("dir/other"))));

    // A rename by somebody else, in the same directory.
    fs::write(at("dir/before"), "x").unwrap();
    let renamed = server.walk("dir/before");
    fs::rename(at("dir/before"), at("dir/after")).unwrap();
    assert_eq!(server.inode(&renamed), Ok(inode_of(at("dir/after"))));
    fs::write(at("dir/before"), "another").unwrap();
    assert_eq!(server.inode(&renamed), Ok(inode_of(at("dir/after"))));
    assert_ne!(server.walk("dir/before"), renamed);
    handles.push((renamed, inode_of(at("dir/after"))));

    // Of a directory above the object.
    fs::create_dir_all(at("upper/middle")).unwrap();
    fs::write(at("upper/middle/leaf"), "x").unwrap();
    let leaf = server.walk("upper/middle/leaf");
    fs::rename(at("upper/middle"), at("upper/elsewhere")).unwrap();
    assert_eq!(server.inode(&leaf), Ok(inode_of(at("upper/elsewhere/leaf"))));
    // Without a birth time a directory is known by its looks, which the rename inside has changed.
    server.walk("upper");
    fs::rename(at("upper"), at("lower")).unwrap();
    assert_eq!(server.inode(&leaf), Ok(inode_of(at("lower/elsewhere/leaf"))));
    handles.push((leaf, inode_of(at("lower/elsewhere/leaf"))));

    // One link of two removed; the other still leads to it.
    fs::write(at("one"), "x").unwrap();
    fs::hard_link(at("one"), at("two")).unwrap();
    let both = server.walk("one");
    fs::remove_file(at("one")).unwrap();
    server.removed(&both, &server.root(), "one", true);
    assert_eq!(server.inode(&both), Ok(inode_of(at("two"))));
    fs::remove_file(at("two")).unwrap();
    server.removed(&both, &server.root(), "two", false);
    assert_eq!(server.inode(&both), Err(Errno::STALE));

    // Gone by others' hands, and its name (and perhaps inode number) used again.
    fs::write(at("dir/victim"), "x").unwrap();
    let gone = server.walk("dir/victim");
    fs::remove_file(at("dir/victim")).unwrap();
    assert_eq!(server.inode(&gone), Err(Errno::STALE));
    fs::create_dir(at("dir/victim")).unwrap();
    assert_eq!(server.inode(&gone), Err(Errno::STALE));
    assert_ne!(server.walk("dir/victim"), gone);
    let directory = server.walk("dir/victim");
    fs::remove_dir(at("dir/victim")).unwrap();
    assert_eq!(server.inode(&directory), Err(Errno::STALE));

    // Another file that got its inode number.
    fs::write(at("dir/first"), "x").unwrap();
    let first = server.walk("dir/first");
    fs::remove_file(at("dir/first")).unwrap();
    fs::write(at("dir/second"), "another").unwrap();
    assert_eq!(server.inode(&first), Err(Errno::STALE));
    assert_ne!(server.walk("dir/second"), first);

    // A symbolic link put in a directory's place leads nowhere.
    fs::create_dir(at("trap")).unwrap();
    fs::write(at("trap/passwd"), "x").unwrap();
    let trapped = server.walk("trap/passwd");
    fs::rename(at("trap"), at("lower/trap")).unwrap();
    std::os::unix::fs::symlink("/etc", at("trap")).unwrap();
    match server.inode(&trapped) {
        Err(error) => assert_eq!(error, Errno::STALE),
        Ok(inode) => assert_eq!(inode, inode_of(at("lower/trap/passwd"))),
    }

    // "..", where no place is given.
    let (moved, filesystem) = server.open_handle(&server.walk("moved")).unwrap();
    let up = path_only(moved.as_fd(), b"..").unwrap();
    let up = filesystem.name_of(up.as_fd(), None).unwrap();
    assert_eq!(server.seal(&filesystem, &up), server.root());
    let (elsewhere, _) = server.open_handle(&server.walk("lower/elsewhere")).unwrap();
    let up = filesystem
        .name_of(path_only(elsewhere.as_fd(), b"..").unwrap().as_fd(), None)
        .unwrap();
    assert_eq!(server.seal(&filesystem, &up), server.walk("lower"));

    for (wire, inode) in &handles {
        assert_eq!(server.inode(wire), Ok(*inode));
    }
    Made {
        state,
        export: export.to_owned(),
        handles,
        scratch,
    }
}

fn on_image(type_name: &str, package: &str) {
    if !have(&format!("mkfs.{type_name}"), package) {
        return;
    }
    let scratch = Scratch::new();
    let mounted = scratch.mount_image(type_name, "image", "mnt");
    let made = exercise(&scratch, &mounted, false);
    made.check_in_another_process(None);
    // Mounted again on another loop device: nothing about it may matter.
    run("umount", &[&mounted]);
    let _other = scratch.mount_image("ext4", "other.image", "other");
    scratch.remount_image(&scratch.text("image"), "mnt");
    made.check_in_another_process(None);
}

#[test]
fn ext4() {
    isolated("ext4", || on_image("ext4", "e2fsprogs"));
}

#[test]
fn xfs() {
    isolated("xfs", || on_image("xfs", "xfsprogs"));
}

#[test]
fn btrfs() {
    isolated("btrfs", || on_image("btrfs", "btrfs-progs"));
}

#[test]
fn tmpfs() {
    isolated("tmpfs", || {
        let scratch = Scratch::new();
        let mounted = scratch.directory("mnt");
        run("mount", &["-t", "tmpfs", "none", &mounted]);
        exercise(&scratch, &mounted, false).check_in_another_process(None);
    });
}

#[test]
fn overlay() {
    isolated("overlay", || {
        for (options, table) in [("nfs_export=on,index=on", false), ("nfs_export=off", true)] {
            let scratch = Scratch::new();
            scratch.mount_image("ext4", "image", "base");
            if let Some(mounted) = scratch.mount_overlay(&[options]) {
                exercise(&scratch, &mounted, table).check_in_another_process(None);
            }
        }
    });
}

#[test]
fn fuse() {
    isolated("fuse", || {
        if !have("bindfs", "bindfs") {
            return;
        }
        let scratch = Scratch::new();
        let (below, mounted) = (scratch.directory("below"), scratch.directory("mnt"));
        if !try_run("bindfs", &[&below, &mounted]) {
            return eprintln!("skipped: no FUSE here");
        }
        let made = exercise(&scratch, &mounted, true);
        made.check_in_another_process(None);
        // The FUSE server restarted: all its node numbers are new.
        run("umount", &[&mounted]);
        run("bindfs", &[&below, &mounted]);
        made.check_in_another_process(None);
    });
}

#[test]
fn unprivileged() {
    isolated("unprivileged", || {
        const NOBODY: u32 = 65534;
        let scratch = Scratch::new();
        let home = scratch.directory("home");
        scratch.directory("home/export");
        run("chmod", &["755", scratch.path("").to_str().unwrap()]);
        run("chown", &["-R", &NOBODY.to_string(), &home]);
        other_process("serves_unprivileged", "FSVA_TEST_HOME", &home, Some(NOBODY));
    });
}

#[test]
fn serves_unprivileged() {
    let Some(home) = std::env::var_os("FSVA_TEST_HOME") else {
        return;
    };
    let scratch = Scratch::new();
    let home = PathBuf::from(home);
    let export = home.join("export");
    let made = exercise(&scratch, export.to_str().unwrap(), true);
    let server = Server::open(&scratch.path("other state"), &export, None);
    assert!(server.filesystems.strategies()[0].contains("CAP_DAC_READ_SEARCH"));
    drop(server);
    made.check_in_another_process(None);
    moves_with_its_fsid(&scratch, &home);
}

/// Handles name an export by its fsid, if it has one, and not by its path.
fn moves_with_its_fsid(scratch: &Scratch, parent: &Path) {
    let (old, new) = (parent.join("old"), parent.join("new"));
    fs::create_dir_all(old.join("dir")).unwrap();
    fs::write(old.join("dir/file"), "x").unwrap();
    let server = Server::open(&scratch.path("moving state"), &old, Some(9));
    let handles = [server.root(), server.walk("dir"), server.walk("dir/file")];
    drop(server);
    fs::rename(&old, &new).unwrap();
    let server = Server::open(&scratch.path("moving state"), &new, Some(9));
    for (wire, path) in handles.iter().zip(["", "dir", "dir/file"]) {
        assert_eq!(server.inode(wire), Ok(inode_of(new.join(path))));
        assert_eq!(server.fsid(wire), 9);
    }
}

#[test]
fn an_export_moves_with_its_fsid() {
    isolated("an_export_moves_with_its_fsid", || {
        let scratch = Scratch::new();
        let mounted = scratch.directory("mnt");
        run("mount", &["-t", "tmpfs", "none", &mounted]);
        moves_with_its_fsid(&scratch, Path::new(&mounted));
    });
}

/// A race must not look like a fact: clients throw away what they hold of a stale file.
#[test]
fn handles_are_good_while_their_objects_are_renamed() {
    isolated("handles_are_good_while_their_objects_are_renamed", || {
        let scratch = Scratch::new();
        scratch.mount_image("ext4", "image", "base");
        let Some(mounted) = scratch.mount_overlay(&["nfs_export=off"]) else {
            return;
        };
        let at = |path: String| Path::new(&mounted).join(path);
        let server = Server::open(&scratch.path("state"), Path::new(&mounted), None);
        assert!(server.filesystems.root().uses_table());
        let directories = ["left", "right", "left/deep"];
        for directory in directories {
            fs::create_dir(at(directory.into())).unwrap();
        }
        let handles: Vec<Wire> = directories
            .iter()
            .map(|directory| server.walk(directory))
            .collect();
        let files: Vec<(Wire, u64)> = (0..8)
            .map(|file| {
                fs::write(at(format!("left/{file}")), "x").unwrap();
                (
                    server.walk(&format!("left/{file}")),
                    inode_of(at(format!("left/{file}"))),
                )
            })
            .collect();
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            let renamer = |mine: std::ops::Range<usize>| {
                let (server, handles, files, at) = (&server, &handles, &files, &at);
                move || {
                    let filesystem = server.filesystems.root();
                    for round in 0..300 {
                        for file in mine.clone() {
                            let (from, to) = (round % 3, (round + 1) % 3);
                            let name = file.to_string();
                            let moving = filesystem.renaming();
                            let path = |directory: usize| at(format!("{}/{name}", directories[directory]));
                            fs::rename(path(from), path(to)).unwrap();
                            server.renamed(&files[file].0, &handles[from], &name, &handles[to], &name);
                            drop(moving);
                        }
                    }
                }
            };
            let renamers = [scope.spawn(renamer(0..4)), scope.spawn(renamer(4..8))];
            for _ in 0..2 {
                scope.spawn(|| {
                    while !done.load(std::sync::atomic::Ordering::Relaxed) {
                        for (wire, inode) in &files {
                            assert_eq!(server.inode(wire), Ok(*inode));
                        }
                    }
                });
            }
            for renamer in renamers {
                renamer.join().unwrap();
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
    });
}
