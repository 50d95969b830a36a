//! What the examples' `main` functions have in common.

use std::env;
use std::ffi::OsString;
use std::fmt::{Arguments, Display};
use std::io::{self, Write};
use std::process::ExitCode;

/// Runs the program with its arguments and prints its report, which says besides whether all is well. What goes
/// wrong is told in one line.
pub(crate) fn main<R: Display>(
    help: &str,
    run: impl FnOnce(&[OsString]) -> Result<(R, bool), String>,
) -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        print(format_args!("{help}"));
        return ExitCode::SUCCESS;
    }
    match run(&arguments) {
        Ok((report, is_good)) => {
            print(format_args!("{report}"));
            if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

/// Prints to the standard output. That nobody may be reading it any more is no error here.
fn print(text: Arguments<'_>) {
    let _ = io::stdout().write_fmt(text);
}
