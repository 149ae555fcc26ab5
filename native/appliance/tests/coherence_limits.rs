//! What has no room, comes too early or too late: nothing that changes stays unannounced.

mod audience;
#[path = "../../core/tests/scratch/mod.rs"]
mod scratch;
#[path = "../../core/tests/served/mod.rs"]
mod served;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use audience::{Client, Recorder, serve};
use fsva_appliance::change_sink::ChangeSink;
use fsva_appliance::coherence::{Level, Options};
use fsva_channel::protocol::{CHANGED_ATTRIBUTES, CHANGED_DATA, ChangeNotice};
use fsva_core::operations::setattr::Setattr;
use scratch::{Scratch, have, isolated, run};
use served::{definition, handle, with_mode};

/// Nothing is announced a second time.
const ONCE: Options = Options {
    known_max: 1 << 20,
    watch: true,
    answer_time: Duration::from_secs(3600),
};

fn tmpfs(scratch: &Scratch) -> PathBuf {
    let mount = scratch.directory("mnt");
    run("mount", &["-t", "tmpfs", "none", &mount]);
    mount.into()
}

fn touch(path: &Path) {
    run("touch", &[path.to_str().unwrap()]);
}

fn chmod(object: &[u8]) -> Setattr {
    Setattr {
        object: handle(object),
        changes: with_mode(0o600),
        guard: None,
    }
}

/// Holds up whoever tells it something, until it is opened.
#[derive(Default)]
struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

impl ChangeSink for Gate {
    fn changed(&self, _: &ChangeNotice) {
        let open = self.open.lock().unwrap();
        drop(self.opened.wait_while(open, |open| !*open).unwrap());
    }
    fn resync(&self) {}
}

