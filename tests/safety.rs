//! `docs/safety.md` is what the sources say: each piece of unsafe code names the invariant it rests on
//! (`docs/design.md`), and each invariant is named in the sources, and has mutants (`tests/mutants`) that break it, whose
//! tests are there.
//!
//! `.ci/safety` writes it anew; `.ci/mutants` shows that the tests fail.

#[expect(unreachable_pub, reason = "`.ci/mutants` builds the file as a program")]
#[path = "mutants/patch.rs"]
mod patch;

use patch::Patch;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

const MADE: &str = "docs/safety.md";
const RUNS: &str = "docs/safety-runs.md";
const TEXTS: &str = "docs/design.md";
const MUTANTS: &str = "tests/mutants";

/// Unsafe code of these kinds does something; an `unsafe fn` only asks something of its callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Block,
    Impl,
    Extern,
    Function,
}

/// A piece of unsafe code.
#[derive(Debug)]
struct Site {
    kind: Kind,
    /// The functions and types around it, or what is implemented.
    place: String,
    line: usize,
}

/// Finds unsafe code in tokens, so also in macros, and not in comments and texts.
#[derive(Default)]
struct Finder {
    around: Vec<String>,
    sites: Vec<Site>,
}

fn is(token: Option<&TokenTree>, word: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if *ident == word)
}

fn braces(token: &TokenTree) -> Option<TokenStream> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group.stream()),
        _ => None,
    }
}

/// What an `impl` or a `trait` is called, of the tokens between that word and its braces.
fn name_of(header: &[TokenTree]) -> String {
    let mut depth = 0_i32;
    let mut words: Vec<String> = Vec::new();
    for (index, token) in header.iter().enumerate() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '<' => depth += 1,
            TokenTree::Punct(punct) if punct.as_char() == '>' => {
                let is_arrow = matches!(header.get(index.wrapping_sub(1)),
                    Some(TokenTree::Punct(before)) if before.as_char() == '-');
                depth -= i32::from(!is_arrow);
            }
            TokenTree::Ident(ident) if depth == 0 && *ident == "where" => break,
            TokenTree::Ident(ident) if depth == 0 => words.push(ident.to_string()),
            _ => {}
        }
    }
    match words.iter().position(|word| word == "for") {
        Some(at) if at > 0 => format!("{} for {}", words[at - 1], words[words.len() - 1]),
        _ => words.last().cloned().unwrap_or_default(),
    }
}

impl Finder {
    fn place(&self) -> String {
        let place = self.around.join("::");
        if place.is_empty() { "the file".into() } else { place }
    }

    fn found(&mut self, kind: Kind, place: String, token: &TokenTree) {
        self.sites.push(Site { kind, place, line: token.span().start().line });
    }

    fn inside(&mut self, name: String, tokens: TokenStream) {
        self.around.push(name);
        self.walk(tokens);
        self.around.pop();
    }

    fn walk(&mut self, tokens: TokenStream) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let next = tokens.get(at + 1);
            at += 1;
            if let TokenTree::Group(group) = token {
                self.walk(group.stream());
            } else if is(Some(token), "unsafe") {
                self.unsafe_word(token, &tokens[at..]);
            } else if is(Some(token), "mod") && is(next, "tests") {
                at += 2;
            } else if is(Some(token), "fn") && matches!(next, Some(TokenTree::Ident(_))) {
                let name = next.map(ToString::to_string).unwrap_or_default();
                at += self.item(name, &tokens[at..]);
            } else if is(Some(token), "impl") || is(Some(token), "trait") {
                let end = tokens[at..].iter().position(|token| braces(token).is_some());
                let name = name_of(&tokens[at..at + end.unwrap_or(0)]);
                at += self.item(name, &tokens[at..]);
            }
        }
    }

    /// Walks an item's body, if it has one, and says how many tokens it had.
    fn item(&mut self, name: String, tokens: &[TokenTree]) -> usize {
        for (index, token) in tokens.iter().enumerate() {
            if let Some(body) = braces(token) {
                self.inside(name, body);
                return index + 1;
            }
            if matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';') {
                return index;
            }
        }
        0
    }

    fn unsafe_word(&mut self, token: &TokenTree, rest: &[TokenTree]) {
        let next = rest.first();
        if next.is_some_and(|next| braces(next).is_some()) {
            self.found(Kind::Block, self.place(), token);
        } else if is(next, "impl") {
            let end = rest.iter().position(|token| braces(token).is_some()).unwrap_or(0);
            self.found(Kind::Impl, format!("impl {}", name_of(&rest[1..end])), token);
        } else if is(next, "extern") && rest.get(2).is_some_and(|body| braces(body).is_some()) {
            self.found(Kind::Extern, self.place(), token);
        } else if is(next, "fn") && is_name(rest.get(1)) {
            let name = rest[1].to_string();
            let place = self.around.iter().cloned().chain([name]).collect::<Vec<_>>().join("::");
            self.found(Kind::Function, place, token);
        }
        // Or the type of a pointer to an unsafe function, or an unsafe trait.
    }
}

