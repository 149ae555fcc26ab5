//! fsva-load: NFSv3 calls over TCP at a given depth on a number of connections, every reply checked.

use std::error::Error;
use std::time::{Duration, Instant};

use clap::Parser;
use fsva_load::load;
use fsva_load::operation::Operation;
use fsva_load::server::Server;
use fsva_load::target::{Shape, Target, prepare};

/// Measures an NFSv3 server: calls per second, latency percentiles, bytes per second, as one line of JSON.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    server: Server,
    /// Name of the directory, below the mounted one, that the load works in
    #[arg(long, default_value = "fsva-load")]
    work_directory: String,
    #[arg(long, value_enum)]
    operation: Operation,
    /// Calls outstanding per connection
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=4095))]
    depth: u16,
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: u16,
    /// Length of what is measured
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// How long the load runs before that
    #[arg(long, default_value_t = 0.2)]
    warm_up: f64,
    /// Bytes per READ or WRITE
    #[arg(long, default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    io_bytes: u32,
    /// Size of the file that READ and WRITE walk over; the mix has 64 files of 64 KiB
    #[arg(long, default_value_t = 64 << 20)]
    file_bytes: u64,
    /// Files in the directory that READDIRPLUS lists
    #[arg(long, default_value_t = 100)]
    entries: usize,
    /// READ and WRITE go to blocks of the file in no order
    #[arg(long)]
    random: bool,
    /// WRITE asks for FILE_SYNC, not UNSTABLE
    #[arg(long)]
    file_sync: bool,
    /// What READ returns is not looked at: for a server without files
    #[arg(long)]
    any_data: bool,
    /// Process whose CPU time counts as the server's
    #[arg(long)]
    server_pid: Option<u32>,
}

fn main() {
    if let Err(error) = measure(&Arguments::parse()) {
        eprintln!("fsva-load: {error}");
        std::process::exit(1);
    }
}

fn measure(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let target = make_target(arguments)?;
    let measured_from = Instant::now() + Duration::from_secs_f64(arguments.warm_up);
    let plan = load::Plan {
        address: arguments.server.nfs(),
        operation: arguments.operation,
        connections: usize::from(arguments.connections),
        depth: usize::from(arguments.depth),
        measured_from,
        measured_until: measured_from + Duration::from_secs_f64(arguments.seconds),
    };
    let server = arguments.server_pid.map(|pid| pid.to_string());
    let cpu = || -> Result<[f64; 2], Box<dyn Error>> {
        Ok([
            cpu_seconds("self")?,
            server.as_deref().map_or(Ok(0.0), cpu_seconds)?,
        ])
    };
    let (before, outcomes) = std::thread::scope(|scope| {
        let running: Vec<_> = (0..plan.connections)
            .map(|connection| {
                let (plan, target) = (&plan, &target);
                scope.spawn(move || load::run(plan, target, connection))
            })
            .collect();
        std::thread::sleep(measured_from.saturating_duration_since(Instant::now()));
        let before = cpu();
        let outcomes: Vec<_> = running
            .into_iter()
            .map(|thread| thread.join().expect("a load thread does not panic"))
            .collect();
        (before, outcomes)
    });
    let (before, after) = (before?, cpu()?);
    let mut latency_ns = load::histogram();
    let mut elapsed = Duration::ZERO;
    for outcome in outcomes {
        let outcome = outcome.map_err(|error| error.to_string())?;
        latency_ns.add(&outcome.latency_ns)?;
        elapsed = elapsed.max(outcome.elapsed);
    }
    if latency_ns.is_empty() {
        return Err("no call was answered in the time".into());
    }
    let calls_per_s = latency_ns.len() as f64 / elapsed.as_secs_f64();
    let bytes_per_call = match arguments.operation {
        Operation::Read | Operation::Write => f64::from(arguments.io_bytes),
        _ => 0.0,
    };
    let us = |quantile| latency_ns.value_at_quantile(quantile) as f64 / 1e3;
    println!(
        "{{\"operation\":\"{:?}\",\"depth\":{},\"connections\":{},\"io_bytes\":{},\"calls\":{},\"calls_per_s\":{:.0},\
         \"bytes_per_s\":{:.0},\"p10_us\":{:.1},\"p50_us\":{:.1},\"p90_us\":{:.1},\
         \"p99_us\":{:.1},\"p999_us\":{:.1},\"max_us\":{:.1},\"cpu_s\":{:.2},\"server_cpu_s\":{:.2}}}",
        arguments.operation,
        arguments.depth,
        arguments.connections,
        arguments.io_bytes,
        latency_ns.len(),
        calls_per_s,
        calls_per_s * bytes_per_call,
        us(0.1),
        us(0.5),
        us(0.9),
        us(0.99),
        us(0.999),
        latency_ns.max() as f64 / 1e3,
        after[0] - before[0] + after[1] - before[1],
        after[1] - before[1],
    );
    Ok(())
}

/// CPU time of a process so far, user and system (proc_pid_stat(5)).
fn cpu_seconds(process: &str) -> Result<f64, Box<dyn Error>> {
    let mut ticks = 0;
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = stat.rsplit_once(") ").ok_or("no fields in /proc/PID/stat")?;
    for field in fields.split(' ').skip(11).take(2) {
        ticks += field.parse::<u64>()?;
    }
    Ok(ticks as f64 / 100.0)
}

/// Mounts, makes the work directory and fills the files.
fn make_target(arguments: &Arguments) -> Result<Target, Box<dyn Error>> {
    let root = arguments.server.mount()?;
    let shape = Shape {
        work_directory: &arguments.work_directory,
        operation: arguments.operation,
        file_bytes: arguments.file_bytes,
        io_bytes: arguments.io_bytes,
        entries: arguments.entries,
        random: arguments.random,
        file_sync: arguments.file_sync,
        any_data: arguments.any_data,
    };
    prepare(&mut arguments.server.connect()?, &root, &shape)
}
