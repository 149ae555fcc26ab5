//! Several exports: one is slow, one goes, one stays.

mod scratch;
mod served;

use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use fsva_core::errno::Errno;
use fsva_core::export_policy::ExportDefinition;
use fsva_core::fair_queue::Flow;
use fsva_core::operations::commit::Commit;
use fsva_core::operations::getattr::Getattr;
use fsva_core::operations::write::Stable;
use scratch::{Scratch, isolated};
use served::{ROOT, Served, Wire, definition, handle};

fn exports(scratch: &Scratch, names: &[&str]) -> Vec<ExportDefinition> {
    names
        .iter()
        .map(|name| definition(Path::new(&scratch.directory(name))))
        .collect()
}

/// A file in the export, written to and open.
fn file_in(served: &Served, scratch: &Scratch, export: &str) -> Wire {
    let root = served.resolve(&scratch.path(export), "").unwrap();
    let file = served.create(ROOT, &root, "f", 0o644).unwrap();
    served.write(ROOT, &file, 0, b"hello", Stable::Unstable).unwrap();
    file
}

fn wait_for(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "waited for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_slow_export_holds_up_no_other() {
    isolated("a_slow_export_holds_up_no_other", || {
        let scratch = Scratch::new();
        let served = Served::new(&scratch.path("state"), scratch.directory("slow").as_ref());
        served
            .engine
            .load_exports(exports(&scratch, &["slow", "quick"]))
            .unwrap();
        let (slow, quick) = (
            file_in(&served, &scratch, "slow"),
            file_in(&served, &scratch, "quick"),
        );
        let volume = |wire: &Wire| {
            let export = served.engine.guard.codec.open(wire).unwrap().export;
            served.engine.volume(export).unwrap()
        };
        // Every thread of its pool hangs, and more is waiting than will fit.
        let of_root = Flow {
            address: "192.0.2.1".parse().unwrap(),
            port: 1,
        };
        let (release, hang) = mpsc::channel::<()>();
        let hang = std::sync::Arc::new(std::sync::Mutex::new(hang));
        while volume(&slow)
            .changes
            .submit(of_root, {
                let hang = hang.clone();
                Box::new(move || {
                    let _ = hang.lock().unwrap().recv();
                })
            })
            .is_ok()
        {}
        let answer = served.inline(ROOT, Commit { file: handle(&slow) });
        assert_eq!(answer.unwrap().status as i32, Errno::JUKEBOX.0, "come back later");
        let answer = served.inline(
            ROOT,
            Getattr {
                object: handle(&slow),
            },
        );
        assert_eq!(answer.unwrap().status, 0, "what is cached is answered still");
        assert!(
            served.inline(ROOT, Commit { file: handle(&quick) }).is_none(),
            "done by its pool"
        );
        drop(release);
        wait_for("the queue to empty", || volume(&slow).changes.load().0 == 0);
        assert!(served.inline(ROOT, Commit { file: handle(&slow) }).is_none());
    });
}

#[test]
fn a_reload_is_all_or_nothing_and_keeps_what_stays_open() {
    isolated("a_reload_is_all_or_nothing_and_keeps_what_stays_open", || {
        let scratch = Scratch::new();
        let served = Served::new(&scratch.path("state"), scratch.directory("stays").as_ref());
        let both = exports(&scratch, &["stays", "goes"]);
        served.engine.load_exports(both.clone()).unwrap();
        let (stays, goes) = (
            file_in(&served, &scratch, "stays"),
            file_in(&served, &scratch, "goes"),
        );
        let status = |wire: &Wire| {
            served
                .inline(ROOT, Getattr { object: handle(wire) })
                .map(|answer| answer.status)
        };

        let mut broken = exports(&scratch, &["stays"]);
        broken.push(definition(&scratch.path("missing")));
        let error = served.engine.load_exports(broken).unwrap_err();
        assert!(error.to_string().contains("missing"), "{error}");
        assert_eq!(
            (status(&stays), status(&goes)),
            (Some(0), Some(0)),
            "nothing changed"
        );

        let open = served.engine.descriptors();
        served.engine.load_exports(exports(&scratch, &["stays"])).unwrap();
        assert_eq!(status(&stays), Some(0), "answered at once: it is open still");
        assert_eq!(status(&goes), Some(libc::ESTALE as u32));
        wait_for("the files of the export that went to be closed", || {
            served.engine.descriptors() < open
        });

        served.engine.load_exports(both).unwrap();
        assert_eq!(
            served.getattr(&goes).unwrap().size,
            5,
            "its handles are valid again"
        );
    });
}
