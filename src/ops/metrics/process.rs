//! The process itself, as the kernel sees it. Where there is no `/proc`, nothing is shown.

use std::fs;

use jiff::Timestamp;

use super::page::{FamilyType, MetricsPage, Number};

/// The kernel's unit of CPU time for user space: the same on every architecture that this program is built for.
const TICKS_A_SECOND: f64 = 100.0;

/// Facts about the process, from the system.
pub(super) struct Process {
    started: Timestamp,
    cpu_seconds: Option<f64>,
    resident: Option<u64>,
    virtual_size: Option<u64>,
    open_files: Option<u64>,
    most_files: Option<u64>,
}

impl Process {
    pub(super) fn now(started: Timestamp) -> Self {
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
        Self {
            started,
            cpu_seconds: cpu_seconds(&stat),
            resident: kibibytes(&status, "VmRSS:"),
            virtual_size: kibibytes(&status, "VmSize:"),
            open_files: fs::read_dir("/proc/self/fd").ok().map(|files| files.count() as u64),
            most_files: field(&limits, "Max open files").and_then(|limit| limit.parse().ok()),
        }
    }

    pub(super) fn write(&self, page: &mut MetricsPage) {
        let mut gauge = |name, help, value: Option<Number>| {
            if let Some(value) = value {
                page.family(name, FamilyType::Gauge, help);
                page.sample(&[], value);
            }
        };
        let number = |value: Option<u64>| value.map(Number::Whole);
        gauge("process_resident_memory_bytes", "Resident memory.", number(self.resident));
        gauge("process_virtual_memory_bytes", "Virtual memory.", number(self.virtual_size));
        gauge("process_open_fds", "Open file descriptors.", number(self.open_files));
        gauge("process_max_fds", "Most file descriptors.", number(self.most_files));
        let started = Number::Real(self.started.as_duration().as_secs_f64());
        gauge("process_start_time_seconds", "Start, in seconds since the epoch.", Some(started));
        if let Some(seconds) = self.cpu_seconds {
            page.family("process_cpu_seconds_total", FamilyType::Counter, "CPU time of the process.");
            page.sample(&[], seconds);
        }
    }
}

/// User and system time: the 14th and 15th field. The second is a name in parentheses that may hold anything.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut times = after_name.split_whitespace().skip(11).take(2);
    let mut next = || times.next()?.parse::<f64>().ok();
    Some((next()? + next()?) / TICKS_A_SECOND)
}

fn kibibytes(status: &str, name: &str) -> Option<u64> {
    field(status, name)?.parse::<u64>().ok().map(|size| size * 1024)
}

/// The first word after `name` at the beginning of a line.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_tables_are_read() {
        let stat = "7 (a b) c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20";
        assert_eq!(cpu_seconds(stat), Some(2.0));
        assert_eq!(kibibytes("VmPeak:\t  9 kB\nVmRSS:\t  3 kB\n", "VmRSS:"), Some(3072));
        let limits = "Limit   Soft Limit\nMax open files            1024                 524288   files\n";
        assert_eq!(field(limits, "Max open files"), Some("1024"));
    }
}
