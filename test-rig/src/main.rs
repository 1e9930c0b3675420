//! `rig`: see [`bitcraps_rig::cli`].

#![forbid(unsafe_code)]

use std::process::ExitCode;

/// Phones of a whole room allocate a piece for every message that each of them hears, queues and says.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    bitcraps_rig::cli::main()
}
