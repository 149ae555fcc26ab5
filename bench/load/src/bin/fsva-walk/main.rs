//! fsva-walk: what makes a server grow. A million files touched, a huge directory listed, connections that are kept.

mod beside;
mod hold;
mod list;
mod touch;

use std::error::Error;
use std::net::{IpAddr, SocketAddr};

use clap::{Args, Parser, Subcommand};
use fsva_load::rpc::{Client, MOUNT_PROGRAM, NFS_PROGRAM};
use fsva_load::target::mount;

/// Walks over what an NFSv3 server serves, every reply checked; says what it did as one line of JSON.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    server: Server,
    #[command(subcommand)]
    walk: Walk,
}

#[derive(Args)]
pub struct Server {
    /// Address of the server
    #[arg(long, default_value = "127.0.0.1")]
    address: IpAddr,
    #[arg(long, default_value_t = 2049)]
    port: u16,
    #[arg(long, default_value_t = 20048)]
    mount_port: u16,
    /// Path to mount
    #[arg(long)]
    export: String,
}

#[derive(Subcommand)]
enum Walk {
    /// LOOKUP, GETATTR and READ of each file f0000000, f0000001, ... of the mounted directory, once
    Touch(touch::Touch),
    /// Lists the mounted directory to its end
    List(list::List),
    /// Asks for one file again and again, while calls to another export are under way
    Beside(beside::Beside),
    /// Makes connections that each make a NULL, a GETATTR and a WRITE, says so, and keeps them until its input ends
    Hold(hold::Hold),
}

fn main() {
    let Arguments { server, walk } = Arguments::parse();
    let done = match walk {
        Walk::Touch(touch) => touch.run(&server),
        Walk::List(list) => list.run(&server),
        Walk::Beside(beside) => beside.run(&server),
        Walk::Hold(hold) => hold.run(&server),
    };
    if let Err(error) = done {
        eprintln!("fsva-walk: {error}");
        std::process::exit(1);
    }
}

impl Server {
    pub fn nfs(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.port)
    }

    pub fn connect(&self) -> Result<Client, Box<dyn Error>> {
        Client::connect(self.nfs(), NFS_PROGRAM)
    }

    /// The handle of the mounted directory.
    pub fn mount(&self) -> Result<Vec<u8>, Box<dyn Error>> {
        self.mount_path(&self.export)
    }

    pub fn mount_path(&self, path: &str) -> Result<Vec<u8>, Box<dyn Error>> {
        let address = SocketAddr::new(self.address, self.mount_port);
        mount(&mut Client::connect(address, MOUNT_PROGRAM)?, path)
    }
}
