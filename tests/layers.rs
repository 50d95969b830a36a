//! The rooms of `src` build on one another: a room uses only those above it in `src/lib.rs`. Within a room its `mod.rs`
//! comes first, then its files in the order in which that declares them. So there is no circle, and no import that
//! points up.
//!
//! The sources are read as tokens, so that paths inside of macros count too. Documentation may link anywhere, tests may
//! use anything, `pub use` only shows what is there, and what a macro's expansion names (`$crate`) is not used here.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A module's path, `["region", "header"]`.
type Module = Vec<String>;

/// All files of `src`, each with its module, in the order of their building on one another.
struct Sources {
    files: Vec<(Module, TokenStream)>,
}

impl Sources {
    fn read() -> Sources {
        let mut sources = Sources { files: Vec::new() };
        let src = source_folder();
        sources.add(&src, &src.join("lib.rs"), &[]);
        sources
    }

    /// Adds a file, and then the files that it declares.
    fn add(&mut self, folder: &Path, file: &Path, module: &[String]) {
        let text = fs::read_to_string(file).unwrap();
        let tokens: TokenStream = text.parse().unwrap();
        let names = declared(&tokens);
        self.files.push((module.to_vec(), tokens));
        for name in names {
            let child: Module = module.iter().cloned().chain([name.clone()]).collect();
            let (flat, nested) = (folder.join(format!("{name}.rs")), folder.join(&name));
            let room = nested.join("mod.rs");
            self.add(&nested, if room.exists() { &room } else { &flat }, &child);
        }
    }

    /// Each use that does not point to what comes before: a module, and what it uses.
    fn complaints(&self) -> Vec<String> {
        let numbered = self.files.iter().enumerate();
        let order: BTreeMap<&[String], usize> =
            numbered.clone().map(|(at, (module, _))| (module.as_slice(), at)).collect();
        let macros: BTreeMap<String, usize> = numbered
            .flat_map(|(at, (_, tokens))| macros(tokens).into_iter().map(move |name| (name, at)))
            .collect();
        let mut complaints = Vec::new();
        for (at, (module, tokens)) in self.files.iter().enumerate() {
            let mut reader = Reader { declared: declared(tokens), found: Vec::new() };
            // What `lib.rs` has in it is the crate's interface, and its order.
            if !module.is_empty() {
                reader.read(tokens.clone(), module);
            }
            reader.found.sort();
            reader.found.dedup();
            for path in reader.found {
                let used = match path.as_slice() {
                    [name] if macros.contains_key(name) => macros[name],
                    _ => (1..=path.len())
                        .rev()
                        .find_map(|len| order.get(&path[..len]).copied())
                        // A name of the crate's interface, which is made of all rooms.
                        .unwrap_or(usize::MAX),
                };
                if used > at {
                    complaints.push(format!("{} uses {}", module.join("::"), path.join("::")));
                }
            }
        }
        complaints
    }
}

/// The modules that a file declares (`mod name;`), in its order.
fn declared(tokens: &TokenStream) -> Vec<String> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut names: Vec<String> = Vec::new();
    for window in tokens.windows(3) {
        if let [TokenTree::Ident(word), TokenTree::Ident(name), end] = window {
            // `lib.rs` gives this one another name.
            let name = if name == "__private" { "private".to_string() } else { name.to_string() };
            // It may be declared twice, where a feature makes it public.
            if word == "mod" && is_punct(Some(end), ';') && !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// The macros that a file exports to the whole crate (`macro_rules! name`).
fn macros(tokens: &TokenStream) -> Vec<String> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let named = |window: &[TokenTree]| match window {
        [TokenTree::Ident(word), bang, TokenTree::Ident(name)]
            if word == "macro_rules" && is_punct(Some(bang), '!') =>
        {
            Some(name.to_string())
        }
        _ => None,
    };
    tokens.windows(3).filter_map(named).collect()
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

/// Whether `::` stands at `at`.
fn is_colons(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')
}

/// Collects the paths in a file that lead to modules of the crate.
struct Reader {
    /// The modules that the file declares itself.
    declared: Vec<String>,
    found: Vec<Module>,
}

impl Reader {
    fn read(&mut self, tokens: TokenStream, module: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at = self.read_one(&tokens, at, module);
        }
    }

    /// Reads what stands at `at`, and says where the next begins.
    fn read_one(&mut self, tokens: &[TokenTree], at: usize, module: &[String]) -> usize {
        let word = match &tokens[at] {
            TokenTree::Ident(word) => word.to_string(),
            TokenTree::Group(group) => {
                self.read(group.stream(), module);
                return at + 1;
            }
            _ => return at + 1,
        };
        let begins =
            at == 0 || !(is_punct(tokens.get(at - 1), ':') || is_punct(tokens.get(at - 1), '$'));
        match (word.as_str(), tokens.get(at + 1), tokens.get(at + 2)) {
            ("mod", Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) => {
                // What tests use may be anywhere.
                if name != "tests" && name != "models" {
                    let inner: Module = module.iter().cloned().chain([name.to_string()]).collect();
                    self.read(body.stream(), &inner);
                }
                at + 3
            }
            ("use", ..) if at > 0 && is_shown(&tokens[..at]) => {
                let end = tokens[at..].iter().position(|token| is_punct(Some(token), ';'));
                at + end.unwrap_or(0) + 1
            }
            ("crate", ..) if begins && is_colons(tokens, at + 1) => {
                self.follow(tokens, at + 1, Vec::new())
            }
            ("super", ..) if begins && is_colons(tokens, at + 1) => {
                let mut base = module[..module.len().saturating_sub(1)].to_vec();
                let mut at = at + 1;
                while matches!(tokens.get(at + 2), Some(TokenTree::Ident(word)) if word == "super")
                {
                    base.pop();
                    at += 3;
                }
                self.follow(tokens, at, base)
            }
            (name, ..)
                if begins
                    && is_colons(tokens, at + 1)
                    && self.declared.iter().any(|child| child == name) =>
            {
                let path = module.iter().cloned().chain([word]).collect();
                self.follow(tokens, at + 1, path)
            }
            _ => at + 1,
        }
    }

    /// Follows `:: name :: {..}` from `at`, and says where it ends.
    fn follow(&mut self, tokens: &[TokenTree], mut at: usize, mut path: Module) -> usize {
        while is_colons(tokens, at) {
            match tokens.get(at + 2) {
                Some(TokenTree::Ident(name)) => path.push(name.to_string()),
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    for item in inner.split(|token| is_punct(Some(token), ',')) {
                        let Some(TokenTree::Ident(name)) = item.first() else { continue };
                        let own = (name != "self").then(|| name.to_string());
                        self.follow(item, 1, path.iter().cloned().chain(own).collect());
                    }
                    return at + 3;
                }
                _ => break,
            }
            at += 3;
        }
        self.found.push(path);
        at
    }
}

