//! fsva-walk: what makes a server grow. A million files touched, a huge directory listed, connections that are kept.

mod beside;
mod hold;
mod list;
mod touch;

use clap::{Parser, Subcommand};
use fsva_load::server::Server;

/// Walks over what an NFSv3 server serves, every reply checked; says what it did as one line of JSON.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    server: Server,
    #[command(subcommand)]
    walk: Walk,
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
