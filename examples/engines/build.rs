//! With the feature `rtsan`: links the RealtimeSanitizer runtime that comes with the Rust toolchain.

use std::path::Path;
use std::process::Command;
use std::{env, str};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_RTSAN").is_none() {
        return;
    }
    let (rustc, target) = (env::var("RUSTC").unwrap(), env::var("TARGET").unwrap());
    let args = ["--print", "target-libdir", "--target", &target];
    let output = Command::new(rustc).args(args).output().expect("rustc runs");
    let folder = Path::new(str::from_utf8(&output.stdout).expect("a path").trim());
    let runtime = folder.join("librustc-stable_rt.rtsan.a");
    assert!(runtime.exists(), "this toolchain has no {}", runtime.display());
    // All of it: nobody asks for its malloc by name, as there is one in libc.
    println!("cargo::rustc-link-arg=-Wl,--whole-archive");
    println!("cargo::rustc-link-arg={}", runtime.display());
    println!("cargo::rustc-link-arg=-Wl,--no-whole-archive");
}
