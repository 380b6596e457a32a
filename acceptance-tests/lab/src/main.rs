//! `lab`: starts, shows and stops labs by hand.

use std::process::ExitCode;

fn main() -> ExitCode {
    lab::cli::main()
}
