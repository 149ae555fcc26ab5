//! An agent with a real channel, for tests on the server's own host: channel_agent RENDEZVOUS SOCKET. There the kernel has no
//! handles of the server, so for each file that a program opens it says "handle PATH" and reads a line: the server's handle
//! in hexadecimal, or an errno number. Everything else is what an agent does. It says "ready", and ends with its stdin.

use std::io::{self, BufRead, Write};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use fsva_agent::client::{Client, ConnectOptions};
use fsva_agent::error::ClientError;
use fsva_agent::local::channel_files::ChannelFiles;
use fsva_agent::local::descriptor_unsafe::describe;
use fsva_agent::local::listener::{Limits, LocalAgent, LocalOptions};
use fsva_agent::rendezvous::Rendezvous;
use fsva_channel::protocol::{ACCESS_READ, ACCESS_WRITE};

fn main() {
    let [rendezvous, socket] = [1, 2].map(|number| {
        PathBuf::from(
            std::env::args_os()
                .nth(number)
                .expect("channel_agent RENDEZVOUS SOCKET"),
        )
    });
    let client = Client::connect(ConnectOptions {
        client_address: Some("127.0.0.1".parse().expect("an address")),
        ..ConnectOptions::new(Rendezvous::Unix(rendezvous))
    })
    .expect("a server");
    let (answers, answered) = std::sync::mpsc::channel::<String>();
    let asking = Mutex::new(answered);
    let files = ChannelFiles::opening(client.clone(), move |client, descriptor, who| {
        let what = describe(descriptor).map_err(of_call)?;
        let access =
            if what.readable { ACCESS_READ } else { 0 } | if what.writable { ACCESS_WRITE } else { 0 };
        client.open_handle(&handle_of(descriptor, &asking)?, access, who)
    });
    let agent = LocalAgent::start(LocalOptions {
        socket,
        mount_points: vec!["/".into()],
        files: Arc::new(files),
        limits: Limits::default(),
    })
    .expect("nobody listens there");
    say("ready");
    for line in io::stdin().lock().lines() {
        answers
            .send(line.expect("text"))
            .expect("it is there as long as the agent");
    }
    drop(agent);
    client.close();
}

fn say(line: &str) {
    println!("{line}");
    io::stdout().flush().expect("somebody listens");
}

fn of_call(error: io::Error) -> ClientError {
    ClientError::Errno {
        errno: error.raw_os_error().unwrap_or(libc::EIO),
        what: "asking for the handle",
    }
}

fn handle_of(
    descriptor: BorrowedFd<'_>,
    asking: &Mutex<std::sync::mpsc::Receiver<String>>,
) -> Result<Vec<u8>, ClientError> {
    let path = std::fs::read_link(format!("/proc/self/fd/{}", descriptor.as_raw_fd())).map_err(of_call)?;
    // One question at a time.
    let answered = asking.lock().expect("no holder panics");
    say(&format!("handle {}", path.display()));
    let answer = answered.recv().map_err(|_| ClientError::Closed)?;
    if let Ok(errno) = answer.parse::<i32>() {
        return Err(of_call(io::Error::from_raw_os_error(errno)));
    }
    (0..answer.len() / 2)
        .map(|at| u8::from_str_radix(&answer[2 * at..2 * at + 2], 16))
        .collect::<Result<Vec<u8>, _>>()
        .map_err(|_| ClientError::Invalid("no handle"))
}
