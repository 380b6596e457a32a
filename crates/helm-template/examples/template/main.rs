//! Renders a chart with the flags of `helm template`:
//!
//! `template NAME CHART [-n NAMESPACE] [-f VALUES]... [--set EXPRESSION]... [--kube-version V] [--api-versions V]...
//! [--is-upgrade] [--include-crds] [--no-hooks] [--skip-tests] [--skip-schema-validation] [--helm3]`

mod arguments;

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    match arguments::run(std::env::args().skip(1)) {
        Ok(text) if std::io::stdout().write_all(text.as_bytes()).is_ok() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("Error: {message}");
            ExitCode::FAILURE
        }
    }
}
