//! What the compiler says to the mistakes that users make first: each text in `tests/ui` begins at a token of theirs, says what
//! to write, and is short enough to be read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The most lines of a text, of all its errors together.
const MOST: usize = 20;

/// Programs of `tests/ui`; the token that the first error points at; what the text says.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("leave/slice", "z.alloc_slice", "name the zone that it is to be copied to"),
    ("leave/collection", "{", "name the zone that it is to be copied to"),
    ("leave/outside", "{ \"kick\" }", "leaves as a `Keep`"),
    ("leave/number", "&*sum", "return what owns its memory"),
    ("leave/binding_as_number", "sum", "return what owns its memory"),
    ("leave/no_derive", "z =>", "`z` does not live long enough"),
    ("leave/no_derive_copy", "z =>", "`scope_that_ends_here` because it is borrowed"),
    ("leave/holder", "z =>", "`scope_that_ends_here` because it is borrowed"),
    ("letz/return", "a", "name the zone that it is to be copied to"),
    ("letz/semicolon_body", ";", "`letz!(a = .. => ..)`"),
    ("letz/semicolons", ";", "`,` between bindings"),
    ("letz/no_arrow", "{", "expected `=>` before the body"),
    ("letz/in_last", "in", "`letz!(z in outer; a = .. => ..)`"),
    ("letz/size_no_comma", "a =", "expected `,` after the size"),
    ("letz/name_no_mark", "a =", "`;` if `n` is to name the zone, `,` if it is the size"),
    ("letz/let_keyword", "let", "`letz!(a = .. => ..)`"),
    ("letz/zone_comma", ",", "`;` if `z` is to name the zone"),
    ("letz/zone_comma_first", "z,", "`letz!(z; ..)`"),
    ("letz/number_for_slice", "f32", "write `a: [f32] = ..`"),
    ("beginz/name_comma", "z,", "`beginz!(z => ..)`"),
    ("beginz/name_thin_arrow", "->", "expected `=>` after the zone's name"),
    ("beginz/outer_no_zone", "4096", "as_outer_zone"),
    ("scope/outer_variable", "z =>", "`scope_that_ends_here` because it is borrowed"),
    ("scope/in_temporary", "peek_zone()", "using a `let` binding"),
    ("send/scoped_closure", "|| {", "zones belong to one thread: send a `Parcel` or a `SendZone`"),
    ("send/zbox", "move ||", "zones belong to one thread: send a `Parcel` or a `SendZone`"),
];

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn the_first_mistakes_get_short_texts_that_point_at_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    for (program, token, says) in MISTAKES {
        let read = |kind: &str| fs::read_to_string(folder.join(format!("{program}.{kind}")));
        let (source, text) = (read("rs").unwrap(), read("stderr").unwrap());
        let lines = text.lines().filter(|line| !line.trim().is_empty()).count();
        assert!(lines <= MOST, "{program}: {lines} lines");
        assert!(text.contains(says), "{program} does not say: {says}\n{text}");
        let place =
            text.lines().find_map(|line| line.trim().strip_prefix("--> tests/ui/")).unwrap();
        let mut numbers = place.rsplitn(3, ':').map(|number| number.parse::<usize>().ok());
        let (column, line) = (numbers.next().flatten().unwrap(), numbers.next().flatten().unwrap());
        let there: String =
            source.lines().nth(line - 1).unwrap().chars().skip(column - 1).collect();
        assert!(there.starts_with(token), "{program} points at `{there}`");
    }
}

/// The first lines of all errors in `tests/ui`, each with the number of programs that lead to it.
fn first_lines(folder: &Path, found: &mut BTreeMap<String, usize>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            first_lines(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "stderr") {
            let text = fs::read_to_string(path).unwrap();
            let lines: BTreeSet<_> =
                text.lines().filter(|line| line.starts_with("error")).collect();
            lines.iter().for_each(|line| *found.entry(line.to_string()).or_default() += 1);
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn the_questions_quote_what_the_compiler_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut said = BTreeMap::new();
    first_lines(&root.join("tests/ui"), &mut said);
    // Without what keeps rustdoc from taking `[E0277]` for a link.
    let faq = fs::read_to_string(root.join("docs/faq.md"))
        .unwrap()
        .replace("\\[", "[")
        .replace("\\]", "]");
    let quoted: Vec<_> = faq.lines().filter_map(|line| line.strip_prefix("### error")).collect();
    assert!(quoted.len() >= 20, "{} messages", quoted.len());
    for line in quoted {
        let line = format!("error{line}");
        assert!(said.contains_key(&line), "no program of tests/ui leads to this message: {line}");
    }
    // What many programs of `tests/ui` lead to is what users meet. Mismatched types have too many causes.
    for (line, programs) in said {
        let is_met = programs >= 9 && !line.contains("mismatched types");
        assert!(!is_met || faq.contains(&line), "docs/faq.md does not have: {line}");
    }
}
