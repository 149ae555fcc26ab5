//! Who is told of what changes, and who is not.

mod audience;
#[path = "../../core/tests/scratch/mod.rs"]
mod scratch;
#[path = "../../core/tests/served/mod.rs"]
mod served;

use std::fs;
use std::path::Path;
use std::time::Duration;

use audience::{Client, serve};
use fsva_appliance::coherence::{Level, Options};
use fsva_channel::protocol::{CHANGED_ATTRIBUTES, CHANGED_DATA, CHANGED_DIRECTORY, CHANGED_NAME_REMOVED};
use scratch::{Scratch, have, isolated, run};

/// As any program of the machine, in a process of its own.
fn shell(directory: &Path, script: &str) {
    run("sh", &["-ec", &format!("cd {}; {script}", directory.display())]);
}

/// A file system of that type, mounted: ext4, xfs, btrfs or tmpfs.
fn mounted(scratch: &Scratch, type_name: &str) -> std::path::PathBuf {
    match type_name {
        "tmpfs" => run("mount", &["-t", "tmpfs", "none", &scratch.directory("mnt")]),
        _ => {
            assert!(have(&format!("mkfs.{type_name}"), type_name));
            scratch.mount_image(type_name, "image", "mnt");
        }
    }
    scratch.path("mnt")
}

/// What programs of the machine do to an export on this file system, and what of it a client is told.
fn local_changes(test: &str, type_name: &str) {
    isolated(test, || {
        let scratch = Scratch::new();
        let mount = mounted(&scratch, type_name);
        let export = mount.join("export");
        fs::create_dir_all(export.join("dir/inner")).unwrap();
        for file in ["export/file", "export/other", "export/secret", "outside"] {
            fs::write(mount.join(file), "1234").unwrap();
        }
        // Nothing is announced a second time: each notice is of what was just done.
        let once = Options {
            answer_time: Duration::from_secs(3600),
            ..Options::default()
        };
        let (engine, coherence) = serve(&scratch.path("state"), &[&export], once);
        assert_eq!(coherence.exports()[0].1.coherence, Level::Partial);
        let client = Client::attached(&engine, &coherence, "10.0.0.1");
        let stranger = Client::attached(&engine, &coherence, "10.0.0.2");
        let root = client.root(&export);
        let [file, other, dir] = ["file", "other", "dir"].map(|name| client.lookup(&root, name));
        let inner = client.lookup(&dir, "inner");
        let told = &client.recorder;
        let expect = |script: &str, what: &[(&[u8], u16)]| {
            told.clear();
            shell(&export, script);
            for (wire, what) in what {
                told.wait_for(wire, *what);
            }
        };
        let both = CHANGED_DIRECTORY | CHANGED_ATTRIBUTES;
        expect("echo 5678 >> file", &[(&file, CHANGED_DATA | CHANGED_ATTRIBUTES)]);
        expect("truncate -s 2 file", &[(&file, CHANGED_DATA)]);
        expect("chmod 600 file", &[(&file, CHANGED_ATTRIBUTES)]);
        expect("touch -d @1 other", &[(&other, CHANGED_ATTRIBUTES)]);
        expect("echo > dir/new", &[(&dir, both)]);
        expect("ln other dir/link", &[(&dir, both), (&other, CHANGED_ATTRIBUTES)]);
        expect("mv dir/new dir/newer", &[(&dir, both)]);
        expect("rm dir/link", &[(&dir, both), (&other, CHANGED_ATTRIBUTES)]);
        expect("mkdir dir/inner/most", &[(&inner, both)]);
        expect(
            "mv other dir",
            &[(&root, both), (&dir, both), (&other, CHANGED_NAME_REMOVED)],
        );
        expect("rm -r dir/inner", &[(&dir, both), (&inner, CHANGED_ATTRIBUTES)]);
        // Names in a notice that the client can use.
        let notice = {
            expect("echo 1 > file", &[(&file, CHANGED_DATA)]);
            told.first(&file).unwrap()
        };
        let attributes = client.getattr(&file).unwrap().answer.object;
        assert_eq!((notice.fileid, notice.fsid), (attributes.fileid, attributes.fsid));

        // What the client has no handle of, in the export and outside, it does not get one of by a notice.
        expect(
            "echo 1 > secret; echo 1 > ../outside; echo 2 > file",
            &[(&file, CHANGED_DATA)],
        );
        let known = [&root, &file, &other, &dir, &inner];
        assert!(told.handles().iter().all(|told| known.contains(&told)));
        let secret = client.lookup(&root, "secret");
        expect("echo 2 > secret", &[(&secret, CHANGED_DATA)]);
        assert!(
            stranger.recorder.handles().is_empty(),
            "who knows nothing is told nothing"
        );
    });
}

#[test]
fn local_changes_on_ext4() {
    local_changes("local_changes_on_ext4", "ext4");
}

#[test]
fn local_changes_on_xfs() {
    local_changes("local_changes_on_xfs", "xfs");
}

#[test]
fn local_changes_on_btrfs() {
    local_changes("local_changes_on_btrfs", "btrfs");
}

#[test]
fn local_changes_on_tmpfs() {
    local_changes("local_changes_on_tmpfs", "tmpfs");
}

/// The control of the tests above: it is the watcher that tells.
#[test]
fn nobody_is_told_of_local_changes_without_a_watcher() {
    isolated("nobody_is_told_of_local_changes_without_a_watcher", || {
        let scratch = Scratch::new();
        let export = mounted(&scratch, "tmpfs");
        fs::write(export.join("file"), "1234").unwrap();
        let unwatched = Options {
            watch: false,
            ..Options::default()
        };
        let (engine, coherence) = serve(&scratch.path("state"), &[&export], unwatched);
        let (_, observability) = coherence.exports().remove(0);
        assert_eq!(observability.coherence, Level::None);
        assert!(
            observability.why.contains("switched off"),
            "{}",
            observability.why
        );
        let client = Client::attached(&engine, &coherence, "10.0.0.1");
        let root = client.root(&export);
        let file = client.lookup(&root, "file");
        shell(&export, "echo 5678 > file; echo > new");
        // Long enough for the resynchronization that follows an attachment, which the watcher's thread makes.
        client.recorder.wait_for_resync(0);
        assert_eq!(client.recorder.told_of(&file), 0);
        assert_eq!(client.recorder.told_of(&root), 0);
    });
}
