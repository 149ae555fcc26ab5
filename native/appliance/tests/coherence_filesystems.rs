//! What can be observed on which file system, and that what is said of it is true.

mod audience;
#[path = "../../core/tests/scratch/mod.rs"]
mod scratch;
#[path = "../../core/tests/served/mod.rs"]
mod served;

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use audience::{Client, serve};
use fsva_appliance::coherence::{Level, Observability, Options};
use fsva_channel::protocol::{CHANGED_ATTRIBUTES, CHANGED_DATA};
use fsva_core::engine::Engine;
use scratch::{Scratch, have, isolated, run};

/// Nothing is announced a second time.
const ONCE: Options = Options {
    known_max: 1 << 20,
    watch: true,
    answer_time: Duration::from_secs(3600),
};

fn shell(script: &str) {
    run("sh", &["-ec", script]);
}

/// Writes to `export`/file as any program, and whether a client was told once it was told of `mark`, which is on a file system
/// that is watched.
fn is_told(scratch: &Scratch, export: &Path) -> (Observability, bool) {
    fs::write(export.join("file"), "1234").unwrap();
    let watched = PathBuf::from(scratch.directory("watched"));
    run("mount", &["-t", "tmpfs", "none", watched.to_str().unwrap()]);
    fs::write(watched.join("mark"), "").unwrap();
    let (engine, coherence) = serve(&scratch.path("state"), &[export, &watched], ONCE);
    let client = Client::attached(&engine, &coherence, "10.0.0.1");
    let file = client.lookup(&client.root(export), "file");
    let mark = client.lookup(&client.root(&watched), "mark");
    shell(&format!(
        "echo 5678 >> {}/file; echo > {}/mark",
        export.display(),
        watched.display()
    ));
    client.recorder.wait_for(&mark, CHANGED_DATA);
    let exports = coherence.exports().into_iter();
    let mut of_export = exports.filter(|(path, _)| path == export);
    let told = client.recorder.told_of(&file) & CHANGED_DATA != 0;
    (of_export.next().unwrap().1, told)
}

fn overlay(scratch: &Scratch, options: &str) -> PathBuf {
    let layers = scratch.directory("layers");
    run("mount", &["-t", "tmpfs", "none", &layers]);
    let [lower, upper, work] =
        ["lower", "upper", "work"].map(|name| scratch.directory(&format!("layers/{name}")));
    let export = scratch.directory("export");
    let layers = format!("lowerdir={lower},upperdir={upper},workdir={work},{options}");
    run("mount", &["-t", "overlay", "-o", &layers, "none", &export]);
    export.into()
}

#[test]
fn overlay_that_has_kernel_handles_is_watched() {
    isolated("overlay_that_has_kernel_handles_is_watched", || {
        let scratch = Scratch::new();
        let export = overlay(&scratch, "index=on,nfs_export=on");
        let (observability, told) = is_told(&scratch, &export);
        assert_eq!(
            (observability.coherence, told),
            (Level::Partial, true),
            "{}",
            observability.why
        );
    });
}

#[test]
fn overlay_without_kernel_handles_is_not() {
    isolated("overlay_without_kernel_handles_is_not", || {
        let scratch = Scratch::new();
        let export = overlay(&scratch, "index=off,nfs_export=off");
        let (observability, told) = is_told(&scratch, &export);
        assert_eq!((observability.coherence, told), (Level::None, false));
        assert!(
            observability.why.contains("kernel handles"),
            "{}",
            observability.why
        );
    });
}

#[test]
fn fuse_is_not_watched() {
    isolated("fuse_is_not_watched", || {
        assert!(have("bindfs", "bindfs"));
        let scratch = Scratch::new();
        let (below, export) = (scratch.directory("below"), scratch.directory("export"));
        run("bindfs", &[&below, &export]);
        let (observability, told) = is_told(&scratch, Path::new(&export));
        assert_eq!((observability.coherence, told), (Level::None, false));
    });
}

