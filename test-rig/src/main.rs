//! `rig`: see [`bitcraps_rig::cli`].

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    bitcraps_rig::cli::main()
}
