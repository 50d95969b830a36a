//! What it costs to build a user's crate, and how large the code of a scope is.

use crate::{Outcome, root};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Seconds of clean release builds, and bytes of code.
pub struct Builds {
    pub bump_scope: f64,
    /// What building the macros takes: syn, quote, proc-macro2 and memzone-macros.
    pub macros: f64,
    /// And then all the rest of memzone's user.
    pub rest: f64,
    /// Bytes of a function that is a `beginz!` with one allocation: of what runs in steady state.
    pub hot: usize,
    /// And with its cold path.
    pub whole: usize,
}

const MEMZONE_USER: &str = r#"
use memzone::{DeepCopy, Zone, beginz};

#[derive(DeepCopy)]
pub struct Note<'z> {
    pub pitch: f32,
    pub partials: &'z [f32],
}

pub fn note(song: &Zone) -> Note<'_> {
    beginz!(z in song => {
        let scratch = z.alloc_slice_with(1000, |n| 1.0 / (n + 1) as f32);
        Note { pitch: 440.0, partials: &scratch[..8] }
    })
}

#[inline(never)]
#[unsafe(no_mangle)]
pub fn call_site(value: u64) -> u64 {
    beginz!(z => {
        let value = z.alloc(value);
        std::hint::black_box(&raw mut *value);
        *value
    })
}

fn main() {
    let song = Zone::new(4096);
    println!("{} {}", note(&song).partials.len(), call_site(7));
}
"#;

const BUMP_SCOPE_USER: &str = r#"
use bump_scope::Bump;

pub struct Note<'z> {
    pub pitch: f32,
    pub partials: &'z [f32],
}

pub fn note<'z>(song: &'z Bump, scratch: &mut Bump) -> Note<'z> {
    scratch.scoped(|scope| {
        let scratch = scope.alloc_iter_exact((0..1000).map(|n| 1.0 / (n + 1) as f32));
        Note { pitch: 440.0, partials: song.alloc_slice_copy(&scratch[..8]).into_ref() }
    })
}

pub fn call_site(bump: &mut Bump, value: u64) -> u64 {
    bump.scoped(|scope| *scope.alloc(value))
}

fn main() {
    let song: Bump = Bump::new();
    let mut scratch: Bump = Bump::new();
    println!("{} {}", note(&song, &mut scratch).partials.len(), call_site(&mut scratch, 7));
}
"#;

fn user(home: &Path, name: &str, dependency: &str, code: &str) -> Outcome<PathBuf> {
    let package = home.join(name);
    std::fs::create_dir_all(package.join("src"))?;
    let manifest = format!(
        "[workspace]\n[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[dependencies]\n{dependency}\n"
    );
    std::fs::write(package.join("Cargo.toml"), manifest)?;
    std::fs::write(package.join("src/main.rs"), code)?;
    Ok(package)
}

/// Seconds that cargo takes.
fn build(package: &Path, arguments: &[&str]) -> Outcome<f64> {
    let start = Instant::now();
    let status = Command::new("cargo")
        .args(["build", "--quiet", "--release"])
        .args(arguments)
        .current_dir(package)
        .env("CARGO_TARGET_DIR", package.join("target"))
        .env_remove("CARGO_INCREMENTAL")
        .stdout(Stdio::null())
        .status()?;
    if !status.success() {
        return Err(format!("{} was not built", package.display()).into());
    }
    Ok(start.elapsed().as_secs_f64())
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

/// Builds both users' crates from nothing, in turns. The least of each, as other work on the machine
/// only adds.
pub fn measure(rounds: usize) -> Outcome<Builds> {
    let home = std::env::temp_dir().join(format!("memzone-builds-{}", std::process::id()));
    let path = root().canonicalize()?;
    let ours = user(&home, "ours", &format!("memzone = {{ path = {path:?} }}"), MEMZONE_USER)?;
    let theirs = user(&home, "theirs", "bump-scope = \"2.4\"", BUMP_SCOPE_USER)?;
    for package in [&ours, &theirs] {
        // What is downloaded is not measured.
        Command::new("cargo").args(["fetch", "--quiet"]).current_dir(package).status()?;
    }
    let (mut rest, mut macros, mut bump_scope) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=rounds {
        eprintln!("builds, round {round} of {rounds} ...");
        for (package, steps) in [
            (&theirs, &mut [(&[][..], &mut bump_scope)][..]),
            (
                &ours,
                &mut [(&["--package", "memzone-macros"][..], &mut macros), (&[][..], &mut rest)][..],
            ),
        ] {
            let _ = std::fs::remove_dir_all(package.join("target"));
            for (arguments, seconds) in steps {
                seconds.push(build(package, arguments)?);
            }
        }
    }
    let (hot, all) = call_site(&ours.join("target/release/ours"))?;
    std::fs::remove_dir_all(&home)?;
    Ok(Builds {
        bump_scope: least(&bump_scope),
        rest: least(&rest),
        macros: least(&macros),
        hot,
        whole: all,
    })
}

/// Bytes of `call_site` that one call in steady state executes, as callgrind sees it, and in all.
fn call_site(program: &Path) -> Outcome<(usize, usize)> {
    let output = Command::new("objdump")
        .args(["-d", "--no-show-raw-insn", "--disassemble=call_site"])
        .arg(program)
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let instructions = text.lines().filter_map(|line| {
        let (address, instruction) = line.split_once(":\t")?;
        let address = usize::from_str_radix(address.trim(), 16).ok()?;
        (!instruction.starts_with("int3")).then_some(address)
    });
    let addresses: Vec<usize> = instructions.collect();
    let (first, last) = match addresses[..] {
        [first, .., last] => (first, last),
        _ => return Err("objdump shows no `call_site`".into()),
    };
    let profile = program.with_extension("callgrind");
    let status = Command::new("valgrind")
        .args(["--quiet", "--tool=callgrind", "--dump-instr=yes", "--compress-pos=no"])
        .args(["--compress-strings=no", "--toggle-collect=call_site"])
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(program)
        .stdout(Stdio::null())
        .status()?;
    if !status.success() {
        return Err("callgrind did not run the program with `call_site`".into());
    }
    // The program is loaded elsewhere, at a multiple of a page; its function's first instruction runs.
    let profile = std::fs::read_to_string(profile)?;
    let (mut inside, mut executed) = (false, Vec::new());
    for line in profile.lines() {
        if let Some(name) = line.strip_prefix("fn=") {
            inside = name.ends_with("call_site");
        } else if let (true, Some(line)) = (inside, line.strip_prefix("0x")) {
            let address = line.split_whitespace().next().unwrap_or("");
            executed.push(usize::from_str_radix(address, 16)?);
        }
    }
    let start = *executed.iter().min().ok_or("callgrind saw no `call_site`")?;
    let ran = |address: usize| executed.contains(&(address - first + start));
    let hot = addresses.windows(2).filter(|pair| ran(pair[0])).map(|pair| pair[1] - pair[0]).sum();
    if hot < 50 {
        return Err(format!("only {hot} bytes of `call_site` were seen to run").into());
    }
    Ok((hot, last - first))
}
