//! Links in the README and the guides lead somewhere: in the repository, where they name files, and in
//! the documentation, where `docs/links.md` names its pages.
//!
//! Three things are made of others. `.ci/readme` writes them anew:
//!
//! * The figures in the README are those of `docs/performance.md`, and of `docs/realtime.md` for other people's engines.
//! * `docs/picture.md` has the README's pictures in links, as the documentation has no files beside its pages.
//! * `docs/registry.md` is the README for the registry, whose pages have no files beside them either.

#![forbid(unsafe_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Those that are pages of the documentation, with its path for them.
const PAGES: [(&str, &str); 8] = [
    ("README.md", "crate"),
    ("docs/guide.md", "crate::guide"),
    ("docs/realtime.md", "crate::realtime"),
    ("docs/cookbook.md", "crate::cookbook"),
    ("docs/porting.md", "crate::porting"),
    ("docs/faq.md", "crate::faq"),
    ("docs/comparison.md", "crate::comparison"),
    ("docs/from-bumpalo.md", "crate::from_bumpalo"),
];

/// What the README must lead to in at most two clicks.
const WANTED: [&str; 10] = [
    "docs/guide.md#scratch-for-an-fft",
    "docs/guide.md#returning-a-buffer",
    "docs/guide.md#a-zone-a-frame",
    "docs/guide.md#a-hashmap-in-a-zone",
    "docs/guide.md#sending-a-built-structure-to-the-audio-thread",
    "docs/guide.md#redefining-a-closure",
    "docs/guide.md#finding-the-scope-that-grew",
    "docs/porting.md",
    "docs/realtime.md",
    "docs/safety.md",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A text without its code.
fn prose(text: &str) -> String {
    let mut is_code = false;
    let mut prose = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            prose += line;
            prose.push('\n');
        }
    }
    prose
}

/// `[name]: target` at the start of a line. The first one counts.
fn definitions(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for line in prose(text).lines() {
        let parts = line.strip_prefix('[').and_then(|line| line.split_once("]: "));
        if let Some((name, target)) = parts {
            found.entry(name.into()).or_insert_with(|| target.trim().into());
        }
    }
    found
}

/// Without what stands between backticks, but for those of a link's name.
fn without_code(text: &str) -> String {
    let mut kept = String::new();
    for (at, part) in text.split('`').enumerate() {
        let is_name = kept.ends_with('[');
        if at % 2 == 0 {
            kept += part;
        } else if is_name {
            kept += &format!("`{part}`");
        }
    }
    kept
}

/// The targets of `[text](target)`, and the names of `[text][name]` and `` [`name`] ``.
fn links(text: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut targets, mut names) = (BTreeSet::new(), BTreeSet::new());
    let is_definition = |line: &&str| line.starts_with('[') && line.contains("]: ");
    let lines: Vec<_> = text.lines().filter(|line| !is_definition(line)).collect();
    let text = without_code(&prose(&lines.join("\n")));
    for (at, _) in text.match_indices(']') {
        let start = text[..at].rfind('[').map_or(at, |start| start + 1);
        let (inside, rest) = (&text[start..at], &text[at + 1..]);
        if let Some((target, _)) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            targets.insert(target.into());
        } else if inside.starts_with('`') && !rest.starts_with('[') || text[..start].ends_with("][")
        {
            names.insert(inside.into());
        }
    }
    (targets, names)
}

/// A row of figures in the README: its name, the case in docs/performance.md, and there the rows, with what the README says
/// about each.
type Figures = (&'static str, &'static str, [(&'static str, &'static str); 4]);

const FIGURES: [Figures; 3] = [
    (
        "a scope with one allocation",
        "scope with one allocation",
        [
            ("memzone", ""),
            ("bump-scope, through the thread", " (through the thread)"),
            ("bumpalo, fresh", " (fresh)"),
            ("malloc", ""),
        ],
    ),
    (
        "a slice of 64 `f32`, filled",
        "slice of 64 f32",
        [("memzone", ""), ("bump-scope", ""), ("bumpalo", ""), ("malloc", "")],
    ),
    (
        "5,120 samples, of which a scope returns 1,024",
        "scope that returns 1024 of 5120 samples",
        [
            ("memzone", ""),
            ("bump-scope, copied by hand", ""),
            ("bumpalo reset, copied by hand", ""),
            ("malloc, moved", ""),
        ],
    ),
];

