//! What noting who knows what costs an operation, and how soon a change is announced.
//!
//! As root: `cargo run --release -p fsva-appliance --example coherence DIRECTORY`, on the file system to be measured.

use std::fs::{self, File};
use std::net::IpAddr;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use fsva_appliance::change_sink::ChangeSink;
use fsva_appliance::coherence::Coherence;
use fsva_channel::protocol::{CHANGED_DATA, ChangeNotice};
use fsva_core::answer::Answer;
use fsva_core::call::{Output, UntrustedHandle};
use fsva_core::caller::{CallerId, CallerIdentity, Door, Flavor};
use fsva_core::engine::{Engine, Operation, Started};
use fsva_core::export_policy::{ExportDefinition, Squash};
use fsva_core::foreign_buffer_unsafe::{ForeignBuffer, ForeignBytes};
use fsva_core::name::Name;
use fsva_core::operations::getattr::Getattr;
use fsva_core::operations::lookup::Lookup;
use fsva_core::operations::read::{EVENT_LOOP_BYTES_MAX, Read};
use fsva_core::operations::resolve::Resolve;
use fsva_core::operations::write::{Stable, Write};

/// Of a round. Rounds of what is compared take turns, and the best of each counts.
const OPERATIONS: usize = 5_000;
const WRITES: usize = 500;
const ROUNDS: usize = 60;
const CHANGES: usize = 2_000;

/// Says when it heard of data that changed.
struct Clock(Mutex<mpsc::Sender<Instant>>);

impl ChangeSink for Clock {
    fn changed(&self, notice: &ChangeNotice) {
        if notice.what & CHANGED_DATA != 0 {
            let _ = self.0.lock().unwrap().send(Instant::now());
        }
    }
    fn resync(&self) {}
}

/// Hears nothing.
struct Deaf;

impl ChangeSink for Deaf {
    fn changed(&self, _: &ChangeNotice) {}
    fn resync(&self) {}
}

struct Client {
    engine: Arc<Engine>,
    caller: CallerId,
}

impl Client {
    fn new(engine: &Arc<Engine>, address: &str) -> Client {
        let caller = engine.guard.callers.intern(CallerIdentity {
            address: address.parse().unwrap(),
            privileged_port: true,
            door: Door::Nfs,
            flavor: Flavor::Sys,
            uid: 0,
            gid: 0,
            gids: Box::default(),
        });
        Client {
            engine: engine.clone(),
            caller,
        }
    }

    fn run(&self, operation: impl Operation) -> Answer {
        let mut answer = Answer::default();
        let mut bytes = Vec::new();
        let mut output = Output {
            answer: &mut answer,
            bytes: &mut bytes,
        };
        let (done, is_done) = mpsc::channel();
        let finish = move |reply| done.send(reply).unwrap();
        if self.engine.start(self.caller, operation, &mut output, finish) == Started::Pending {
            answer = is_done.recv().unwrap().answer;
        }
        assert_eq!(answer.status, 0);
        answer
    }
}

fn handle_of(answer: &Answer) -> UntrustedHandle {
    UntrustedHandle::new(&answer.handle[..answer.handle_length as usize]).unwrap()
}

fn write(file: UntrustedHandle, data: &'static [u8]) -> Write {
    Write {
        file,
        offset: 0,
        // SAFETY: it is there as long as the program.
        data: unsafe { ForeignBytes::new(data.as_ptr(), data.len()) },
        stable: Stable::Unstable,
    }
}

/// A client of an engine, with the handles of an export's root and of a file in it.
struct Scene {
    client: Client,
    root: UntrustedHandle,
    file: UntrustedHandle,
}

impl Scene {
    fn new(engine: &Arc<Engine>, export: &Path) -> Scene {
        let client = Client::new(engine, "10.0.0.1");
        let root = handle_of(&client.run(Resolve {
            export_path: export.to_owned(),
            path: Vec::new(),
        }));
        let file = handle_of(&client.run(Lookup {
            directory: root,
            name: Name::new(b"file").unwrap(),
        }));
        Scene { client, root, file }
    }