fn is_name(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Ident(_)))
}

/// The comment that begins with `SAFETY:` and ends above a line.
fn safety_comment(lines: &[&str], line: usize) -> Option<String> {
    let mut above = line - 1;
    // A statement may begin some lines before its unsafe block.
    for _ in 0..4 {
        let text = lines.get(above.checked_sub(1)?)?.trim();
        if text.starts_with("//") || text.ends_with([';', '{', '}']) {
            break;
        }
        above -= 1;
    }
    let mut comment = Vec::new();
    while let Some(text) = above.checked_sub(1).and_then(|index| lines.get(index)) {
        let Some(text) = text.trim().strip_prefix("//") else { break };
        comment.insert(0, text.trim());
        if let Some(rest) = text.trim().strip_prefix("SAFETY:") {
            comment[0] = rest.trim();
            return Some(comment.join(" "));
        }
        above -= 1;
    }
    None
}

/// The invariants that a text names: `(I1)`, `(I1, I2)`.
fn cited(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in text.split('(').skip(1) {
        let Some((inside, _)) = part.split_once(')') else { continue };
        let numbers: Vec<_> = inside.split(", ").map(str::to_string).collect();
        if numbers.iter().all(|number| is_number(number)) {
            found.extend(numbers);
        }
    }
    found
}

/// Whether a text has an invariant's number as a word of its own.
fn names(text: &str, number: &str) -> bool {
    text.split(|letter: char| !letter.is_alphanumeric()).any(|word| word == number)
}

fn is_number(text: &str) -> bool {
    text.strip_prefix('I').is_some_and(|digits| digits.parse::<u32>().is_ok())
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => files.extend(sources(&path)),
            false => files.extend(path.extension().is_some_and(|it| it == "rs").then_some(path)),
        }
    }
    files.sort();
    files
}

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

struct Invariant {
    number: String,
    text: String,
    protects_from: String,
}

/// The rows of the table in `docs/design.md`.
fn invariants() -> Vec<Invariant> {
    let rows = read(TEXTS);
    let rows = rows.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        let number = cells.next().filter(|number| is_number(number))?.to_string();
        let mut cell = || cells.next().unwrap_or_default().to_string();
        Some(Invariant { number, text: cell(), protects_from: cell() })
    });
    rows.collect()
}

struct Mutant {
    name: String,
    invariant: String,
    breaks: String,
    fails: String,
    /// Why no test fails.
    survives: String,
    /// The files that it changes, or why it cannot be made.
    files: Result<BTreeSet<String>, String>,
}

fn mutants() -> Vec<Mutant> {
    let mut paths: Vec<_> = fs::read_dir(MUTANTS)
        .expect("the mutants")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "patch"))
        .collect();
    paths.sort();
    let tree = patch::read_tree().expect("the sources");
    let mutant = |path: &PathBuf| {
        let text = read(path);
        let field = |name: &str| {
            let lines = text.lines().take_while(|line| !line.starts_with("--- "));
            let value = lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).next();
            value.unwrap_or_default().to_string()
        };
        let changed = Patch::parse(&text).and_then(|patch| patch.apply(&mut tree.clone()));
        Mutant {
            name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            invariant: field("Invariant"),
            breaks: field("Breaks"),
            fails: field("Fails"),
            survives: field("Survives"),
            files: changed.map(|patch| patch.files().collect()),
        }
    };
    paths.iter().map(mutant).collect()
}

