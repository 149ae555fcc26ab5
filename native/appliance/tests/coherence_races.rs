//! A look at an object while it changes: either it shows the change, or the change is announced.

mod audience;
#[path = "../../core/tests/scratch/mod.rs"]
mod scratch;
#[path = "../../core/tests/served/mod.rs"]
mod served;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use audience::{Client, serve};
use fsva_appliance::coherence::Options;
use fsva_channel::protocol::{CHANGED_ATTRIBUTES, CHANGED_DATA};
use fsva_core::call::{Call, Output, UntrustedHandle};
use fsva_core::engine::Operation;
use fsva_core::errno::Result;
use fsva_core::operations::getattr::Getattr;
use fsva_core::operations::lookup::Lookup;
use fsva_core::operations::set_attributes::SetAttributes;
use fsva_core::operations::setattr::Setattr;
use scratch::{Scratch, isolated, run};
use served::{handle, name};

const FILES: usize = 200;
const PAIRS: usize = 20_000;
/// The control has found its fault long before.
const CONTROL_PAIRS: usize = 2_000_000;
/// Only the core tells, and nothing twice.
const UNWATCHED: Options = Options {
    known_max: 1 << 20,
    watch: false,
    answer_time: Duration::from_secs(3600),
};

struct Scene {
    export: PathBuf,
    root: Vec<u8>,
    files: Vec<Vec<u8>>,
}

/// Looks at files that its session does not know while another client gives each a new size, until `enough` or a change was
/// neither seen nor announced. True if there was one.
fn misses_one(enough: usize, look: impl Fn(&Scene, &Client, usize) -> u64 + Sync) -> bool {
    let scratch = Scratch::new();
    let mount = scratch.directory("mnt");
    run("mount", &["-t", "tmpfs", "none", &mount]);
    let export = PathBuf::from(mount);
    let (engine, coherence) = serve(&scratch.path("state"), &[&export], UNWATCHED);
    let maker = Client::new(&engine, "10.0.0.1");
    let root = maker.root(&export);
    let file = |number: usize| {
        fs::write(export.join(number.to_string()), "").unwrap();
        maker.lookup(&root, &number.to_string())
    };
    let scene = Scene {
        files: (0..FILES).map(file).collect(),
        export: export.clone(),
        root: root.clone(),
    };
    let mut reader = Client::new(&engine, "10.0.0.2");
    let together = Barrier::new(2);
    let (over, size) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for at in (0..FILES).cycle() {
                together.wait();
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let changes = SetAttributes {
                    size: Some(size.load(Ordering::SeqCst)),
                    ..SetAttributes::default()
                };
                let object = handle(&scene.files[at]);
                maker
                    .run_here(Setattr {
                        object,
                        changes,
                        guard: None,
                    })
                    .unwrap();
                together.wait();
            }
        });
        let mut missed = false;
        for pair in 0..enough {
            let at = pair % FILES;
            if at == 0 {
                reader.attach(&coherence);
                size.fetch_add(1, Ordering::SeqCst);
            }
            together.wait();
            let seen = look(&scene, &reader, at);
            together.wait();
            let told = reader.recorder.told_of(&scene.files[at]);
            missed = seen != size.load(Ordering::SeqCst) && told & CHANGED_DATA == 0;
            if missed {
                break;
            }
            if at == FILES - 1 {
                // Knows nothing any more.
                reader.detach();
                reader.recorder.clear();
            }
        }
        over.store(true, Ordering::SeqCst);
        together.wait();
        missed
    })
}

#[test]
fn no_change_falls_between_a_getattr_and_its_notice() {
    isolated("no_change_falls_between_a_getattr_and_its_notice", || {
        let getattr = |scene: &Scene, reader: &Client, at: usize| {
            let object = handle(&scene.files[at]);
            let reply = reader.run_here(Getattr { object }).unwrap();
            reply.answer.object.size
        };
        assert!(!misses_one(PAIRS, getattr));
    });
}

#[test]
fn no_change_falls_between_a_lookup_and_its_notice() {
    isolated("no_change_falls_between_a_lookup_and_its_notice", || {
        let lookup = |scene: &Scene, reader: &Client, at: usize| {
            let operation = Lookup {
                directory: handle(&scene.root),
                name: name(&at.to_string()),
            };
            reader.run_here(operation).unwrap().answer.object.size
        };
        assert!(!misses_one(PAIRS, lookup));
    });
}

/// The control: who looks first and is noted afterwards misses a change.
#[test]
fn what_is_noted_too_late_misses_a_change() {
    isolated("what_is_noted_too_late_misses_a_change", || {
        let late = |scene: &Scene, reader: &Client, at: usize| {
            let seen = fs::metadata(scene.export.join(at.to_string())).unwrap().len();
            let object = handle(&scene.files[at]);
            reader.run_here(Getattr { object }).unwrap();
            seen
        };
        assert!(misses_one(CONTROL_PAIRS, late));
    });
}

/// Looks, and lets somebody begin to listen before it answers.
struct Slow<F> {
    object: UntrustedHandle,
    meanwhile: F,
}

impl<F: Fn() + Send + 'static> Operation for Slow<F> {
    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.object)
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        Getattr { object: self.object }.run(call, output)?;
        (self.meanwhile)();
        Ok(())
    }
}

/// What it is answered is not known of the new session, which so must ask for everything once more, and not before the answer
/// is there.
#[test]
fn a_call_that_began_before_the_session_is_made_good() {
    isolated("a_call_that_began_before_the_session_is_made_good", || {
        let scratch = Scratch::new();
        let export = scratch.directory("export");
        run("mount", &["-t", "tmpfs", "none", &export]);
        let export = Path::new(&export);
        let options = Options {
            answer_time: Duration::from_millis(300),
            ..UNWATCHED
        };
        let (engine, coherence) = serve(&scratch.path("state"), &[export], options);
        let client = Client::new(&engine, "10.0.0.1");
        let object = handle(&client.root(export));
        let recorder = client.recorder.clone();
        let attachment = std::sync::Mutex::new(None);
        let attachment = std::sync::Arc::new(attachment);
        let (attached, told) = (attachment.clone(), recorder.clone());
        let slow = |wait: bool| {
            let (coherence, recorder, attached) = (coherence.clone(), recorder.clone(), attached.clone());
            Slow {
                object,
                meanwhile: move || {
                    if wait {
                        let attachment = coherence.attach([10, 0, 0, 1].into(), recorder.clone());
                        *attached.lock().unwrap() = Some(attachment);
                        recorder.wait_for_resync(0);
                    } else {
                        drop(coherence.attach([10, 0, 0, 3].into(), recorder.clone()));
                    }
                },
            }
        };
        client.run(slow(true)).unwrap();
        // The one of the attachment came too early for this call.
        told.wait_for_resync(1);
        // The control: one that began later needs none, whoever else comes and goes.
        client.run(slow(false)).unwrap();
        std::thread::sleep(Duration::from_millis(2000));
        assert_eq!(told.resyncs(), 2);
        // Nor is an answer from the reply cache one of now.
        engine.answers_again(client.address);
        told.wait_for_resync(2);
        let by_other = Setattr {
            object,
            changes: served::with_mode(0o700),
            guard: None,
        };
        Client::new(&engine, "10.0.0.2").run(by_other).unwrap();
        assert_eq!(told.told_of(object.as_bytes()), CHANGED_ATTRIBUTES);
    });
}
