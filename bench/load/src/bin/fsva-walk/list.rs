//! A directory listed to its end as a client does it: one call at a time, each from where the last one ended.

use std::error::Error;
use std::time::{Duration, Instant};

use clap::Args;
use fsva_load::call::{expect_ok, post_op_attr};
use fsva_load::rpc::Client;
use fsva_load::xdr::{Encode, Malformed, Reader};

use fsva_load::server::Server;

#[derive(Args)]
pub struct List {
    /// READDIRPLUS instead of READDIR
    #[arg(long)]
    plus: bool,
    /// Bytes of a reply at most
    #[arg(long, default_value_t = 32 << 10)]
    reply_bytes: u32,
    /// Goes on listing it for this long; once if 0
    #[arg(long, default_value_t = 0.0)]
    seconds: f64,
    /// To its end also when the time is up
    #[arg(long)]
    whole: bool,
}

/// Where a listing has come to.
#[derive(Default)]
struct Place {
    cookie: u64,
    verifier: u64,
    entries: u64,
    at_end: bool,
}

impl List {
    pub fn run(&self, server: &Server) -> Result<(), Box<dyn Error>> {
        let directory = server.mount()?;
        let mut client = server.connect()?;
        let duration = Duration::from_secs_f64(self.seconds);
        let (mut entries, mut calls, mut longest) = (0, 0, Duration::ZERO);
        let started = Instant::now();
        loop {
            let mut place = Place::default();
            while !place.at_end {
                let asked = Instant::now();
                self.next(&mut client, &directory, &mut place)?;
                longest = longest.max(asked.elapsed());
                calls += 1;
                if !self.whole && !duration.is_zero() && started.elapsed() >= duration {
                    break;
                }
            }
            entries += place.entries;
            if started.elapsed() >= duration {
                break;
            }
        }
        println!(
            "{{\"entries\":{entries},\"calls\":{calls},\"seconds\":{:.4},\"longest_us\":{:.0}}}",
            started.elapsed().as_secs_f64(),
            longest.as_secs_f64() * 1e6
        );
        Ok(())
    }

    fn next(&self, client: &mut Client, directory: &[u8], place: &mut Place) -> Result<(), Box<dyn Error>> {
        let Place { cookie, verifier, .. } = *place;
        let arguments = |out: &mut Vec<u8>| {
            out.opaque(directory);
            out.u64(cookie);
            out.u64(verifier);
            out.u32(self.reply_bytes);
            if self.plus {
                out.u32(self.reply_bytes);
            }
        };
        let procedure = if self.plus { 17 } else { 16 };
        client.call(procedure, arguments, |reader| self.read(reader, place))
    }

    fn read(&self, reader: &mut Reader, place: &mut Place) -> Result<(), Malformed> {
        expect_ok(reader, "status")?;
        post_op_attr(reader)?;
        place.verifier = reader.u64("cookieverf")?;
        let before = place.cookie;
        while reader.u32("value_follows")? != 0 {
            reader.u64("fileid")?;
            reader.opaque("name")?;
            place.cookie = reader.u64("cookie")?;
            place.entries += 1;
            if self.plus {
                post_op_attr(reader)?;
                if reader.u32("handle_follows")? != 0 {
                    reader.opaque("name_handle")?;
                }
            }
        }
        place.at_end = reader.u32("eof")? != 0;
        if !place.at_end && place.cookie == before {
            return Err(Malformed("a listing that does not get on".into()));
        }
        reader.end()
    }
}
