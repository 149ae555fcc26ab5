//! A file system below an export that does not answer: a FUSE whose daemon never says anything. Whoever does not ask for what is on it
//! does not wait for it, and the event loop never does.

mod scratch;
mod served;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use fsva_core::answer::Answer;
use fsva_core::call::Output;
use fsva_core::engine::Started;
use fsva_core::errno::Errno;
use fsva_core::operations::lookup::Lookup;
use fsva_core::operations::rmdir::Rmdir;
use served::{ROOT, Served, handle, listed, listing_plus, name, on_ext4, on_tmpfs, settle};

const PATIENCE: Duration = Duration::from_secs(60);

/// Ends with whoever waits for it, so that a test that fails does end.
struct HungMount {
    is_done: mpsc::Sender<()>,
    watch: JoinHandle<bool>,
}

impl HungMount {
    fn begin(at: &Path) -> HungMount {
        fs::create_dir(at).unwrap();
        let script = "exec 3<>/dev/fuse && \
            mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0,allow_other none \"$0\" && \
            echo mounted && exec sleep 1000";
        let mut daemon = Command::new("sh")
            .args(["-c", script])
            .arg(at)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let mut output = BufReader::new(daemon.stdout.take().unwrap());
        output.read_line(&mut said).unwrap();
        assert_eq!(said, "mounted\n");
        let (is_done, done) = mpsc::channel();
        let watch = std::thread::spawn(move || {
            let was_late = done.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout);
            kill(&mut daemon);
            was_late
        });
        HungMount { is_done, watch }
    }

    /// Nothing has waited for it until now; what waits from now on gets an error.
    fn end(self) {
        drop(self.is_done);
        assert!(
            !self.watch.join().unwrap(),
            "somebody waited for the mounted file system"
        );
    }
}

fn kill(daemon: &mut Child) {
    daemon.kill().unwrap();
    daemon.wait().unwrap();
}

fn holds_up_nobody(mount: &Path, served: &Served, lists_at_once: bool) {
    fs::write(mount.join("file"), "").unwrap();
    settle();
    served.readdirplus(ROOT, &served.root).unwrap();
    let hung = HungMount::begin(&mount.join("hung"));

    let is_told_of_files_only = |entries: Vec<served::ListedEntry>| {
        let told = |wanted: &str| {
            entries
                .iter()
                .find(|entry| entry.name == wanted)
                .unwrap()
                .handle
                .is_some()
        };
        assert!(told("file") && !told("hung"));
    };
    is_told_of_files_only(served.readdirplus(ROOT, &served.root).unwrap());
    let at_once = served.inline_bytes(ROOT, listing_plus(&served.root, 4096));
    assert_eq!(at_once.is_some(), lists_at_once);
    if let Some((_, bytes)) = at_once {
        is_told_of_files_only(listed(&bytes, true));
    }
    let remove = Rmdir {
        directory: handle(&served.root),
        name: name("hung"),
    };
    assert_eq!(served.run(ROOT, &remove).err(), Some(Errno(libc::EBUSY)));

    let lookup = Lookup {
        directory: handle(&served.root),
        name: name("hung"),
    };
    let (mut answer, mut bytes) = (Answer::default(), Vec::new());
    let mut output = Output {
        answer: &mut answer,
        bytes: &mut bytes,
    };
    let (sender, receiver) = mpsc::channel();
    let finish = move |_| sender.send(()).unwrap();
    let started = served
        .engine
        .start(served.caller(ROOT), lookup, &mut output, finish);
    assert!(matches!(started, Started::Pending), "a pool thread waits");
    hung.end();
    receiver.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn below_a_file_system_in_memory() {
    on_tmpfs("below_a_file_system_in_memory", |mount, served| {
        holds_up_nobody(mount, served, true);
    });
}

#[test]
fn below_a_file_system_on_a_disk() {
    on_ext4("below_a_file_system_on_a_disk", |scratch, served| {
        holds_up_nobody(&scratch.path("mnt"), served, false);
    });
}
