//! fsva-load: NFSv3 calls over TCP at a given depth on a number of connections, every reply checked.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use clap::Parser;
use fsva_load::load;
use fsva_load::nfs::{self, Listed, Operation, Target};
use fsva_load::rpc::{Client, MOUNT_PROGRAM, NFS_PROGRAM};

/// Measures an NFSv3 server: calls per second, latency percentiles, bytes per second, as one line of JSON.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Address of the server
    #[arg(long, default_value = "127.0.0.1")]
    address: IpAddr,
    #[arg(long, default_value_t = 2049)]
    port: u16,
    #[arg(long, default_value_t = 20048)]
    mount_port: u16,
    /// Path to mount; the load works in a directory of its own below it
    #[arg(long)]
    export: String,
    #[arg(long, value_enum)]
    operation: Operation,
    /// Calls outstanding per connection
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=4095))]
    depth: u16,
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: u16,
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Bytes per READ or WRITE
    #[arg(long, default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    io_bytes: u32,
    /// Size of the file that READ and WRITE walk over
    #[arg(long, default_value_t = 64 << 20)]
    file_bytes: u64,
    /// READ and WRITE go to blocks of the file in no order
    #[arg(long)]
    random: bool,
    /// Files in the directory that READDIRPLUS lists
    #[arg(long, default_value_t = 100)]
    entries: u32,
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
    let address = SocketAddr::new(arguments.address, arguments.port);
    let target = prepare(arguments, address)?;
    let plan = load::Plan {
        address,
        operation: arguments.operation,
        depth: usize::from(arguments.depth),
        duration: Duration::from_secs_f64(arguments.seconds),
    };
    let cpu_before = cpu_seconds(arguments.server_pid)?;
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..usize::from(arguments.connections))
            .map(|connection| {
                let (plan, target) = (&plan, &target);
                scope.spawn(move || load::run(plan, target, connection))
            })
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().expect("a load thread does not panic"))
            .collect()
    });
    let mut latency_ns = hdrhistogram::Histogram::<u64>::new_with_bounds(100, 60_000_000_000, 3)?;
    let mut elapsed = Duration::ZERO;
    for outcome in outcomes {
        let outcome = outcome.map_err(|error| error.to_string())?;
        latency_ns.add(&outcome.latency_ns)?;
        elapsed = elapsed.max(outcome.elapsed);
    }
    let calls_per_s = latency_ns.len() as f64 / elapsed.as_secs_f64();
    let payload = arguments.operation.payload_bytes(&target) as f64;
    println!(
        "{{\"operation\":\"{:?}\",\"depth\":{},\"connections\":{},\"io_bytes\":{},\"calls\":{},\"calls_per_s\":{:.0},\
         \"bytes_per_s\":{:.0},\"p50_us\":{:.1},\"p99_us\":{:.1},\"max_us\":{:.1},\"cpu_s\":{:.2}}}",
        arguments.operation,
        arguments.depth,
        arguments.connections,
        arguments.io_bytes,
        latency_ns.len(),
        calls_per_s,
        calls_per_s * payload,
        latency_ns.value_at_quantile(0.5) as f64 / 1e3,
        latency_ns.value_at_quantile(0.99) as f64 / 1e3,
        latency_ns.max() as f64 / 1e3,
        cpu_seconds(arguments.server_pid)? - cpu_before,
    );
    Ok(())
}

/// CPU time of this process and the server so far, user and system (proc_pid_stat(5)).
fn cpu_seconds(server: Option<u32>) -> Result<f64, Box<dyn Error>> {
    let mut ticks = 0;
    for process in ["self".into()]
        .into_iter()
        .chain(server.map(|pid| pid.to_string()))
    {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
        let (_, fields) = stat.rsplit_once(") ").ok_or("no fields in /proc/PID/stat")?;
        for field in fields.split(' ').skip(11).take(2) {
            ticks += field.parse::<u64>()?;
        }
    }
    Ok(ticks as f64 / 100.0)
}

/// A directory of so many files; of the number, so that one from before has as many.
fn listed(client: &mut Client, directory: &[u8], entries: u32) -> Result<Listed, Box<dyn Error>> {
    let listed = nfs::make(client, directory, &format!("listed-{entries}"), 9)?;
    for number in 0..entries {
        nfs::make(client, &listed, &format!("file-{number:06}"), 8)?;
    }
    Ok(Listed {
        directory: listed,
        entries,
    })
}

/// Mounts, makes the work directory and fills the data file.
fn prepare(arguments: &Arguments, address: SocketAddr) -> Result<Target, Box<dyn Error>> {
    let mount_address = SocketAddr::new(arguments.address, arguments.mount_port);
    let root = nfs::mount(
        &mut Client::connect(mount_address, MOUNT_PROGRAM)?,
        &arguments.export,
    )?;
    let mut client = Client::connect(address, NFS_PROGRAM)?;
    let directory = nfs::make(&mut client, &root, nfs::WORK_DIRECTORY, 9)?;
    let file = nfs::make(&mut client, &directory, "data", 8)?;
    let listed = match arguments.operation {
        Operation::Readdirplus => listed(&mut client, &directory, arguments.entries)?,
        _ => Listed::default(),
    };
    let io_bytes = arguments.io_bytes;
    let fill = Target {
        directory,
        listed,
        file,
        file_bytes: arguments.file_bytes,
        io_bytes: 1 << 20,
        random: false,
    };
    let data = vec![0xa5; fill.io_bytes as usize];
    for block in 0..fill.file_bytes.div_ceil(u64::from(fill.io_bytes)) {
        client.call(
            7,
            |out| Operation::Write.encode(out, &fill, block, 0, &data),
            |reader| Operation::Write.check(reader, &fill, block),
        )?;
    }
    Ok(Target {
        io_bytes,
        random: arguments.random,
        ..fill
    })
}
