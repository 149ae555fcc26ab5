//! An agent without a channel, for tests of programs that use one: plain_agent SOCKET. It serves every file of the machine
//! by the descriptor that was sent, and does wrong what its stdin says: a line "space BYTES" (no more can be written),
//! "restarted" (the next fsync says that the server was), "close" and "open" (reads wait in between), "leave" (it goes, and
//! the process stays until the end of its stdin). It says "ready" and answers each line with the line; "figures" with the
//! bytes read and written.

#[path = "../tests/double/mod.rs"]
mod double;

use std::io::{BufRead, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use double::{Conduct, files};
use fsva_agent::local::listener::{Limits, LocalAgent, LocalOptions};

fn main() {
    let socket = std::env::args_os().nth(1).expect("plain_agent SOCKET");
    let conduct = Arc::new(Conduct::default());
    let mut agent = Some(
        LocalAgent::start(LocalOptions {
            socket: socket.into(),
            mount_points: vec!["/".into()],
            files: files(&conduct),
            limits: Limits::default(),
        })
        .expect("nobody listens there"),
    );
    say("ready");
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("text");
        match line.split_once(' ').unwrap_or((&line, "")) {
            ("space", bytes) => *conduct.space.lock().unwrap() = Some(bytes.parse().expect("a number")),
            ("restarted", _) => conduct.restarted.store(true, Ordering::SeqCst),
            ("close", _) => conduct.close_gate(),
            ("open", _) => conduct.open_gate(),
            ("leave", _) => drop(agent.take()),
            ("figures", _) => {
                let figures = agent.as_ref().map(LocalAgent::figures).unwrap_or_default();
                say(&format!("{} {}", figures.bytes_read, figures.bytes_written));
                continue;
            }
            _ => panic!("{line}?"),
        }
        say(&line);
    }
}

fn say(line: &str) {
    println!("{line}");
    std::io::stdout().flush().expect("somebody listens");
}
