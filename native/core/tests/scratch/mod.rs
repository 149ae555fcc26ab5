//! Real file systems to test on: each test runs in a process with a mount namespace of its own, so that nothing stays
//! mounted whatever happens.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const ISOLATED: &str = "FSVA_TEST_ISOLATED";

/// Runs the test `name` as root in a mount namespace of its own, or skips it where that is not possible.
pub fn isolated(name: &str, test: impl FnOnce()) {
    if std::env::var_os(ISOLATED).is_some() {
        return test();
    }
    // SAFETY: geteuid touches no memory.
    if unsafe { libc::geteuid() } != 0 {
        eprintln!("{name}: skipped, mounting needs root");
        return;
    }
    let unshare = |command: &mut Command| {
        let status = command.env(ISOLATED, "1").status();
        status.is_ok_and(|status| status.success())
    };
    let mut probe = Command::new("unshare");
    if !unshare(probe.args(["--mount", "--propagation", "private", "true"])) {
        eprintln!("{name}: skipped, mount namespaces are not allowed here");
        return;
    }
    let mut again = Command::new("unshare");
    let this = std::env::current_exe().unwrap();
    again
        .args(["--mount", "--propagation", "private"])
        .arg(this)
        .args(["--exact", name, "--nocapture"]);
    assert!(unshare(&mut again), "{name} failed in its own mount namespace");
}

/// False with a message if a program is not installed.
pub fn have(program: &str, package: &str) -> bool {
    let found = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        .iter()
        .any(|bin| Path::new(bin).join(program).exists());
    if !found {
        eprintln!("skipped: {program} is not there (Debian package {package})");
    }
    found
}

pub fn run(program: &str, arguments: &[&str]) {
    assert!(try_run(program, arguments), "{program} {arguments:?}");
}

pub fn try_run(program: &str, arguments: &[&str]) -> bool {
    let output = Command::new(program).args(arguments).output().unwrap();
    if !output.status.success() {
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
    }
    output.status.success()
}

/// Runs another test of this binary in a process of its own, as `uid`.
pub fn other_process(test: &str, variable: &str, value: &str, uid: Option<u32>) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--nocapture"])
        .env(variable, value);
    if let Some(uid) = uid {
        command.uid(uid).gid(uid);
    }
    assert!(
        command.status().unwrap().success(),
        "{test} in another process failed"
    );
}

pub struct Scratch {
    directory: tempfile::TempDir,
}

impl Drop for Scratch {
    /// A FUSE daemon lives, and keeps the mount namespace alive with all its mounts, until it is unmounted.
    fn drop(&mut self) {
        let mounts = fsva_core::mountinfo::parse(&std::fs::read("/proc/self/mountinfo").unwrap_or_default());
        for mount in mounts
            .iter()
            .rev()
            .filter(|mount| mount.mount_point.starts_with(self.directory.path()))
        {
            let _ = Command::new("umount").arg("-l").arg(&mount.mount_point).status();
        }
    }
}

impl Scratch {
    pub fn new() -> Scratch {
        Scratch {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn directory(&self, name: &str) -> String {
        std::fs::create_dir_all(self.path(name)).unwrap();
        self.text(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Makes a file system in a sparse file and mounts it.
    pub fn mount_image(&self, type_name: &str, image: &str, at: &str) -> String {
        let image = self.text(image);
        let mebibytes = if type_name == "ext4" { 64 } else { 512 };
        std::fs::File::create(&image)
            .unwrap()
            .set_len(mebibytes << 20)
            .unwrap();
        run(&format!("mkfs.{type_name}"), &["-q", &image]);
        self.remount_image(&image, at)
    }

    /// An overlay at "mnt" of layers below "base"; None, and said so, if the kernel has none with these options.
    pub fn mount_overlay(&self, options: &[&str]) -> Option<String> {
        let [lower, upper, work] =
            ["base/lower", "base/upper", "base/work"].map(|layer| self.directory(layer));
        let layers = format!("lowerdir={lower},upperdir={upper},workdir={work}");
        let options = [&[layers.as_str()], options].concat().join(",");
        let at = self.directory("mnt");
        let is_mounted = try_run("mount", &["-t", "overlay", "none", "-o", &options, &at]);
        if !is_mounted {
            eprintln!("skipped: no overlayfs with {options}");
        }
        is_mounted.then_some(at)
    }

    pub fn remount_image(&self, image: &str, at: &str) -> String {
        let at = self.directory(at);
        run("mount", &["-o", "loop", image, &at]);
        at
    }
}
