//! Builds the programs in C and C++ with the system's compilers, against the static library, and runs them. Where there is
//! no compiler, it says so, and nothing is tested.
//!
//! `CC` and `CXX` name the compilers to use instead of those that are found. `MEMZONE_CFLAGS` has further options, such as
//! those of a sanitizer, and `MEMZONE_RUN` a program that runs the tests, such as valgrind with its options.

use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A compiler of C and one of C++, and what both are called with.
struct Compilers {
    c: String,
    cpp: String,
}

const C11: &str = "-std=c11";
const CPP17: &str = "-std=c++17";
const WARNINGS: [&str; 5] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g"];

/// Where `capi` is.
fn capi() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder for what is built, one for each test.
fn place(name: &str) -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&place).unwrap();
    place
}

fn words(variable: &str) -> Vec<String> {
    let value = env::var(variable).unwrap_or_default();
    value.split_whitespace().map(String::from).collect()
}

/// Whether a compiler is there and builds a program by this standard.
fn works(compiler: &str, extension: &str, standard: &str, program: &str) -> bool {
    let source = place("found").join(format!("{compiler}.{extension}").replace('/', "-"));
    fs::write(&source, program).unwrap();
    let mut build = Command::new(compiler);
    build.arg(standard).arg(&source).arg("-o").arg(source.with_extension("out"));
    build.output().is_ok_and(|output| output.status.success())
}

/// The compilers that are there.
fn found() -> Vec<Compilers> {
    let named = (env::var("CC"), env::var("CXX"));
    let pairs: Vec<(String, String)> = match named {
        (Ok(c), Ok(cpp)) => vec![(c, cpp)],
        _ => [("gcc", "g++"), ("clang", "clang++"), ("cc", "c++")]
            .map(|(c, cpp)| (c.to_string(), cpp.to_string()))
            .into(),
    };
    let c = "#include <stdio.h>\nint main(void) { return puts(\"\") < 0; }\n";
    let cpp = "#include <memory_resource>\nint main() { return std::pmr::new_delete_resource() == nullptr; }\n";
    let mut there: Vec<Compilers> = pairs
        .into_iter()
        .filter(|(by_c, by_cpp)| works(by_c, "c", C11, c) && works(by_cpp, "cpp", CPP17, cpp))
        .map(|(c, cpp)| Compilers { c, cpp })
        .collect();
    // `cc` is one of the others where those are there.
    if there.len() > 1 {
        there.retain(|compilers| compilers.c != "cc");
    }
    there
}

/// The static library, as cargo has built it for this test.
fn library() -> PathBuf {
    let program = env::current_exe().unwrap();
    let folder = program.parent().unwrap();
    let libraries = fs::read_dir(folder).unwrap().filter_map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name()?.to_str()?.to_string();
        let is_ours = name.starts_with("libmemzone_capi") && name.ends_with(".a");
        is_ours.then(|| (fs::metadata(&path).unwrap().modified().unwrap(), path))
    });
    let (_, newest) = libraries.max().expect("cargo builds the static library with the tests");
    newest
}

fn succeeded(what: &str, output: Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{what}: {}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// Builds a program of these sources with each compiler that is there, and runs it. What it writes is returned.
fn run(name: &str, sources: &[&str]) -> Vec<String> {
    let compilers = found();
    if compilers.is_empty() || cfg!(not(unix)) {
        // Not by `println!`, which a test that passes does not show.
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: {name}, no compiler of C11 and C++17 is there (gcc, clang, cc)"
        );
        return Vec::new();
    }
    let all = compilers.iter().map(|Compilers { c, cpp }| {
        let is_cpp = sources[0].ends_with(".cpp");
        let (compiler, standard) = if is_cpp { (cpp, CPP17) } else { (c, C11) };
        let program = place(name).join(compiler.replace('/', "-"));
        let mut build = Command::new(compiler);
        build.arg(standard).args(WARNINGS).args(words("MEMZONE_CFLAGS"));
        build.args(["-D_POSIX_C_SOURCE=200809L", "-I"]).arg(capi().join("include"));
        build.args(sources.iter().map(|source| capi().join(source)));
        build.arg(library()).args(["-o".as_ref(), program.as_os_str()]);
        build.args(["-lpthread", "-lm"]);
        if cfg!(target_os = "linux") {
            build.args(["-ldl", "-lrt", "-lgcc_s"]);
        }
        succeeded(&format!("{build:?}"), build.output().unwrap());
        let mut line = words("MEMZONE_RUN");
        line.push(program.to_str().unwrap().to_string());
        let output = Command::new(&line[0]).args(&line[1..]).output().unwrap();
        succeeded(&line.join(" "), output)
    });
    all.collect()
}

#[test]
fn each_function_does_what_it_says_and_refuses_the_rest() {
    for said in run("general", &["tests/c/general.c"]) {
        assert!(said.contains("general: ok"), "{said}");
    }
}

#[test]
fn threads_hand_over_and_are_kept_apart() {
    for said in run("threads", &["tests/c/threads.c"]) {
        assert!(said.contains("threads: ok"), "{said}");
    }
}

#[test]
fn cpp_has_resources_and_guards() {
    for said in run("pmr", &["tests/c/pmr.cpp"]) {
        assert!(said.contains("pmr: ok"), "{said}");
    }
}

#[test]
fn the_example_in_c_gives_an_echo() {
    for said in run("echo", &["examples/echo.c"]) {
        assert!(said.contains("asked the system: 0 times"), "{said}");
    }
}

#[test]
fn the_example_in_cpp_runs() {
    for said in run("containers", &["examples/containers.cpp"]) {
        assert!(said.contains("mz::scope"), "{said}");
    }
}

#[cfg(feature = "extempore")]
#[test]
fn generated_code_finds_its_symbols() {
    for said in run("extempore", &["tests/c/extempore.c"]) {
        assert!(said.contains("extempore: ok"), "{said}");
    }
}

/// How long it takes is not judged here.
#[cfg(feature = "extempore")]
#[test]
fn the_example_beside_another_thread_runs() {
    for said in run("beside", &["examples/beside.c"]) {
        assert!(said.contains("64 allocations: median"), "{said}");
    }
}

#[cfg(feature = "extempore")]
#[test]
fn extempores_own_cpp_finds_its_names() {
    for said in run("names", &["tests/c/names.cpp", "extempore/names.cpp"]) {
        assert!(said.contains("names: ok"), "{said}");
    }
}

/// Each function of the interface stands in the header. (`.ci/capi` compares the whole of it.)
#[test]
fn the_header_has_each_function() {
    let header = fs::read_to_string(capi().join("include/memzone.h")).unwrap();
    let mut functions = 0;
    for entry in fs::read_dir(capi().join("src")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for part in text.split("#[unsafe(no_mangle)]").skip(1) {
            let name = part.split("fn ").nth(1).and_then(|rest| rest.split('(').next()).unwrap();
            assert!(header.contains(&format!("{name}(")), "{name} is not in memzone.h");
            functions += 1;
        }
    }
    assert!(functions > 40, "{functions} functions");
}
