//! What must not compile: each program in a folder of `tests/ui` is refused with the text beside it. A folder
//! is a topic. Those in `tests/ui/pass` must compile and run.

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
    if cfg!(any(
        feature = "allocator-api2-03",
        feature = "hashbrown",
        feature = "ledger",
        feature = "profile"
    )) {
        return Some(String::from("the texts are those of the default features"));
    }
    None
}

/// The folders of programs that must not compile.
fn topics() -> Vec<String> {
    let folders = std::fs::read_dir("tests/ui").expect("the folder of programs");
    let names = folders.map(|folder| folder.expect("an entry").file_name().into_string());
    let mut topics: Vec<_> = names.map(|name| name.expect("a name in UTF-8")).collect();
    topics.retain(|name| name != "pass");
    topics.sort();
    topics
}

#[test]
#[cfg_attr(miri, ignore = "runs the compiler")]
fn ui() {
    if let Some(reason) = reason_to_skip() {
        println!("SKIPPED: ui, {reason}");
        return;
    }
    let cases = trybuild::TestCases::new();
    // With these among them the others are built, not only checked, so that refusals at
    // monomorphisation (of types that need drop) are seen too.
    cases.pass("tests/ui/pass/*.rs");
    for topic in topics() {
        cases.compile_fail(format!("tests/ui/{topic}/*.rs"));
    }
}