impl Gate {
    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

/// The kernel's queue, fs.fanotify.max_queued_events, is full while the watcher does not come.
#[test]
fn what_the_kernel_could_not_keep_is_a_resync() {
    isolated("what_the_kernel_could_not_keep_is_a_resync", || {
        let most: usize = fs::read_to_string("/proc/sys/fs/fanotify/max_queued_events")
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        let scratch = Scratch::new();
        let export = tmpfs(&scratch);
        fs::write(export.join("file"), "").unwrap();
        let (engine, coherence) = serve(&scratch.path("state"), &[&export], ONCE);
        let client = Client::attached(&engine, &coherence, "10.0.0.1");
        let file = client.lookup(&client.root(&export), "file");
        touch(&export.join("file"));
        client.recorder.wait_for(&file, CHANGED_ATTRIBUTES);
        assert_eq!(
            client.recorder.resyncs(),
            0,
            "the control: there was room for one"
        );

        let gate = Arc::new(Gate::default());
        let held_up = coherence.subscribe_all(gate.clone());
        for number in 0..most + 1000 {
            fs::write(export.join(number.to_string()), "").unwrap();
        }
        client.recorder.clear();
        touch(&export.join("file"));
        gate.open();
        client.recorder.wait_for_resync(0);
        assert!(coherence.figures().overflows > 0);
        assert_eq!(client.recorder.told_of(&file), 0, "that was lost");
        drop(held_up);
        // And on as before.
        touch(&export.join("file"));
        client.recorder.wait_for(&file, CHANGED_ATTRIBUTES);
    });
}

#[test]
fn what_has_no_room_in_the_table_is_a_resync() {
    isolated("what_has_no_room_in_the_table_is_a_resync", || {
        let scratch = Scratch::new();
        let export = tmpfs(&scratch);
        for file in ["one", "two", "three"] {
            fs::write(export.join(file), "").unwrap();
        }
        let options = Options {
            // The root and one more.
            known_max: 2,
            ..ONCE
        };
        let (engine, coherence) = serve(&scratch.path("state"), &[&export], options);
        let maker = Client::new(&engine, "10.0.0.9");
        let full = Client::attached(&engine, &coherence, "10.0.0.1");
        let root = full.root(&export);
        let one = full.lookup(&root, "one");
        maker.run(chmod(&one)).unwrap();
        full.recorder.wait_for(&one, CHANGED_ATTRIBUTES);
        let modest = Client::attached(&engine, &coherence, "10.0.0.2");
        modest.getattr(&one).unwrap();
        assert_eq!(full.recorder.resyncs(), 0, "the control: all is known so far");

        let two = full.lookup(&root, "two");
        maker.run(chmod(&two)).unwrap();
        full.recorder.wait_for_resync(0);
        assert_eq!(full.recorder.told_of(&two), 0);
        // By the machine's programs as well, of what it knows and of what nobody has ever asked for.
        touch(&export.join("three"));
        full.recorder.wait_for_resync(1);
        touch(&export.join("one"));
        full.recorder.wait_for(&one, CHANGED_ATTRIBUTES);
        modest.recorder.wait_for(&one, CHANGED_ATTRIBUTES);
        assert_eq!(
            modest.recorder.resyncs(),
            0,
            "it knows little, and all of it is known"
        );
        // A thousand of them are one or two.
        let before = full.recorder.resyncs();
        for _ in 0..1000 {
            maker.run(chmod(&two)).unwrap();
        }
        full.recorder.wait_for_resync(before);
        let told = full.recorder.resyncs() - before;
        assert!(told < 500, "{told} resynchronizations");

        // Whoever goes makes room.
        drop(full);
        let next = Client::attached(&engine, &coherence, "10.0.0.3");
        let two = next.lookup(&next.root(&export), "two");
        maker.run(chmod(&two)).unwrap();
        assert_eq!(
            next.recorder.told_of(&two),
            0,
            "the root and what the other knows"
        );
        drop(modest);
        // Open objects keep their places.
        for _ in 0..2 {
            engine.objects.tick(0).close(&engine);
        }
        let last = Client::attached(&engine, &coherence, "10.0.0.4");
        last.getattr(&two).unwrap();
        maker.run(chmod(&two)).unwrap();
        assert_eq!(last.recorder.told_of(&two), CHANGED_ATTRIBUTES);
    });
}

/// Sessions come and go, and more than there are bits for.
#[test]
fn each_session_hears_of_what_its_own_client_knows() {
    isolated("each_session_hears_of_what_its_own_client_knows", || {
        let scratch = Scratch::new();
        let export = tmpfs(&scratch);
        fs::write(export.join("file"), "").unwrap();
        let (engine, coherence) = serve(&scratch.path("state"), &[&export], ONCE);
        let maker = Client::new(&engine, "10.9.9.9");
        let mut first = Client::attached(&engine, &coherence, "10.0.0.1");
        let file = first.lookup(&first.root(&export), "file");
        first.detach();
        // Whoever has its place now knows nothing of what it knew.
        let mut others: Vec<_> = (2..66)
            .map(|last| Client::attached(&engine, &coherence, &format!("10.0.0.{last}")))
            .collect();
        maker.run(chmod(&file)).unwrap();
        assert!(others.iter().all(|other| other.recorder.handles().is_empty()));
        assert!(first.recorder.handles().is_empty(), "gone");
        assert_eq!(others[0].recorder.resyncs(), 0);

        // One more than there is place for: it learns that something changed, if not what.
        let late = Client::attached(&engine, &coherence, "10.0.1.1");
        late.getattr(&file).unwrap();
        others[7].getattr(&file).unwrap();
        maker.run(chmod(&file)).unwrap();
        assert_eq!(others[7].recorder.told_of(&file), CHANGED_ATTRIBUTES);
        late.recorder.wait_for_resync(0);
        assert!(late.recorder.handles().is_empty());
        drop(late);
        others.pop();
        let next = Client::attached(&engine, &coherence, "10.0.1.2");
        next.getattr(&file).unwrap();
        maker.run(chmod(&file)).unwrap();
        assert_eq!(next.recorder.told_of(&file), CHANGED_ATTRIBUTES);
        assert_eq!(coherence.figures().sessions, 64);

        // Two sessions of one client both hear it.
        drop(next);
        let twin = Client::attached(&engine, &coherence, "10.0.0.9");
        let (one, other) = (&others[7], &twin);
        one.getattr(&file).unwrap();
        maker.run(chmod(&file)).unwrap();
        assert_eq!(one.recorder.told_of(&file), CHANGED_ATTRIBUTES);
        assert_eq!(other.recorder.told_of(&file), CHANGED_ATTRIBUTES);
    });
}

#[test]
fn a_subscriber_hears_of_everything() {
    isolated("a_subscriber_hears_of_everything", || {
        let scratch = Scratch::new();
        let export = tmpfs(&scratch);
        fs::write(export.join("file"), "").unwrap();
        let (engine, coherence) = serve(&scratch.path("state"), &[&export], ONCE);
        let client = Client::new(&engine, "10.0.0.1");
        let file = client.lookup(&client.root(&export), "file");
        let recorder = Arc::new(Recorder::default());
        let subscription = coherence.subscribe_all(recorder.clone());
        client.run(chmod(&file)).unwrap();
        assert_eq!(recorder.told_of(&file), CHANGED_ATTRIBUTES);
        recorder.clear();
        run("sh", &["-c", &format!("echo > {}/file", export.display())]);
        recorder.wait_for(&file, CHANGED_DATA);
        drop(subscription);
        recorder.clear();
        client.run(chmod(&file)).unwrap();
        assert_eq!(recorder.told_of(&file), 0);
    });
}

/// An answer and a notice go by different ways.
#[test]
fn what_changed_right_after_it_was_told_is_announced_again() {
    isolated("what_changed_right_after_it_was_told_is_announced_again", || {
        let scratch = Scratch::new();
        let export = tmpfs(&scratch);
        for file in ["file", "mark"] {
            fs::write(export.join(file), "").unwrap();
        }
        let (engine, coherence) = serve(&scratch.path("state"), &[&export], Options::default());
        let maker = Client::attached(&engine, &coherence, "10.0.0.1");
        let client = Client::attached(&engine, &coherence, "10.0.0.2");
        let root = client.root(&export);
        let lookup = |name: &str| client.lookup(&root, name);
        let heard = |wire: &[u8]| {
            let told = client.recorder.handles();
            told.iter().filter(|told| *told == wire).count()
        };
        let wait_for = |wire: &[u8], count: usize| {
            client.recorder.wait_until("told so often", |heard| {
                heard
                    .notices
                    .iter()
                    .filter(|notice| notice.handle == wire)
                    .count()
                    >= count
            });
        };
        // As long as an echo takes.
        let wait = || {
            let mark = lookup("mark");
            let before = heard(&mark);
            maker.run(chmod(&mark)).unwrap();
            wait_for(&mark, before + 2);
        };
        let file = lookup("file");
        maker.run(chmod(&file)).unwrap();
        assert_eq!(heard(&file), 1);
        wait_for(&file, 2);
        assert_eq!(maker.recorder.told_of(&file), 0);
        // The control: what was given long ago has arrived, and showing it does not count.
        for _ in 0..3 {
            wait();
        }
        client.getattr(&file).unwrap();
        maker.run(chmod(&file)).unwrap();
        assert_eq!(heard(&file), 3);
        for _ in 0..3 {
            wait();
        }
        assert_eq!(heard(&file), 3);
    });
}

#[test]
fn mounts_and_exports_that_come_later_are_watched_too() {
    isolated("mounts_and_exports_that_come_later_are_watched_too", || {
        assert!(have("bindfs", "bindfs"));
        let scratch = Scratch::new();
        let export = tmpfs(&scratch);
        let inner = export.join("inner");
        fs::create_dir(&inner).unwrap();
        let (engine, coherence) = serve(&scratch.path("state"), &[&export], ONCE);
        let level = |at: usize| coherence.exports()[at].1.coherence;
        let client = Client::attached(&engine, &coherence, "10.0.0.1");
        let root = client.root(&export);
        let mount = || run("mount", &["-t", "tmpfs", "none", inner.to_str().unwrap()]);
        for round in 0..2 {
            let resyncs = client.recorder.resyncs();
            mount();
            // What changed in it until now may have been missed.
            client.recorder.wait_for_resync(resyncs);
            fs::write(inner.join("file"), "").unwrap();
            let file = client.lookup(&client.lookup(&root, "inner"), "file");
            touch(&inner.join("file"));
            client.recorder.wait_for(&file, CHANGED_ATTRIBUTES);
            assert_eq!(level(0), Level::Partial, "round {round}");
            run("umount", &["-l", inner.to_str().unwrap()]);
        }
        // One that cannot be watched is the whole export's weakness.
        let below = scratch.directory("below");
        run("bindfs", &[&below, inner.to_str().unwrap()]);
        while level(0) != Level::None {
            std::thread::sleep(Duration::from_millis(10));
        }
        run("umount", &["-l", inner.to_str().unwrap()]);

        let second = PathBuf::from(scratch.directory("second"));
        run("mount", &["-t", "tmpfs", "none", second.to_str().unwrap()]);
        fs::write(second.join("file"), "").unwrap();
        engine
            .load_exports(vec![definition(&export), definition(&second)])
            .unwrap();
        assert_eq!(
            coherence.exports()[1],
            (second.clone(), coherence.exports()[0].1.clone())
        );
        let file = client.lookup(&client.root(&second), "file");
        touch(&second.join("file"));
        client.recorder.wait_for(&file, CHANGED_ATTRIBUTES);
    });
}

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

#[test]
fn a_storm_of_changes_fills_no_memory() {
    isolated("a_storm_of_changes_fills_no_memory", || {
        struct Count(Recorder);
        impl ChangeSink for Count {
            fn changed(&self, notice: &ChangeNotice) {
                // As a ring that is full drops it.
                self.0.clear();
                self.0.changed(notice);
            }
            fn resync(&self) {
                self.0.resync();
            }
        }
        let scratch = Scratch::new();
        let export = tmpfs(&scratch);
        let files = 10_000;
        for number in 0..files {
            fs::write(export.join(number.to_string()), "").unwrap();
        }
        let (engine, coherence) = serve(&scratch.path("state"), &[&export], Options::default());
        let client = Client::new(&engine, "10.0.0.1");
        let sink = Arc::new(Count(Recorder::default()));
        let attachment = coherence.attach(client.address, sink.clone());
        let root = client.root(&export);
        let mut last = Vec::new();
        for number in 0..files {
            last = client.lookup(&root, &number.to_string());
        }
        let before = resident();
        for round in 0..10 {
            for number in 0..files {
                fs::write(export.join(number.to_string()), [round; 1]).unwrap();
            }
        }
        let figures = || coherence.figures();
        fs::write(export.join((files - 1).to_string()), "end").unwrap();
        sink.0.wait_until("the last one", |heard| {
            heard.told_of(&last) != 0 || heard.resyncs > 0 && figures().overflows > 0
        });
        let grown = resident().saturating_sub(before);
        assert!(grown < 16 << 20, "{grown} bytes more");
        assert!(figures().notices + figures().overflows * 16_384 > files as u64);
        drop(attachment);
        assert_eq!(figures().sessions, 0);
    });
}