/// What is wrong with a mutant's `Fails`: a test binary and a part of a test's name. After `ui`: a program
/// that then compiles. After `loom`: a model. With `miri` before them Miri runs it.
fn complaint(mutant: &Mutant) -> Option<String> {
    if !mutant.survives.is_empty() {
        return None;
    }
    let fails = mutant.fails.strip_prefix("miri ").unwrap_or(&mutant.fails);
    let Some((binary, test)) = fails.split_once(' ') else {
        return Some("names no test in `Fails: BINARY TEST`".into());
    };
    let is_there = match binary {
        "ui" => Path::new(&format!("tests/ui/{test}.rs")).exists(),
        "lib" | "loom" => {
            // `closure::hot::mailbox::tests` is in a file `.../closure/hot/mailbox.rs`.
            let module = test.split("::tests").next().unwrap_or_default();
            let file = format!("{}.rs", module.replace("::", "/"));
            let mut files = sources(Path::new("src")).into_iter();
            files.any(|path| path.ends_with(&file) && read(&path).contains("mod tests"))
        }
        _ => {
            let path = format!("tests/{binary}.rs");
            Path::new(&path).exists() && read(&path).contains(&format!("fn {test}"))
        }
    };
    (!is_there).then(|| format!("there is no test {test} in {binary}"))
}

fn changes(mutant: &Mutant, file: &str) -> bool {
    mutant.files.as_ref().is_ok_and(|files| files.contains(file))
}

/// How often each place occurs, as text.
fn places(sites: &[(Kind, String)]) -> String {
    let mut counts = BTreeMap::<&str, usize>::new();
    for (_, place) in sites {
        *counts.entry(place).or_default() += 1;
    }
    let counts = counts.iter().map(|(place, count)| match count {
        1 => format!("`{place}`"),
        _ => format!("`{place}` ({count})"),
    });
    counts.collect::<Vec<_>>().join(", ")
}

