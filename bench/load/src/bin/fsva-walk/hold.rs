//! Connections that have done something and then nothing any more.

use std::error::Error;
use std::io::Read;

use clap::Args;
use fsva_load::call::{FATTR3_BYTES, Procedure, expect_ok, wcc_data};
use fsva_load::target::child;
use fsva_load::xdr::{Encode, Malformed, Reader};

use fsva_load::server::Server;

/// stable_how of WRITE.
const UNSTABLE: u32 = 0;

#[derive(Args)]
pub struct Hold {
    #[arg(long)]
    connections: usize,
    #[arg(long, default_value_t = 64 << 10)]
    write_bytes: u32,
}

impl Hold {
    pub fn run(&self, server: &Server) -> Result<(), Box<dyn Error>> {
        let directory = server.mount()?;
        let file = child(&mut server.connect()?, &directory, b"written", Procedure::Create)?;
        let data = vec![0x5a; self.write_bytes as usize];
        let mut held = Vec::new();
        while held.len() < self.connections {
            let mut client = server.connect()?;
            client.call(0, |_| (), |reader| reader.end())?;
            client.call(
                1,
                |out| out.opaque(&file),
                |reader| {
                    expect_ok(reader, "GETATTR")?;
                    reader.skip(FATTR3_BYTES, "fattr3")
                },
            )?;
            client.call(
                7,
                |out| {
                    out.opaque(&file);
                    out.u64(0);
                    out.u32(self.write_bytes);
                    out.u32(UNSTABLE);
                    out.opaque(&data);
                },
                |reader| self.check_write(reader),
            )?;
            held.push(client.into_stream());
        }
        println!("{{\"connections\":{}}}", held.len());
        std::io::stdin().read_to_end(&mut Vec::new())?;
        Ok(())
    }

    fn check_write(&self, reader: &mut Reader) -> Result<(), Malformed> {
        expect_ok(reader, "WRITE")?;
        wcc_data(reader)?;
        if reader.u32("count")? != self.write_bytes {
            return Err(Malformed("a WRITE that took less".into()));
        }
        reader.u32("committed")?;
        reader.skip(8, "verf")?;
        reader.end()
    }
}