/// Whether `pub` or `pub(..)` stands last.
fn is_shown(before: &[TokenTree]) -> bool {
    let is_pub = |token: &TokenTree| matches!(token, TokenTree::Ident(word) if word == "pub");
    match before {
        [.., word, TokenTree::Group(group)] if group.delimiter() == Delimiter::Parenthesis => {
            is_pub(word)
        }
        [.., word] => is_pub(word),
        [] => false,
    }
}

#[test]
#[cfg_attr(miri, ignore = "reads the sources")]
fn no_file_uses_one_below_it() {
    let sources = Sources::read();
    assert!(sources.files.len() > 40, "only {} files were found", sources.files.len());
    let complaints = sources.complaints();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// Made-up files, of which some use what comes after them.
#[test]
fn a_use_that_points_up_is_found() {
    let complaints = |files: &[(&str, &str)]| {
        let files = files.iter().map(|(module, text)| {
            let module = module.split("::").filter(|name| !name.is_empty());
            (module.map(String::from).collect(), text.parse().unwrap())
        });
        Sources { files: files.collect() }.complaints()
    };
    let first = "use crate::{second::Thing, first}; fn f() { $crate::second::g() }";
    let files = [("", "mod first; mod second;"), ("first", first), ("second", "use crate::first;")];
    assert_eq!(complaints(&files), ["first uses second::Thing"]);
    let inner = "mod inner { use super::super::second; } mod tests { use crate::second; }";
    let files = [("", "mod first; mod second;"), ("first", inner), ("second", "")];
    assert_eq!(complaints(&files), ["first uses second"]);
    let room = "mod file; pub use file::Shown; pub(crate) use file::g; fn f() { file::g() }";
    let files = [("", "mod room;"), ("room", room), ("room::file", "use super::f;")];
    assert_eq!(complaints(&files), ["room uses room::file::g"]);
    let files = [
        ("", "mod first; mod second;"),
        ("first", "fn f() { crate::m!() }"),
        ("second", "macro_rules! m {}"),
    ];
    assert_eq!(complaints(&files), ["first uses m"]);
    let files = [("", "mod first;"), ("first", "use crate::Zone;")];
    assert_eq!(complaints(&files), ["first uses Zone"]);
}

/// A file is short enough to be read at once. Documentation, tests beside the code and empty lines do not count.
#[test]
#[cfg_attr(miri, ignore = "reads the sources")]
fn no_file_is_long() {
    const MOST: usize = 500;
    let mut long = Vec::new();
    visit(&source_folder(), &mut |path, text| {
        let code = text.split("#[cfg(test)]").next().unwrap();
        let lines = code.lines().map(str::trim);
        let count = lines.filter(|line| !line.is_empty() && !line.starts_with("//")).count();
        if count > MOST {
            long.push(format!("{path}: {count} lines of code"));
        }
    });
    assert!(long.is_empty(), "\n{}\n", long.join("\n"));
}

#[test]
#[cfg_attr(miri, ignore = "reads the sources")]
fn each_file_begins_with_what_it_is_for() {
    let mut silent = Vec::new();
    visit(&source_folder(), &mut |path, text| {
        if !path.ends_with("lib.rs") && !text.starts_with("//! ") {
            silent.push(path.to_string());
        }
    });
    assert!(silent.is_empty(), "{silent:?}");
}

/// Whether a keyword stands anywhere in the tokens.
fn has_word(tokens: TokenStream, word: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => has_word(group.stream(), word),
        TokenTree::Ident(found) => found == word,
        _ => false,
    })
}

/// A `mod.rs` would forbid it to all files of its room.
#[test]
#[cfg_attr(miri, ignore = "reads the sources")]
fn a_file_without_unsafe_code_forbids_it() {
    let mut open = Vec::new();
    visit(&source_folder(), &mut |path, text| {
        let holds_others = path.ends_with("mod.rs") || path.ends_with("lib.rs");
        let forbids = text.contains("#![forbid(unsafe_code)]");
        if !holds_others && !forbids && !has_word(text.parse().unwrap(), "unsafe") {
            open.push(path.to_string());
        }
    });
    assert!(open.is_empty(), "{open:?}");
}

fn source_folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn visit(folder: &Path, each: &mut dyn FnMut(&str, &str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            visit(&path, each);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            each(&path.display().to_string(), &fs::read_to_string(&path).unwrap());
        }
    }
}
