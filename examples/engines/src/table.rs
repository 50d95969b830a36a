//! Runs each engine in processes of its own, and prints what they say as a table.

use crate::ENGINES;
use std::process::{Command, ExitCode};

fn run(program: &str, engine: &str, heap: &str, rival: &str) -> Option<(String, String)> {
    let output = Command::new(program)
        .args(["one", engine, heap, rival])
        .env("RTSAN_OPTIONS", "halt_on_error=false:print_stats_on_exit=true")
        .output()
        .ok()?;
    let (out, error) = (output.stdout, output.stderr);
    let texts = [out, error].map(|text| String::from_utf8_lossy(&text).into_owned());
    if !output.status.success() {
        eprintln!("{engine}, {heap}, {rival}: {}\n{}", output.status, texts[1]);
        return None;
    }
    let [out, error] = texts;
    Some((out, error))
}

/// The number after this text, in what the sanitizer prints at the end.
fn number(text: &str, after: &str) -> String {
    let line = text.lines().find_map(|line| line.trim().strip_prefix(after));
    line.map_or("0".into(), |number| number.trim().to_string())
}

pub fn print(sanitized: &str) -> ExitCode {
    let Ok(this) = std::env::current_exe() else { return ExitCode::FAILURE };
    let this = this.display().to_string();
    println!(
        "| Engine | Memory | Violations (unique) | Calls | Page faults | Beyond the heap | Median | 99.9 % | Worst \
         | with a rival: Median | 99.9 % | Worst |\n|---|---|---|---|---|---|---|---|---|---|---|---|"
    );
    let mut code = ExitCode::SUCCESS;
    for (engine, _) in ENGINES {
        for (heap, name) in [("system", "system"), ("rt", "`RtAlloc`")] {
            let violations = run(sanitized, engine, heap, "quiet").map(|(_, error)| {
                let total = number(&error, "Total error count:");
                (total, number(&error, "Unique error count:"))
            });
            let figures = ["quiet", "rival"].map(|rival| {
                let (out, _) = run(&this, engine, heap, rival)?;
                let line = out.lines().find_map(|line| line.strip_prefix("figures "))?;
                Some(line.split(' ').map(String::from).collect::<Vec<_>>())
            });
            let (Some((total, unique)), [Some(quiet), Some(rival)]) = (violations, figures) else {
                code = ExitCode::FAILURE;
                continue;
            };
            println!(
                "| {engine} | {name} | {total} ({unique}) | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                quiet[1],
                quiet[2],
                quiet[3],
                quiet[4],
                quiet[5],
                quiet[6],
                rival[4],
                rival[5],
                rival[6]
            );
            if heap == "rt" && (total != "0" || quiet[1] != "0") {
                eprintln!("{engine}: {total} violations and {} calls with RtAlloc", quiet[1]);
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}