/// Rows of the README whose figures are those of docs/realtime.md.
const ENGINES: [&str; 3] = ["glicol", "rodio", "web-audio-api"];

/// A row of the README: the violations of an engine with the system's allocator, and those with `RtAlloc`.
fn engine(name: &str, realtime: &str) -> String {
    let violations = |memory: &str| {
        let row = realtime.lines().find_map(|l| l.strip_prefix(&format!("| {name} | {memory} | ")));
        let row = row.unwrap_or_else(|| panic!("docs/realtime.md has no {name} with {memory}"));
        row.split(' ').next().unwrap()
    };
    format!("| {name} | {} | {} |", violations("system"), violations("`RtAlloc`"))
}

/// The README with the figures of docs/performance.md and docs/realtime.md.
fn with_figures(readme: &str, performance: &str, realtime: &str) -> String {
    let time = |case: &str, name: &str| {
        let lines = performance.lines().skip_while(|line| *line != format!("### {case}"));
        let mut rows = lines.skip(1).take_while(|line| !line.starts_with('#'));
        let row = rows.find(|line| line.starts_with(&format!("| {name} |")));
        let row = row.unwrap_or_else(|| panic!("docs/performance.md has no {name} in {case}"));
        row.split('|').nth(4).unwrap().trim().to_string()
    };
    let mut text = String::new();
    for line in readme.lines() {
        let is_row = |name: &str| line.starts_with(&format!("| {name} |"));
        match FIGURES.iter().find(|of| is_row(of.0)) {
            None => match ENGINES.into_iter().find(|name| is_row(name)) {
                None => text += line,
                Some(name) => text += &engine(name, realtime),
            },
            Some((name, case, rows)) => {
                text += &format!("| {name} |");
                for (row, remark) in rows {
                    text += &format!(" {}{remark} |", time(case, row));
                }
            }
        }
        text.push('\n');
    }
    text
}

/// A picture in a link. In the text of an SVG, each byte that could mean something in a link is written as its number. A
/// PNG is written in base 64.
fn in_a_link(file: &str, picture: &[u8]) -> String {
    if file.ends_with(".png") {
        return format!("data:image/png;base64,{}", in_base_64(picture));
    }
    let byte = |byte: &u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(*byte).into(),
        _ => format!("%{byte:02X}"),
    };
    format!("data:image/svg+xml,{}", picture.iter().map(byte).collect::<String>())
}

fn in_base_64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = (0..3).fold(0, |sum, n| sum << 8 | u32::from(*three.get(n).unwrap_or(&0)));
        for n in 0..4 {
            let digit = DIGITS[(number >> (18 - 6 * n)) as usize & 63];
            text.push(if n > three.len() { '=' } else { char::from(digit) });
        }
    }
    text
}

/// The pictures among a text's definitions, each with its file.
fn pictures(text: &str) -> Vec<(String, String)> {
    let is_picture = |(_, target): &(String, String)| {
        !target.contains(':') && (target.ends_with(".svg") || target.ends_with(".png"))
    };
    definitions(text).into_iter().filter(is_picture).collect()
}

