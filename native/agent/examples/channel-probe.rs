//! A client of the side channel that does as it is told: channel-probe SOCKET. It answers each line of its stdin with one:
//! "open HANDLE" (hexadecimal) opens a file for reading and writing, "read OFFSET BYTES" and "write OFFSET TEXT" use it,
//! "map OFFSET BYTES" maps a part of it, "mapped" says what that holds now and whether it still is the file, "server" which
//! server it is and how often one was met. It says "ready" when it has met one.

use std::io::{BufRead, Write};

use fsva_agent::client::{Client, ConnectOptions, Who};
use fsva_agent::error::ClientError;
use fsva_agent::file::File;
use fsva_agent::mapping::Mapping;
use fsva_agent::rendezvous::Rendezvous;
use fsva_channel::protocol::{ACCESS_READ, ACCESS_WRITE};

/// More is neither read nor written nor shown.
const BYTES_MAX: usize = 4096;

struct Probe {
    client: std::sync::Arc<Client>,
    file: Option<File>,
    mapping: Option<Mapping>,
}

impl Probe {
    fn obey(&mut self, line: &str) -> Result<String, ClientError> {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |at: usize| words[at].parse::<u64>().expect("a number");
        match words[0] {
            "open" => {
                let access = ACCESS_READ | ACCESS_WRITE;
                let file = self
                    .client
                    .open_handle(&bytes_of(words[1]), access, &Who::default())?;
                self.file = Some(file);
                Ok("opened".into())
            }
            "read" => {
                let length = (number(2) as usize).min(BYTES_MAX);
                let buffer = self.client.lend(BYTES_MAX)?;
                let read = self.file().read(&buffer, 0..length, number(1))?;
                let mut bytes = vec![0; read.bytes];
                buffer.copy_to(0, &mut bytes)?;
                Ok(format!("read {}", String::from_utf8_lossy(&bytes)))
            }
            "write" => {
                let text = words[2].as_bytes();
                let buffer = self.client.lend(BYTES_MAX)?;
                buffer.copy_from(0, text)?;
                let written = self.file().write(&buffer, 0..text.len(), number(1))?;
                Ok(format!("written {}", written.bytes))
            }
            "map" => {
                let mapping = self.file().map(number(1), number(2) as usize)?;
                let bytes = mapping.bytes();
                self.mapping = Some(mapping);
                Ok(format!("mapped {bytes}"))
            }
            "mapped" => {
                let mapping = self.mapping.as_ref().expect("mapped before");
                let mut bytes = vec![0; mapping.bytes().min(BYTES_MAX)];
                mapping.copy_to(0, &mut bytes);
                let state = if mapping.is_valid() { "valid" } else { "stale" };
                Ok(format!("{state} {}", String::from_utf8_lossy(&bytes)))
            }
            "server" => {
                let connections = self.client.figures().connections;
                Ok(format!("{} {connections}", self.client.server()))
            }
            other => panic!("no such order: {other}"),
        }
    }

    fn file(&self) -> &File {
        self.file.as_ref().expect("opened before")
    }
}

fn main() {
    let socket = std::env::args_os().nth(1).expect("channel-probe SOCKET");
    let client =
        Client::connect(ConnectOptions::new(Rendezvous::Unix(socket.into()))).expect("a server is there");
    let mut probe = Probe {
        client,
        file: None,
        mapping: None,
    };
    say("ready");
    for line in std::io::stdin().lock().lines() {
        let answer = probe.obey(&line.expect("text"));
        say(&answer.unwrap_or_else(|error| format!("error {error}")));
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .expect("somebody listens");
}

fn bytes_of(hexadecimal: &str) -> Vec<u8> {
    (0..hexadecimal.len() / 2)
        .map(|at| u8::from_str_radix(&hexadecimal[2 * at..2 * at + 2], 16).expect("hexadecimal"))
        .collect()
}
