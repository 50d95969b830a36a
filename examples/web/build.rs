//! Bounds the module's memory, so that a definition for which there is none is refused.

use std::env;

/// Bytes of all that the module has: its stack (1 MiB), its tables, and the zones.
const MOST_BYTES: usize = 8 << 20;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32") {
        println!("cargo::rustc-link-arg-cdylib=--max-memory={MOST_BYTES}");
    }
}