/// The document, and what is wrong with what it is made of.
fn make() -> (String, Vec<String>) {
    let (invariants, mutants) = (invariants(), mutants());
    let known: BTreeSet<_> = invariants.iter().map(|it| it.number.as_str()).collect();
    let mut wrong = Vec::new();
    // By invariant and file.
    let mut by_invariant = BTreeMap::<String, BTreeMap<String, Vec<(Kind, String)>>>::new();
    let mut by_file = BTreeMap::<String, BTreeMap<Kind, usize>>::new();
    let mut not_named = known.clone();
    for path in sources(Path::new("src")).into_iter().chain(sources(Path::new("macros/src"))) {
        let file = path.display().to_string().replace('\\', "/");
        let text = read(&path);
        not_named.retain(|number| !names(&text, number));
        let lines: Vec<_> = text.lines().collect();
        let mut finder = Finder::default();
        finder.walk(text.parse().expect("Rust"));
        for Site { kind, place, line } in finder.sites {
            *by_file.entry(file.clone()).or_default().entry(kind).or_default() += 1;
            if kind == Kind::Function {
                continue;
            }
            let comment = safety_comment(&lines, line).unwrap_or_default();
            let numbers: BTreeSet<_> = cited(&comment).into_iter().collect();
            if !comment.starts_with("(I") || !numbers.iter().all(|it| known.contains(it.as_str())) {
                wrong.push(format!("{file}:{line}: no `// SAFETY: (I..)` with a known invariant"));
            }
            for number in numbers {
                let files = by_invariant.entry(number).or_default();
                files.entry(file.clone()).or_default().push((kind, place.clone()));
            }
        }
    }
    // Some are kept by code that is not unsafe. A comment names them there.
    wrong.extend(not_named.iter().map(|number| format!("no comment in src names {number}")));
    for mutant in &mutants {
        if !known.contains(mutant.invariant.as_str()) {
            wrong.push(format!("{MUTANTS}/{}: unknown invariant", mutant.name));
        }
        if let Err(why) = &mutant.files {
            wrong.push(format!("{MUTANTS}/{}: {why}", mutant.name));
        }
        wrong.extend(complaint(mutant).map(|it| format!("{MUTANTS}/{}: {it}", mutant.name)));
    }

    let mut out = read(RUNS);
    let _ = write!(
        out,
        "\n## Unsafe code, file by file\n\n\
         Blocks have one unsafe operation each (`clippy::multiple_unsafe_ops_per_block`). Files that are not here have none.\n\n\
         | File | Blocks | `unsafe impl` | `extern` | `unsafe fn` | Mutants |\n|---|---|---|---|---|---|\n"
    );
    let mut total = [0; 4];
    for (file, kinds) in &by_file {
        let kinds = [Kind::Block, Kind::Impl, Kind::Extern, Kind::Function]
            .map(|kind| kinds.get(&kind).copied().unwrap_or(0));
        total = [0, 1, 2, 3].map(|at| total[at] + kinds[at]);
        let [blocks, impls, externs, functions] = kinds;
        let own = mutants.iter().filter(|mutant| changes(mutant, file)).count();
        let _ =
            writeln!(out, "| `{file}` | {blocks} | {impls} | {externs} | {functions} | {own} |");
    }
    let [blocks, impls, externs, functions] = total;
    let _ =
        writeln!(out, "| all | {blocks} | {impls} | {externs} | {functions} | {} |", mutants.len());

    out += "\n## The invariants, the code that rests on them, and what fails without them\n";
    for Invariant { number, text, protects_from } in &invariants {
        let _ = write!(out, "\n### {number}\n\n{text} Protects from: {protects_from}.\n\n");
        for (file, sites) in by_invariant.get(number).into_iter().flatten() {
            let _ = writeln!(out, "* `{file}`: {}", places(sites));
        }
        if !by_invariant.contains_key(number) {
            out += "* No unsafe code cites it by itself: it is what others are built on.\n";
        }
        out += "\n| Mutant | What it does | What fails |\n|---|---|---|\n";
        let own: Vec<_> = mutants.iter().filter(|it| it.invariant == *number).collect();
        if own.is_empty() {
            wrong.push(format!("{number} has no mutant in {MUTANTS}"));
        }
        for Mutant { name, breaks, fails, survives, .. } in own {
            let fails = match survives.is_empty() {
                true => format!("`{}`", fails.replace(' ', "` `")),
                false => format!("nothing: {survives}"),
            };
            let _ = writeln!(out, "| `{name}` | {breaks} | {fails} |");
        }
    }
    (out, wrong)
}

#[test]
#[cfg_attr(miri, ignore = "reads the sources")]
fn unsafe_code_rests_on_invariants_that_are_tested() {
    let (made, wrong) = make();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    if std::env::var_os("MEMZONE_SAFETY").is_some_and(|value| value == "write") {
        fs::write(MADE, made).expect("the document can be written");
        return;
    }
    assert!(read(MADE) == made, "{MADE} is not up to date: run .ci/safety");
}

/// That the test above can fail.
#[test]
fn what_is_missing_is_seen() {
    let text = "\
impl<T: Fn() -> u8> Drop for Owner<T> {
    fn drop(&mut self) {
        // Before.
        // SAFETY: (I1, I2) one thing; (I3)
        // another one.
        let a =
            unsafe { b() };
        // No word of it.
        unsafe { c() };
        let f: unsafe fn(u8) = d; // unsafe { not_here() }
    }
}
// SAFETY: none.
unsafe impl<T> Send for Owner<T> where T: Send {}
mod tests { fn e() { unsafe { f() } } }
macro_rules! g { () => { unsafe { h() } } }
unsafe fn i() {}
";
    let lines: Vec<_> = text.lines().collect();
    let mut finder = Finder::default();
    finder.walk(text.parse().unwrap());
    let found: Vec<_> = finder.sites.iter().map(|it| (it.kind, &it.place[..], it.line)).collect();
    let drop = "Drop for Owner::drop";
    assert_eq!(
        found,
        [
            (Kind::Block, drop, 7),
            (Kind::Block, drop, 9),
            (Kind::Impl, "impl Send for Owner", 14),
            (Kind::Block, "the file", 16),
            (Kind::Function, "i", 17),
        ]
    );
    assert!(names("kept here (I2)", "I2") && !names("kept here (I20)", "I2"));
    let cites = |line| safety_comment(&lines, line).map(|comment| cited(&comment));
    let three = ["I1", "I2", "I3"].map(str::to_string).to_vec();
    assert_eq!(cites(7), Some(three));
    assert_eq!((cites(9), cites(14), cites(16)), (None, Some(Vec::new()), None));
}

