//! What must not compile: each program in a folder of `tests/ui` is refused with the text beside it. A folder
//! is a topic. Those in `tests/ui/pass` must compile and run.
//!
//! Most are refused when they are checked, which one run of cargo does for all of them. What is refused only when
//! code is made of it (a type that needs drop, in a generic function) has to be built, one program at a time.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The compiler that the texts were made with. Others word their errors in other ways.
const COMPILER: &str = "rustc 1.95.";

/// What a compiler prints, or nothing where it cannot be run.
fn ask_compiler(arguments: &[&str]) -> String {
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    match Command::new(compiler).args(arguments).output() {
        Ok(output) => String::from_utf8_lossy(&output.stdout).trim().to_string(),
        Err(_) => String::new(),
    }
}

/// Why the texts would not match here, if they would not.
fn reason_to_skip() -> Option<String> {
    let version = ask_compiler(&["--version"]);
    if !version.starts_with(COMPILER) {
        return Some(format!("the texts are those of {COMPILER}x, this is `{version}`"));
    }
    // Among the types that the compiler names.
    if cfg!(any(feature = "allocator-api2-03", feature = "ledger", feature = "profile")) {
        return Some(String::from("the texts are those of the default features"));
    }
    None
}

/// The programs that must not compile: whether they are refused when they are checked, or only when built.
#[derive(PartialEq)]
enum Refused {
    Checked,
    Built,
}

impl Refused {
    /// As the text beside the program tells. One without a text yet is built, as that is a check too.
    fn of(program: &Path) -> Refused {
        match fs::read_to_string(program.with_extension("stderr")) {
            Ok(text) if !text.contains("error was encountered while instantiating") => {
                Refused::Checked
            }
            _ => Refused::Built,
        }
    }

    fn programs(self) -> Vec<PathBuf> {
        let entries = |folder: &Path| -> Vec<PathBuf> {
            let entries = fs::read_dir(folder).expect("a folder of programs");
            entries.map(|entry| entry.expect("an entry").path()).collect()
        };
        let topics =
            entries(Path::new("tests/ui")).into_iter().filter(|path| !path.ends_with("pass"));
        let files = topics.flat_map(|topic| entries(&topic));
        let programs =
            files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
        let mut programs: Vec<_> = programs.filter(|path| Refused::of(path) == self).collect();
        programs.sort();
        programs
    }
}

#[test]
#[cfg_attr(miri, ignore = "runs the compiler")]
fn ui() {
    if let Some(reason) = reason_to_skip() {
        println!("SKIPPED: ui, {reason}");
        return;
    }
    let cases = trybuild::TestCases::new();
    for program in Refused::Checked.programs() {
        cases.compile_fail(program);
    }
}

/// `cargo test --test ui -- ui trybuild=alloc/drop.rs trybuild=pass/hygiene.rs` runs one of them: `trybuild` builds
/// programs only if one among them is to run.
#[test]
#[cfg_attr(miri, ignore = "runs the compiler")]
fn ui_that_is_built() {
    if let Some(reason) = reason_to_skip() {
        println!("SKIPPED: ui, {reason}");
        return;
    }
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    for program in Refused::Built.programs() {
        cases.compile_fail(program);
    }
}
