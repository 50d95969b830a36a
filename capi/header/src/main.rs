//! Makes `capi/include/memzone.h` of the sources: `cargo run --manifest-path capi/header/Cargo.toml`. With `--check` it
//! only compares, and fails where they differ.

use cbindgen::{Builder, Config, DocumentationStyle, EnumConfig, ExportConfig, Language, Style};
use std::path::Path;
use std::process::ExitCode;

/// The files of the interface, in the header's order.
const FILES: [&str; 7] = ["error", "zone", "stack", "scope", "rt", "heap", "stats"];

const HEAD: &str = include_str!("head.txt");
const TAIL: &str = include_str!("tail.txt");

fn header(capi: &Path) -> Result<String, cbindgen::Error> {
    let config = Config {
        language: Language::C,
        style: Style::Both,
        cpp_compat: true,
        pragma_once: false,
        include_guard: Some("MEMZONE_H".into()),
        autogen_warning: Some("/* Made from capi/src by capi/header. Do not edit. */".into()),
        header: Some(HEAD.trim_end().into()),
        trailer: Some(TAIL.trim_end().into()),
        usize_is_size_t: true,
        no_includes: true,
        sys_includes: ["stdbool.h", "stddef.h", "stdint.h"].map(String::from).into(),
        documentation_style: DocumentationStyle::C99,
        line_length: 100,
        tab_width: 4,
        enumeration: EnumConfig { prefix_with_name: false, ..EnumConfig::default() },
        export: ExportConfig { include: vec!["mz_policy".into()], ..ExportConfig::default() },
        ..Config::default()
    };
    let mut builder = Builder::new().with_config(config);
    for file in FILES {
        builder = builder.with_src(capi.join("src").join(file).with_extension("rs"));
    }
    let mut made = Vec::new();
    builder.generate()?.write(&mut made);
    let text = String::from_utf8_lossy(&made).into_owned();
    // Rust's word for what a function demands.
    Ok(text.replace("// # Safety\n//\n", "// Demands:\n"))
}

fn main() -> ExitCode {
    let capi = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let place = capi.join("include/memzone.h");
    let made = match header(&capi) {
        Ok(made) => made,
        Err(error) => {
            eprintln!("cbindgen: {error}");
            return ExitCode::from(2);
        }
    };
    if std::env::args().any(|argument| argument == "--check") {
        if std::fs::read_to_string(&place).is_ok_and(|there| there == made) {
            return ExitCode::SUCCESS;
        }
        eprintln!("include/memzone.h is not what the sources say: run `cargo run` in capi/header");
        return ExitCode::FAILURE;
    }
    match std::fs::write(&place, made) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", place.display());
            ExitCode::from(2)
        }
    }
}
