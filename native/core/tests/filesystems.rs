//! Handles on real file systems: made by one process, opened by another.

mod scratch;

use std::ffi::CString;
use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fsva_core::errno::{Errno, Result};
use fsva_core::export_filesystems::ExportFilesystems;
use fsva_core::export_policy::{ExportDefinition, ExportPolicy, Squash};
use fsva_core::filesystem::{Filesystem, ObjectName};
use fsva_core::handle::{Handle, HandleCodec};
use fsva_core::state_directory::StateDirectory;
use fsva_core::syscalls_unsafe::{openat, statx};
use scratch::{Scratch, have, isolated, other_process, run, try_run};

/// As much of a server as handles need.
struct Server {
    codec: HandleCodec,
    filesystems: ExportFilesystems,
}

type Wire = Vec<u8>;

impl Server {
    fn open(state: &Path, export: &Path, fsid: Option<u32>) -> Server {
        let definition = ExportDefinition {
            path: export.to_owned(),
            fsid,
            read_only: false,
            squash: Squash::None,
            anonuid: 65534,
            anongid: 65534,
            secure: true,
            sync: true,
            clients: vec!["*".into()],
        };
        let state = Arc::new(StateDirectory::open(state).unwrap());
        let export = ExportPolicy::new().replace(vec![definition]).unwrap().exports[0].clone();
        let codec = HandleCodec::new(state.key());
        Server {
            codec,
            filesystems: ExportFilesystems::open(export, state).unwrap(),
        }
    }

    fn seal(&self, filesystem: &Filesystem, name: &ObjectName) -> Wire {
        let export = self.filesystems.export.id;
        let handle = Handle {
            export,
            filesystem: filesystem.key,
            object: name.object(),
        };
        self.codec.seal(&handle).unwrap().as_bytes().to_vec()
    }

    fn root(&self) -> Wire {
        let root = self.filesystems.root();
        self.seal(&root, &root.root().unwrap())
    }

    fn open_handle(&self, wire: &[u8]) -> Result<(OwnedFd, Arc<Filesystem>)> {
        let handle = self.codec.open(wire)?;
        let filesystem = self.filesystems.by_key(handle.filesystem)?;
        Ok((filesystem.open(handle.object)?, filesystem))
    }

    fn inode(&self, wire: &[u8]) -> Result<u64> {
        Ok(statx(self.open_handle(wire)?.0.as_fd())?.stx_ino)
    }

    fn fsid(&self, wire: &[u8]) -> u64 {
        let (object, filesystem) = self.open_handle(wire).unwrap();
        filesystem.fsid(self.codec.open(wire).unwrap().object, object.as_fd())
    }

    /// As LOOKUP does it.
    fn lookup(&self, directory: &[u8], name: &[u8]) -> Result<Wire> {
        let (parent, parent_filesystem) = self.open_handle(directory)?;
        let child = path_only(parent.as_fd(), name)?;
        let mount_id = statx(child.as_fd())?.stx_mnt_id;
        let filesystem = self.filesystems.by_mount_id(mount_id)?;
        let parent_object = self.codec.open(directory)?.object;
        let place = (filesystem.key == parent_filesystem.key).then_some((parent_object, name));
        let object = filesystem.name_of(child.as_fd(), place)?;
        Ok(self.seal(&filesystem, &object))
    }

    fn walk(&self, path: &str) -> Wire {
        path.split('/').fold(self.root(), |directory, name| {
            self.lookup(&directory, name.as_bytes()).unwrap()
        })
    }

    fn name(&self, wire: &[u8]) -> ObjectName {
        ObjectName::from_object(self.codec.open(wire).unwrap().object).unwrap()
    }

    fn renamed(&self, object: &[u8], from: &[u8], name: &str, to: &[u8], new: &str) {
        let filesystem = self.open_handle(from).unwrap().1;
        let (from, to) = (self.name(from), self.name(to));
        let object = self.name(object);
        filesystem.renamed(
            object,
            from.object(),
            name.as_bytes(),
            to.object(),
            new.as_bytes(),
        );
    }

    fn removed(&self, object: &[u8], directory: &[u8], name: &str, links_left: bool) {
        let filesystem = self.open_handle(directory).unwrap().1;
        let object = Some(self.name(object));
        filesystem.removed(self.name(directory).object(), name.as_bytes(), object, links_left);
    }
}

fn path_only(directory: BorrowedFd, name: &[u8]) -> Result<OwnedFd> {
    openat(
        directory,
        &CString::new(name).unwrap(),
        libc::O_PATH | libc::O_NOFOLLOW,
        0,
    )
}

fn inode_of(path: impl AsRef<Path>) -> u64 {
    fs::symlink_metadata(path).unwrap().ino()
}

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
            let base = scratch.mount_image("ext4", "image", "base");
            let mounted = scratch.directory("mnt");
            for directory in ["base/lower", "base/upper", "base/work"] {
                scratch.directory(directory);
            }
            let layers = format!("lowerdir={base}/lower,upperdir={base}/upper,workdir={base}/work,{options}");
            if !try_run("mount", &["-t", "overlay", "none", "-o", &layers, &mounted]) {
                eprintln!("skipped: no overlayfs with {options}");
                continue;
            }
            exercise(&scratch, &mounted, table).check_in_another_process(None);
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
}

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

/// A race must not look like a fact: clients throw away what they hold of a stale file.
#[test]
fn handles_are_good_while_their_objects_are_renamed() {
    isolated("handles_are_good_while_their_objects_are_renamed", || {
        let scratch = Scratch::new();
        let base = scratch.mount_image("ext4", "image", "base");
        for directory in ["base/lower", "base/upper", "base/work"] {
            scratch.directory(directory);
        }
        let mounted = scratch.directory("mnt");
        let layers =
            format!("lowerdir={base}/lower,upperdir={base}/upper,workdir={base}/work,nfs_export=off");
        if !try_run("mount", &["-t", "overlay", "none", "-o", &layers, &mounted]) {
            return eprintln!("skipped: no overlayfs");
        }
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