/// What only debug builds look at, soundness may not rest on. Those that are left say more than is needed: the limit
/// of a zone is exact; each caller has its index from the slots themselves (`Pool::place` says how); what is pushed on
/// a ring that is full would be dropped.
#[test]
fn soundness_rests_on_no_check_of_debug_builds() {
    let mut found = BTreeSet::new();
    for source in sources(Path::new("src")) {
        let name = source.file_name().unwrap().to_string_lossy().into_owned();
        for line in
            read(&source).lines().filter(|line| line.trim_start().starts_with("debug_assert"))
        {
            let what = line.trim_start().split_once('(').map_or("", |(_, what)| what);
            found.insert(format!("{name}: {}", what.split([',', '(']).next().unwrap_or(what)));
        }
    }
    // In a real check's place: `assert!`. It costs nothing on a cold path.
    let expected = [
        "memory.rs: bump.allocated_bytes_including_metadata",
        "values.rs: ",
        "retirer.rs: pushed.is_ok",
    ];
    assert_eq!(found, BTreeSet::from(expected.map(String::from)));
}

/// A mutant's change is found by its text: in the file that it names, in another one, among other lines than before.
/// Where two places have the text, or none has it, that is said.
#[test]
fn a_mutant_follows_the_code_that_it_changes() {
    let text = "Breaks: it\n--- a/src/a.rs\n+++ b/src/a.rs\n@@ -7,3 +7,4 @@ impl A {\n fn f() {\n-    one();\n+    two();\n+        three();\n }\n";
    let patch = Patch::parse(text).expect("a patch");
    let made = |files: &[(&str, &str)]| {
        let lines = |text: &str| text.lines().map(str::to_string).collect();
        let mut tree: patch::Tree =
            files.iter().map(|(file, text)| (file.to_string(), lines(text))).collect();
        let now = patch.apply(&mut tree)?;
        let file = now.files().next().expect("a file");
        Ok::<_, String>((tree[&file].join("\n"), file))
    };
    let own = "fn e() {}\nfn f() {\n    one();\n}\n";
    let changed = "fn e() {}\nfn f() {\n    two();\n        three();\n}";
    assert_eq!(made(&[("src/a.rs", own)]), Ok((changed.into(), "src/a.rs".into())));
    // The same text elsewhere is not what is meant, as long as the file that is named has it.
    assert_eq!(made(&[("src/a.rs", own), ("src/b.rs", own)]).expect("a place").1, "src/a.rs");
    let inner = "mod b {\n    fn f() {\n        one();\n    }\n}";
    let inner_changed = "mod b {\n    fn f() {\n        two();\n            three();\n    }\n}";
    assert_eq!(
        made(&[("src/a.rs", "fn g() {}"), ("src/b/c.rs", inner)]),
        Ok((inner_changed.into(), "src/b/c.rs".into()))
    );
    for (around, now) in [
        ("fn g() {\n    one();\n}", "fn g() {\n    two();\n        three();\n}"),
        ("fn f() {\n    one();\n    1\n}", "fn f() {\n    two();\n        three();\n    1\n}"),
        ("fn g() {\n    one();\n    1\n}", "fn g() {\n    two();\n        three();\n    1\n}"),
    ] {
        assert_eq!(made(&[("src/b.rs", around)]), Ok((now.into(), "src/b.rs".into())));
    }
    let twice = made(&[("src/b.rs", own), ("src/c.rs", own)]).expect_err("two places");
    assert!(twice.contains("2 places have this text, such as src/b.rs:2, src/c.rs:2"), "{twice}");
    let gone = made(&[("src/a.rs", "fn f() {}")]).expect_err("no place");
    assert!(gone.contains("no file has this text (it was in src/a.rs)"), "{gone}");
    assert!(Patch::parse("Breaks: nothing\n").is_err());
}
