//! The `campanile` program.

use std::process::ExitCode;

/// Less processor time for each event than the C library's, which suffers from memory that one thread takes and another
/// gives back; docs/adr/0011 has the figures.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    campanile::cli::main()
}
