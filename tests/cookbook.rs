//! What docs/cookbook.md quotes from programs is there, word for word, so it is compiled where they are.

#![forbid(unsafe_code)]

use std::fs;
use std::path::Path;

/// The quotes of a page: the blocks of code whose first line names a file, and their lines up to each `// ..`.
fn quotes(page: &str) -> Vec<(&str, Vec<&str>)> {
    let blocks = page.split("\n```").skip(1).step_by(2);
    let quotes = blocks.filter_map(|block| {
        let (_, code) = block.split_once('\n')?;
        let (first, code) = code.split_once('\n')?;
        let file = first.strip_prefix("// ").filter(|file| file.contains('/'))?;
        Some((file, code.split("// ..").map(|part| part.trim_matches('\n')).collect()))
    });
    quotes.collect()
}

/// The first line of a part that does not follow in the text, after all parts before it.
fn missing<'q>(parts: &[&'q str], text: &str) -> Option<&'q str> {
    let mut rest = text;
    for part in parts.iter().filter(|part| !part.is_empty()) {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return part.lines().next(),
        }
    }
    None
}

#[test]
#[cfg_attr(miri, ignore = "reads files, which is slow there and without unsafe code")]
fn the_cookbook_quotes_what_is_in_the_programs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/cookbook.md")).unwrap();
    let quotes = quotes(&page);
    let not_compiled = page.matches("```rust,ignore").count() + page.matches("```c\n").count();
    assert_eq!(quotes.len(), not_compiled, "each block that is not compiled names its file");
    for (file, parts) in quotes {
        let text = fs::read_to_string(root.join(file)).unwrap_or_else(|_| panic!("no {file}"));
        assert_eq!(missing(&parts, &text), None, "this is not in {file}, or not in that order");
    }
}

#[test]
#[cfg_attr(miri, ignore = "without unsafe code")]
fn a_quote_that_is_not_in_its_file_is_found() {
    let page =
        "a\n```rust\nlet a = 1;\n```\n\n```rust,ignore\n// src/a.rs\n  one\n// ..\n  two\n```\n";
    assert_eq!(quotes(page), [("src/a.rs", vec!["  one", "  two"])]);
    assert_eq!(missing(&["  one", "  two"], "  one\n\n  two\n"), None);
    assert_eq!(missing(&["  one", "  two"], "  two\n  one\n"), Some("  two"));
}
