//! A client in this process, a server in a child of it over the same files and the same region, and another server after
//! that.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fsva_channel::descriptors_unsafe::{receive_descriptors, send_descriptors};
use fsva_channel::geometry::Side;
use fsva_channel::grant_word::Access;
use fsva_channel::message::GrantRef;
use fsva_channel::protocol::{OPEN_REQUEST_BYTES, Op, OpenRequest};
use fsva_channel::region::Region;
use fsva_channel::wake::EventWake;

use crate::peer::{Buffer, Client, Files, GEOMETRY, PATIENCE, READ_WRITE, Wires, message};

pub struct Ends {
    pub region: Region,
    pub wake: Arc<EventWake>,
}

/// The child's socket is its standard input.
pub fn receive_ends() -> Ends {
    let socket = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned().unwrap());
    let [memory, mine, theirs] = receive_descriptors::<3>(&socket).unwrap();
    let bytes = fs::File::from(memory.try_clone().unwrap())
        .metadata()
        .unwrap()
        .len();
    Ends {
        region: Region::attach(memory.as_fd(), 0, bytes as usize).unwrap(),
        wake: Arc::new(EventWake::new(mine, theirs, socket.into()).unwrap()),
    }
}

pub struct Process {
    pub child: Child,
    pub socket: UnixStream,
}

impl Process {
    pub fn start(wires: &Wires, side: Side, words: &[&str]) -> Process {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(words)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .spawn()
            .unwrap();
        let [mine, other] = match side {
            Side::Client => [0, 1],
            Side::Server => [1, 0],
        };
        let descriptors = [
            wires.memory.as_fd(),
            wires.events[mine].as_fd(),
            wires.events[other].as_fd(),
        ];
        send_descriptors(&ours, &descriptors).unwrap();
        Process { child, socket: ours }
    }

    pub fn server(wires: &Wires, directory: &Path, mode: &str, opens: u64) -> Process {
        let directory = directory.to_str().unwrap();
        let opens = opens.to_string();
        Process::start(wires, Side::Server, &["--child-server", directory, mode, &opens])
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A directory to serve, wires, a client in this process and a server in another.
pub struct Scene {
    directory: tempfile::TempDir,
    pub wires: Wires,
    pub server: Process,
    pub client: Client,
}

impl Scene {
    /// The handle of each file comes with it.
    pub fn new(files: &[(&str, &[u8])], opens: u64) -> (Scene, Vec<Vec<u8>>) {
        let directory = tempfile::tempdir().unwrap();
        let handles = {
            let served = Files::in_directory(directory.path(), |_| {});
            let write = |(name, bytes): &(&str, &[u8])| served.write(name, bytes);
            files.iter().map(write).collect()
        };
        wait_for_state(directory.path());
        let wires = Wires::new(&GEOMETRY);
        let server = Process::server(&wires, directory.path(), "plain", opens);
        let client = wires.client(&server.socket);
        let scene = Scene {
            directory,
            wires,
            server,
            client,
        };
        (scene, handles)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join("export").join(name)
    }

    /// Steps until everything is answered. A server that ended is followed by another one.
    pub fn settle(&mut self, mode: &str) {
        let started = Instant::now();
        while !self.client.requests.is_empty() {
            self.client.step().unwrap();
            if self.server.child.try_wait().unwrap().is_some() {
                self.begin_again(mode);
            }
            assert!(started.elapsed() < PATIENCE, "unanswered requests");
        }
    }

    pub fn begin_again(&mut self, mode: &str) {
        self.server = Process::server(&self.wires, self.directory.path(), mode, u64::MAX);
    }

    /// Ends the server; what it leaves is looked at by a session of this process. Returns how many files are open.
    pub fn files_left_open(&mut self) -> u64 {
        self.server.kill();
        let files = Files::in_directory(self.directory.path(), |_| {});
        let sockets = UnixStream::pair().unwrap();
        let served = self.wires.session(&files.engine, &sockets.0);
        let open = served.session.figures().open_files;
        served.session.close();
        open
    }

    pub fn ask_opens(&mut self, handles: &[Vec<u8>], count: u64) -> Vec<(u64, Buffer, GrantRef)> {
        (0..count)
            .map(|number| {
                let request = OpenRequest {
                    handle: handles[number as usize % handles.len()].clone(),
                    access: READ_WRITE,
                    uid: 0,
                    gid: 0,
                    gids: Vec::new(),
                };
                let buffer = self.client.buffer(OPEN_REQUEST_BYTES as u32);
                self.client.fill(buffer, &request.encode().unwrap());
                let mut ask = message(Op::Open);
                ask.grants[0] = self.client.lend(buffer, Access::Write);
                (self.client.ask(ask), buffer, ask.grants[0])
            })
            .collect()
    }

    /// The handle indices of those that were opened, with attributes; the requests' memory is the client's again.
    pub fn opened(&mut self, asked: Vec<(u64, Buffer, GrantRef)>) -> Vec<u32> {
        asked
            .into_iter()
            .filter_map(|(id, buffer, reference)| {
                let answer = self.client.answers.remove(&id).unwrap();
                self.client.end(reference);
                let size = self.client.bytes(buffer, 8);
                self.client.channel.pool.free(buffer.pages).unwrap();
                if answer.status == 0 {
                    assert_eq!(answer.length, 88);
                    assert!(u64::from_le_bytes(size.try_into().unwrap()) <= 65536);
                }
                (answer.status == 0).then_some(answer.handle_index)
            })
            .collect()
    }
}

/// The engine that locked the state directory has to be gone: its threads let go of it a little later.
fn wait_for_state(directory: &Path) {
    let started = Instant::now();
    while fsva_core::engine::Engine::open(&directory.join("state")).is_err() {
        assert!(started.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(5));
    }
}
