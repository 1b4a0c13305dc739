//! How fast the store takes, hands out and forgets deliveries, and what a backlog costs.
//!
//! `cargo bench -p campanile-outbox` measures appends in groups and the full cycle. With `OUTBOX_BACKLOG=1000000` it
//! first builds a backlog of that many and prints its figures.

#![expect(clippy::expect_used, reason = "a bench that cannot go on must say so and stop")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use campanile_domain::{Event, NewDelivery, ObjectKey};
use campanile_outbox::{
    Acceptance, AllProviders, Append, Bounds, JournaledOutbox, Outbox, Planned, Reply, Scheduler, Settlement,
};
use campanile_testkit::{event, new_delivery, noon};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tempfile::TempDir;

/// Records of one group while a backlog is built and drained.
const CHUNK: usize = 256;

fn wait<T>(reply: Reply<T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("build a runtime");
    runtime.block_on(reply).expect("the outbox answers")
}

fn wait_all(replies: Vec<Reply<()>>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("build a runtime");
    runtime.block_on(async {
        for reply in replies {
            reply.await.expect("the outbox answers");
        }
    });
}

fn open(folder: &TempDir, bounds: Bounds) -> JournaledOutbox {
    campanile_outbox::open(folder.path(), bounds, Arc::new(AllProviders), noon())
        .expect("open the outbox")
        .outbox
}

/// An event of about 1 KB with one delivery; a thousand lanes.
fn entry(number: usize) -> Append {
    let message = format!("{number} {}", "health check passed ".repeat(30));
    let plan = NewDelivery { lane: format!("Kustomization/apps/{}", number % 1000).into(), ..new_delivery() };
    Append {
        event: Arc::new(Event { message, ..event() }),
        accepted_at: noon(),
        plan: Planned::Deliveries(vec![plan]),
        span: tracing::Span::none(),
    }
}

fn append(outbox: &JournaledOutbox, number: usize) -> Reply<()> {
    let (answer, reply) = tokio::sync::oneshot::channel();
    outbox.append(entry(number), Box::new(move |result| drop(answer.send(result))));
    Box::pin(async move { reply.await.expect("the store lives") })
}

fn append_group(outbox: &JournaledOutbox, size: usize, first: usize) {
    wait_all((first..first + size).map(|number| append(outbox, number)).collect());
}

fn drain_some(outbox: &JournaledOutbox, provider: &ObjectKey, limit: usize) -> usize {
    let leases = wait(outbox.take(provider, limit, noon()));
    leases.iter().for_each(|lease| outbox.settle(lease.delivery.id, Settlement::Done, noon()));
    black_box(leases).len()
}

fn appends(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("append");
    for size in [1, 32, 256] {
        let folder = TempDir::new().expect("make a folder");
        let outbox = open(&folder, Bounds::default());
        let mut first = 0;
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter(|| {
                append_group(&outbox, size, first);
                first += size;
            });
        });
    }
    group.finish();
}

fn cycle(criterion: &mut Criterion) {
    let provider = new_delivery().provider;
    let mut group = criterion.benchmark_group("append, take, settle");
    for size in [1, 32, 256] {
        let folder = TempDir::new().expect("make a folder");
        let outbox = open(&folder, Bounds::default());
        let (mut first, before) = (0, Usage::now());
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter(|| {
                append_group(&outbox, size, first);
                first += size;
                while drain_some(&outbox, &provider, size) > 0 {}
            });
        });
        before.print_since(&format!("cycle of {size}"), first, &folder);
    }
    group.finish();
}

/// What the process has used, as the kernel counts it.
struct Usage {
    written: u64,
    ticks: u64,
    resident_kib: u64,
}

impl Usage {
    fn now() -> Self {
        let read = |file: &str| std::fs::read_to_string(format!("/proc/self/{file}")).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
        };
        let stat = read("stat");
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let ticks = after_name
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|value| value.parse::<u64>().ok())
            .sum();
        Self {
            written: field(&read("io"), "write_bytes:"),
            ticks,
            resident_kib: field(&read("status"), "VmRSS:"),
        }
    }

    fn print_since(&self, what: &str, records: usize, folder: &TempDir) {
        let (now, records) = (Self::now(), records.max(1) as u64);
        println!(
            "{what}: {} bytes written and {} us of CPU a record, {} KiB resident, {} KiB on disk",
            (now.written - self.written) / records,
            (now.ticks - self.ticks) * 10_000 / records,
            now.resident_kib,
            size(folder) / 1024,
        );
    }
}

fn size(folder: &TempDir) -> u64 {
    let entries = std::fs::read_dir(folder.path()).into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.metadata().ok()).map(|file| file.len()).sum()
}

/// Builds a backlog, opens it again, drains it, and waits until the file is small again.
fn backlog(_: &mut Criterion) {
    let Some(records) = std::env::var("OUTBOX_BACKLOG").ok().and_then(|text| text.parse::<usize>().ok())
    else {
        return;
    };
    let bounds = Bounds { records_per_provider: records, bytes: u64::MAX, ..Bounds::default() };
    let (folder, provider) = (TempDir::new().expect("make a folder"), new_delivery().provider);
    let outbox = open(&folder, bounds);
    let (before, begun) = (Usage::now(), Instant::now());
    for first in (0..records).step_by(CHUNK) {
        append_group(&outbox, CHUNK.min(records - first), first);
    }
    println!("backlog of {records}: appended in {:?}", begun.elapsed());
    before.print_since("appending", records, &folder);
    println!(
        "memory: {} bytes a record",
        (Usage::now().resident_kib - before.resident_kib) * 1024 / records as u64
    );
    wait(outbox.close());
    let begun = Instant::now();
    let outbox = open(&folder, bounds);
    println!("opened again in {:?}", begun.elapsed());
    let (before, begun) = (Usage::now(), Instant::now());
    while drain_some(&outbox, &provider, CHUNK) > 0 {}
    println!("drained in {:?}", begun.elapsed());
    before.print_since("draining", records, &folder);
    let begun = Instant::now();
    while size(&folder) > 64 << 20 && begun.elapsed() < Duration::from_secs(120) {
        std::thread::yield_now();
    }
    println!("{} KiB on disk after {:?}", size(&folder) / 1024, begun.elapsed());
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(4));
    targets = backlog, appends, cycle
}
criterion_main!(benches);