    /// One round: improves nanoseconds per call of GETATTR, READ of 4 KiB, LOOKUP and WRITE of 4 KiB.
    fn improve(&self, best: &mut [f64; 4]) {
        static DATA: [u8; 4096] = [1; 4096];
        let mut buffer = vec![0u8; 4096];
        let (client, root, file) = (&self.client, self.root, self.file);
        let mut time = |which: usize, count: usize, run: &mut dyn FnMut()| {
            let began = Instant::now();
            (0..count).for_each(|_| run());
            best[which] = f64::min(best[which], began.elapsed().as_nanos() as f64 / count as f64);
        };
        time(0, OPERATIONS, &mut || {
            client.run(Getattr { object: file });
        });
        time(1, OPERATIONS, &mut || {
            // SAFETY: it stays longer than `run`.
            let buffer = unsafe { ForeignBuffer::new(buffer.as_mut_ptr(), buffer.len()) };
            client.run(Read {
                file,
                offset: 0,
                buffer,
                inline_max: EVENT_LOOP_BYTES_MAX,
            });
        });
        time(2, OPERATIONS, &mut || {
            client.run(Lookup {
                directory: root,
                name: Name::new(b"file").unwrap(),
            });
        });
        time(3, WRITES, &mut || {
            client.run(write(file, &DATA));
        });
    }
}

/// Beside an engine that nobody observes.
fn compare(what: &str, bare: &Scene, observed: &Scene) {
    let (mut without, mut with) = ([f64::MAX; 4], [f64::MAX; 4]);
    for _ in 0..ROUNDS {
        bare.improve(&mut without);
        observed.improve(&mut with);
    }
    let cell = |at: usize| format!("{:>6.0} {:>+6.0}", without[at], with[at] - without[at]);
    println!(
        "| {what:<43} | {} | {} | {} | {} |",
        cell(0),
        cell(1),
        cell(2),
        cell(3)
    );
}

fn serve(state: &Path, export: &Path) -> Arc<Engine> {
    let engine = Engine::open(state).unwrap();
    let definition = ExportDefinition {
        path: export.to_owned(),
        fsid: None,
        read_only: false,
        squash: Squash::None,
        anonuid: 65534,
        anongid: 65534,
        secure: false,
        sync: false,
        side_channel: true,
        mapped_stores: true,
        clients: vec!["*".into()],
    };
    engine.load_exports(vec![definition]).unwrap();
    engine
}

fn percentiles(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: f64| times[(times.len() as f64 * share) as usize].as_nanos() as f64 / 1000.0;
    println!("| {what:<43} | {:>7.1} | {:>7.1} |", at(0.5), at(0.99));
}

/// From when a change begins until its notice is there.
fn latencies(heard: &mpsc::Receiver<Instant>, mut change: impl FnMut()) -> Vec<Duration> {
    let measure = |_| {
        // What repeats the one before goes by.
        std::thread::sleep(Duration::from_micros(2500));
        while heard.try_recv().is_ok() {}
        let began = Instant::now();
        change();
        heard.recv().unwrap() - began
    };
    (0..CHANGES).map(measure).collect()
}

fn main() {
    let directory = PathBuf::from(std::env::args().nth(1).expect("a directory"));
    let scratch = directory.join("coherence.scratch");
    let (state, export) = (scratch.join("state"), scratch.join("export"));
    fs::create_dir_all(&export).unwrap();
    fs::write(export.join("file"), [1; 4096]).unwrap();

    let (engine, unobserved) = (serve(&state, &export), serve(&scratch.join("bare"), &export));
    let (scene, bare) = (Scene::new(&engine, &export), Scene::new(&unobserved, &export));
    let address = |last: u8| IpAddr::from([10, 0, 0, last]);
    println!(
        "| ns per call without, and what is added      |    GETATTR    |    READ 4k    |     LOOKUP    |    WRITE 4k   |"
    );
    compare("no side channel: the noise", &bare, &scene);
    let coherence = Coherence::start(&engine);
    let compare = |what| compare(what, &bare, &scene);
    compare("nobody listens");
    let other = coherence.attach(address(2), Arc::new(Deaf));
    compare("another client listens, and knows nothing");
    let own = coherence.attach(address(1), Arc::new(Deaf));
    compare("this client listens");
    let file = scene.file;
    Client::new(&engine, "10.0.0.2").run(Getattr { object: file });
    compare("both listen, and know the file");
    let attach = |last| coherence.attach(address(last), Arc::new(Deaf));
    let many: Vec<_> = (3..65).map(attach).collect();
    compare("64 listen, two know the file");
    drop((own, other, many));

    let (sender, heard) = mpsc::channel();
    let listener = coherence.attach(address(2), Arc::new(Clock(Mutex::new(sender))));
    Client::new(&engine, "10.0.0.2").run(Getattr { object: file });
    println!("\n| us from change to notice                    |     p50 |     p99 |");
    let program = File::options().write(true).open(export.join("file")).unwrap();
    let local = latencies(&heard, || drop(program.write_at(&[1; 100], 0)));
    percentiles("write(2) by a program of the machine", local);
    let by_client = latencies(&heard, || {
        scene.client.run(write(file, b"data"));
    });
    percentiles("WRITE by another client, answer included", by_client);
    drop(listener);
    fs::remove_dir_all(&scratch).unwrap();
}
