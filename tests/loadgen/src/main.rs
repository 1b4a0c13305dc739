//! Posts events to an event endpoint, receives the notifications on its own sink and matches the two by a sequence
//! number, so that one run gives throughput, latency, losses and duplicates. It knows nothing of the program between.

mod args;
mod hooks;
mod ledger;
mod poster;
mod report;
mod sink;

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use clap::Parser;
use serde_json::json;
use tokio::time::sleep;

use args::Args;
use ledger::{Ledger, Port};
use report::{Posting, report};

/// Any failure of the generator itself; it ends the run.
pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let args = Args::parse();
    if let Some(file) = &args.hooks {
        println!("{}", hooks::post_all(&args, file).await?);
        return Ok(());
    }
    let ledger = Arc::new(Ledger::new(args.first, args.total)?);
    let port = |number: &u16| Port::new(*number, args.mode(*number), args.total).map(Arc::new);
    let ports = args.sink_ports.iter().map(port).collect::<Result<Vec<_>, _>>()?;
    for port in &ports {
        tokio::spawn(open(ledger.clone(), port.clone(), Duration::from_millis(args.sink_delay_ms)));
    }
    sleep(Duration::from_millis(20)).await;
    if args.sink_only {
        sleep(Duration::from_secs_f64(args.idle)).await;
        let (delivered, unknown) = (ledger.delivered.load(Relaxed), ledger.unknown.load(Relaxed));
        println!("{}", json!({ "delivered": delivered, "unknown": unknown }));
        return Ok(());
    }
    let begin = ledger.micros();
    let answers = poster::post_all(&args, &ledger).await?;
    let posting = Posting { begin, end: ledger.micros(), delivered: ledger.delivered.load(Relaxed) };
    eprintln!("posted {}", ledger.taken());
    await_notifications(&args, &ledger, &posting).await;
    println!("{}", report(&args, &ledger, &ports, &posting, &answers));
    Ok(())
}

/// Serves a port; without it a run is worth nothing.
async fn open(ledger: Arc<Ledger>, port: Arc<Port>, delay: Duration) {
    let number = port.number;
    if let Err(error) = sink::serve(ledger, port, delay).await {
        eprintln!("sink port {number}: {error}");
        std::process::exit(1);
    }
}

/// Waits until all is there, nothing more comes, or the run has lasted long enough.
async fn await_notifications(args: &Args, ledger: &Ledger, posting: &Posting) {
    let expected = args.expect.unwrap_or(ledger.taken() * args.fanout);
    // With a number given, everything that arrives counts.
    let arrived = || match args.expect {
        Some(_) => ledger.delivered.load(Relaxed),
        None => ledger.distinct(args.fanout),
    };
    let idle = (args.idle * 1e6) as u64;
    while arrived() < expected
        && ledger.micros().saturating_sub(ledger.last.load(Relaxed).max(posting.end)) < idle
        && ledger.start.elapsed().as_secs_f64() < args.limit
    {
        sleep(Duration::from_millis(5)).await;
    }
    sleep(Duration::from_millis(50)).await;
}
