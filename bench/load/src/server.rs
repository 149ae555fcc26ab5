//! The server that is asked, as the command line says.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};

use clap::Args;

use crate::rpc::{Client, MOUNT_PROGRAM, NFS_PROGRAM};
use crate::target::mount;

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