#[test]
fn a_btrfs_subvolume_is_watched_by_way_of_the_whole() {
    isolated("a_btrfs_subvolume_is_watched_by_way_of_the_whole", || {
        assert!(have("mkfs.btrfs", "btrfs-progs") && have("btrfs", "btrfs-progs"));
        let scratch = Scratch::new();
        let whole = scratch.mount_image("btrfs", "image", "whole");
        shell(&format!("btrfs -q subvolume create {whole}/sub"));
        // As part of the whole.
        fs::write(format!("{whole}/sub/file"), "").unwrap();
        let (engine, coherence) = serve(&scratch.path("state"), &[Path::new(&whole)], ONCE);
        assert_eq!(coherence.exports()[0].1.coherence, Level::Partial);
        let client = Client::attached(&engine, &coherence, "10.0.0.1");
        let root = client.root(Path::new(&whole));
        let file = client.lookup(&client.lookup(&root, "sub"), "file");
        shell(&format!("echo > {whole}/sub/file"));
        client.recorder.wait_for(&file, CHANGED_DATA);
        drop((client, coherence, engine));

        // A mount of nothing but the subvolume: the kernel has no way to watch that.
        let export = scratch.directory("export");
        let device = String::from_utf8(
            Command::new("findmnt")
                .args(["-no", "SOURCE", &whole])
                .output()
                .unwrap()
                .stdout,
        );
        run("mount", &["-o", "subvol=sub", device.unwrap().trim(), &export]);
        fs::remove_dir_all(scratch.path("state")).unwrap();
        let (observability, told) = is_told(&scratch, Path::new(&export));
        assert_eq!((observability.coherence, told), (Level::None, false));
        assert!(observability.why.contains("subvolume"), "{}", observability.why);
    });
}

/// What "partial" leaves out: the first store marks the times of the file, others show when the mapping is gone.
#[test]
fn stores_through_a_shared_mapping_are_announced_when_it_ends() {
    isolated(
        "stores_through_a_shared_mapping_are_announced_when_it_ends",
        || {
            let scratch = Scratch::new();
            let export = PathBuf::from(scratch.mount_image("ext4", "image", "export"));
            for file in ["file", "mark"] {
                fs::write(export.join(file), [0; 4096]).unwrap();
            }
            let (engine, coherence) = serve(&scratch.path("state"), &[&export], ONCE);
            let client = Client::attached(&engine, &coherence, "10.0.0.1");
            let root = client.root(&export);
            let [file, mark] = ["file", "mark"].map(|name| client.lookup(&root, name));
            let script = "import mmap, sys
f = open('file', 'r+b')
m = mmap.mmap(f.fileno(), 4096)
f.close()
m[0] = 1
print('stored', flush=True)
sys.stdin.readline()
m.close()
";
            let mut program = Command::new("python3")
                .args(["-c", script])
                .current_dir(&export)
                .stdin(std::process::Stdio::piped())
                .stdout(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            let mut line = [0; 7];
            std::io::Read::read_exact(program.stdout.as_mut().unwrap(), &mut line).unwrap();
            run("touch", &[export.join("mark").to_str().unwrap()]);
            client.recorder.wait_for(&mark, CHANGED_ATTRIBUTES);
            assert_eq!(client.recorder.told_of(&file), 0);
            drop(program.stdin.take());
            assert!(program.wait().unwrap().success());
            client.recorder.wait_for(&file, CHANGED_DATA);
        },
    );
}

const UNPRIVILEGED: &str = "FSVA_TEST_UNPRIVILEGED";

/// Without CAP_SYS_ADMIN nothing is watched, and nothing else is different.
#[test]
fn without_privileges_it_is_said_so() {
    if let Some(directory) = std::env::var_os(UNPRIVILEGED) {
        let export = Path::new(&directory).join("export");
        let engine = Engine::open(&Path::new(&directory).join("state")).unwrap();
        engine.load_exports(vec![served::definition(&export)]).unwrap();
        let coherence = fsva_appliance::coherence::Coherence::start(&engine);
        let (_, observability) = coherence.exports().remove(0);
        assert_eq!(observability.coherence, Level::None);
        let client = Client::attached(&engine, &coherence, "10.0.0.1");
        let root = client.root(&export);
        client.getattr(&root).unwrap();
        return;
    }
    isolated("without_privileges_it_is_said_so", || {
        let scratch = Scratch::new();
        scratch.directory("export");
        run("chmod", &["-R", "777", scratch.path("").to_str().unwrap()]);
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "without_privileges_it_is_said_so", "--nocapture"])
            .env(UNPRIVILEGED, scratch.path(""))
            .uid(1001)
            .gid(1001)
            .status();
        assert!(status.unwrap().success());
    });
}