fn read_bytes(path: &str) -> Vec<u8> {
    fs::read(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Where a file of the repository, or a heading in it, is on docs.rs.
fn on_docs_rs(target: &str) -> String {
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let page = PAGES.iter().find(|(page, _)| *page == file);
    let Some((_, path)) = page else {
        return format!("https://docs.rs/crate/memzone/latest/source/{target}");
    };
    let (path, mark) = (path.replace("::", "/"), if anchor.is_empty() { "" } else { "#" });
    let path = path.replacen("crate", "memzone", 1);
    format!("https://docs.rs/memzone/latest/{path}/index.html{mark}{anchor}")
}

/// The README with each link to a file of the repository turned into one to docs.rs.
fn for_the_registry(readme: &str) -> String {
    let mut text = String::new();
    for line in readme.lines() {
        match line.strip_prefix('[').and_then(|line| line.split_once("]: ")) {
            Some((name, target)) if !target.starts_with("https://") => {
                text += &format!("[{name}]: {}", on_docs_rs(target));
            }
            _ => text += line,
        }
        text.push('\n');
    }
    text
}

/// The anchors of a text's headings, as GitHub and rustdoc make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let is_kept = |c: &char| c.is_alphanumeric() || ['-', '_', ' '].contains(c);
    let anchor = |heading: &str| {
        let kept: String = heading.trim().chars().filter(is_kept).collect();
        kept.to_lowercase().replace(' ', "-")
    };
    let text = prose(text);
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#'))).collect()
}

/// What is wrong with a link to a file, from a file in that folder.
fn complaint(folder: &Path, target: &str, own: &str) -> Option<String> {
    if target.starts_with("https://") {
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let text = if file.is_empty() {
        own.to_string()
    } else {
        let path = root().join(folder).join(file);
        if !path.exists() {
            return Some(format!("{target}: no such file"));
        }
        if anchor.is_empty() { String::new() } else { fs::read_to_string(path).unwrap() }
    };
    let is_there = anchor.is_empty() || anchors(&text).contains(anchor);
    (!is_there).then(|| format!("{target}: no such heading"))
}

/// The page and heading in the documentation that a path in `docs/links.md` means, as a file.
fn as_file(target: &str) -> Option<String> {
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let (page, _) = PAGES.iter().find(|(_, of)| *of == path)?;
    Some(if anchor.is_empty() { page.to_string() } else { format!("{page}#{anchor}") })
}

#[test]
#[cfg_attr(miri, ignore = "reads files, which is slow there and without unsafe code")]
fn links_lead_somewhere() {
    let documentation = definitions(&(read("docs/picture.md") + &read("docs/links.md")));
    let mut complaints = Vec::new();
    let others = ["CONTRIBUTING.md", "SECURITY.md", "docs/design.md", "docs/performance.md"];
    for page in PAGES.iter().map(|(page, _)| *page).chain(others) {
        let text = read(page);
        let folder = Path::new(page).parent().unwrap();
        let own = definitions(&text);
        let (targets, names) = links(&text);
        let mut complain = |what: String| complaints.push(format!("{page}: {what}"));
        for target in targets.iter().chain(own.values()) {
            complaint(folder, target, &text).into_iter().for_each(&mut complain);
        }
        for name in names.iter().filter(|name| !own.contains_key(*name)) {
            complain(format!("{name} is not defined, so it is no link in the repository"));
        }
        if !PAGES.iter().any(|(of, _)| *of == page) {
            continue;
        }
        for target in targets.iter().filter(|target| !target.starts_with(['#', 'h'])) {
            complain(format!("{target}: write `[text][name]`, and the name in docs/links.md"));
        }
        for (name, target) in own.iter().filter(|(_, target)| !target.starts_with("https://")) {
            // From the root, as links.md has it.
            let target = folder.join(target).to_string_lossy().into_owned();
            match documentation.get(name).map(|there| (as_file(there), there)) {
                None => {
                    complain(format!("{name} is not in docs/links.md, so it leads nowhere there"))
                }
                Some((Some(there), _)) if there == target => {}
                Some((None, there)) if there.ends_with(&format!("/source/{target}")) => {}
                Some((None, there)) if *there == in_a_link(&target, &read_bytes(&target)) => {}
                Some((_, there)) => {
                    complain(format!("{name}: {target} here, {there} in docs/links.md"))
                }
            }
        }
    }
    for target in documentation.values().filter_map(|target| as_file(target)) {
        complaints.extend(complaint(Path::new(""), &target, ""));
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
#[cfg_attr(miri, ignore = "reads files, which is slow there and without unsafe code")]
fn what_users_look_for_is_in_the_readme() {
    let text = read("README.md");
    let (definitions, (_, names)) = (definitions(&text), links(&text));
    let reached: BTreeSet<&str> =
        names.iter().filter_map(|name| Some(&**definitions.get(name)?)).collect();
    for wanted in WANTED {
        assert!(reached.contains(wanted), "{wanted} is not among {reached:?}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "reads files, which is slow there and without unsafe code")]
fn what_is_made_of_the_readme_and_the_picture_is_up_to_date() {
    let line = |(name, file): &(String, String)| {
        format!("[{name}]: {}\n", in_a_link(file, &read_bytes(file)))
    };
    let picture: String = pictures(&read("README.md")).iter().map(line).collect();
    let readme =
        with_figures(&read("README.md"), &read("docs/performance.md"), &read("docs/realtime.md"));
    let made = [
        ("docs/registry.md", for_the_registry(&readme)),
        ("README.md", readme),
        ("docs/picture.md", picture),
    ];
    for (path, text) in made {
        if std::env::var_os("MEMZONE_README").is_some_and(|value| value == "write") {
            fs::write(root().join(path), &text).unwrap();
        }
        let is_same = fs::read_to_string(root().join(path)).is_ok_and(|there| there == text);
        assert!(is_same, "{path} is not up to date: .ci/readme");
    }
}

#[test]
#[cfg_attr(miri, ignore = "reads files, which is slow there and without unsafe code")]
fn the_readme_is_short_and_has_all_figures() {
    let text = read("README.md");
    assert!(text.lines().count() <= 250, "README.md has {} lines", text.lines().count());
    let code = text.split("```").skip(1).step_by(2);
    for line in code.flat_map(str::lines) {
        assert!(line.chars().count() <= 80, "a line of code with more than 80 columns: {line}");
    }
    for name in FIGURES.map(|of| of.0).into_iter().chain(ENGINES) {
        assert!(text.contains(&format!("\n| {name} | ")), "README.md has no row {name:?}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "without unsafe code")]
fn figures_are_taken_from_the_measurements() {
    let row = |name: &str| format!("| {name} | 8 | 10 | 1.{} | 1.00 |\n", name.len());
    let case = |of: &Figures| {
        format!("### {}\n\n", of.1) + &of.2.map(|(name, _)| row(name)).concat() + "### other\n"
    };
    let performance = FIGURES.iter().map(case).collect::<String>();
    let realtime = "| rodio | system | 1,234 (5) | 6 |\n| rodio | `RtAlloc` | 0 (0) | 7 |\n";
    let readme =
        "| a | 1 |\n| a slice of 64 `f32`, filled | 9 | 9 | 9 | 9 |\n| rodio | 9 | 9 |\nb\n";
    let wanted = "| a | 1 |\n| a slice of 64 `f32`, filled | 1.7 | 1.10 | 1.7 | 1.6 |\n\
                  | rodio | 1,234 | 0 |\nb\n";
    assert_eq!(with_figures(readme, &performance, realtime), wanted);
}

#[test]
#[cfg_attr(miri, ignore = "without unsafe code")]
fn links_of_the_registry_lead_to_docs_rs() {
    for (here, there) in [
        ("docs/guide.md#sizes", "https://docs.rs/memzone/latest/memzone/guide/index.html#sizes"),
        ("docs/c.md", "https://docs.rs/crate/memzone/latest/source/docs/c.md"),
        ("https://a.b", "https://a.b"),
    ] {
        let definition = |target: &str| format!("[a][b]\n[b]: {target}\n");
        assert_eq!(for_the_registry(&definition(here)), definition(there));
    }
    assert_eq!(in_a_link("a.svg", b"<a b=\"1\">"), "data:image/svg+xml,%3Ca%20b%3D%221%22%3E");
    assert_eq!(in_a_link("a.png", b"Man"), "data:image/png;base64,TWFu");
    assert_eq!((in_base_64(b"Ma"), in_base_64(b"M")), ("TWE=".into(), "TQ==".into()));
    let text = "[a]: b.png\n[c]: d.md\n[e]: https://f/g.svg\n";
    assert_eq!(pictures(text), [("a".into(), "b.png".into())]);
}

#[test]
#[cfg_attr(miri, ignore = "without unsafe code")]
fn links_are_found() {
    let text = "# A `b`, c!\n[one](x.md#y) and [two][2], [`Three`], [`four`](4), `[no]`, `a[5]`\n[2]: z.md\n\
        ```rust\nlet a = [`no`];\n# no\n```\n";
    let set = |all: &[&str]| all.iter().map(|one| one.to_string()).collect::<BTreeSet<_>>();
    assert_eq!(links(text), (set(&["x.md#y", "4"]), set(&["2", "`Three`"])));
    assert_eq!(definitions(text), [("2".to_string(), "z.md".to_string())].into());
    assert_eq!(anchors(text), set(&["a-b-c"]));
    let here = Path::new("");
    assert_eq!(complaint(here, "#a-b-c", text), None);
    assert_eq!(complaint(here, "#a", text), Some("#a: no such heading".into()));
    assert_eq!(complaint(here, "none.md", text), Some("none.md: no such file".into()));
    assert_eq!(complaint(here, "README.md#memzone", text), None);
    assert_eq!(
        complaint(Path::new("docs"), "README.md", text),
        Some("README.md: no such file".into())
    );
}
