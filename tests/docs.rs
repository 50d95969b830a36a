//! Each public function says in its documentation whether it may be called on a real-time thread.
//!
//! Looked for are all functions marked `pub` (CI denies `unreachable_pub`, so those are the public
//! ones), the methods of public traits, exported macros, and what the macro crate gives. Not trait
//! implementations, which are as their trait says, and nothing that is hidden or for tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ImplItem, Item, Lit, Meta, TraitItem, Type, Visibility};

/// What a section may begin with: yes, no, or when.
const ANSWERS: [&str; 6] = ["Yes", "No", "As", "When", "Where", "Within"];

/// The functions found in a tree of modules, and those that do not answer.
#[derive(Default)]
struct Found {
    names: Vec<String>,
    silent: Vec<String>,
    files: BTreeSet<PathBuf>,
}

/// The text of an item's documentation, a line for each of its lines.
fn documentation(attributes: &[Attribute]) -> String {
    let mut text = String::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("doc")) {
        let Meta::NameValue(pair) = &attribute.meta else { continue };
        let Expr::Lit(literal) = &pair.value else { continue };
        let Lit::Str(line) = &literal.lit else { continue };
        text += &line.value();
        text.push('\n');
    }
    text
}

/// What is wrong with the section, if anything is.
fn complaint(documentation: &str) -> Option<String> {
    let mut lines = documentation.lines().map(str::trim);
    if !lines.any(|line| line == "# Real-time") {
        return Some("has no section `# Real-time`".into());
    }
    let answer = lines.find(|line| !line.is_empty()).unwrap_or_default();
    let word = answer.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    let answers = ANSWERS.contains(&word);
    (!answers).then(|| format!("says neither yes nor no nor when, but {answer:?}"))
}

/// Whether rustdoc does not show it, or only tests have it.
fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("doc") => has_word(&list.tokens, "hidden"),
        Meta::List(list) if list.path.is_ident("cfg") => has_word(&list.tokens, "test"),
        Meta::Path(path) => path.is_ident("test"),
        _ => false,
    })
}

fn has_word(tokens: &impl ToString, word: &str) -> bool {
    tokens.to_string().split(|c: char| !c.is_alphanumeric()).any(|found| found == word)
}

fn has(attributes: &[Attribute], name: &str) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident(name))
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// Finds what macros expand to, into which this cannot look.
struct InMacros(bool);

impl Visit<'_> for InMacros {
    fn visit_macro(&mut self, call: &syn::Macro) {
        let text = call.tokens.to_string();
        let words: Vec<_> = text.split_whitespace().collect();
        self.0 |= words.windows(2).any(|pair| pair == ["pub", "fn"]);
        visit::visit_macro(self, call);
    }
}

impl Found {
    fn check(&mut self, name: String, attributes: &[Attribute]) {
        if let Some(complaint) = complaint(&documentation(attributes)) {
            self.silent.push(format!("{name} {complaint}"));
        }
        self.names.push(name);
    }

    fn functions_of(&mut self, items: &[Item], path: &str, directory: &Path) {
        for item in items {
            match item {
                Item::Fn(item) if is_public(&item.vis) && !is_hidden(&item.attrs) => {
                    self.check(format!("{path}{}", item.sig.ident), &item.attrs);
                }
                Item::Impl(item) if item.trait_.is_none() && !is_hidden(&item.attrs) => {
                    let name = match &*item.self_ty {
                        Type::Path(of) => of.path.segments.last().unwrap().ident.to_string(),
                        _ => "?".into(),
                    };
                    for method in &item.items {
                        let ImplItem::Fn(method) = method else { continue };
                        if is_public(&method.vis) && !is_hidden(&method.attrs) {
                            let method_name = &method.sig.ident;
                            self.check(format!("{path}{name}::{method_name}"), &method.attrs);
                        }
                    }
                }
                Item::Trait(item) if is_public(&item.vis) && !is_hidden(&item.attrs) => {
                    for method in &item.items {
                        let TraitItem::Fn(method) = method else { continue };
                        if !is_hidden(&method.attrs) {
                            let name = format!("{path}{}::{}", item.ident, method.sig.ident);
                            self.check(name, &method.attrs);
                        }
                    }
                }
                Item::Macro(item)
                    if has(&item.attrs, "macro_export") && !is_hidden(&item.attrs) =>
                {
                    self.check(format!("{path}{}!", item.ident.as_ref().unwrap()), &item.attrs);
                }
                Item::Mod(item) => self.module(item, path, directory),
                _ => {}
            }
            let mut in_macros = InMacros(false);
            if !matches!(item, Item::Mod(_)) {
                in_macros.visit_item(item);
            }
            if in_macros.0 {
                self.silent.push(format!("{path} has a macro with a `pub fn` in it"));
            }
        }
    }

    fn module(&mut self, module: &syn::ItemMod, path: &str, directory: &Path) {
        let name = module.ident.to_string();
        let path = format!("{path}{name}::");
        let inside = directory.join(&name);
        let mut hidden = Found::default();
        let found = if is_hidden(&module.attrs) { &mut hidden } else { &mut *self };
        if let Some((_, items)) = &module.content {
            found.functions_of(items, &path, &inside);
        } else {
            let given = module.attrs.iter().find(|attribute| attribute.path().is_ident("path"));
            let file = match given.map(|attribute| &attribute.meta) {
                Some(Meta::NameValue(pair)) => match &pair.value {
                    Expr::Lit(syn::ExprLit { lit: Lit::Str(file), .. }) => {
                        directory.join(file.value())
                    }
                    _ => panic!("a path that is no text: {path}"),
                },
                _ => [directory.join(format!("{name}.rs")), inside.join("mod.rs")]
                    .into_iter()
                    .find(|file| file.exists())
                    .unwrap_or_else(|| panic!("no file for {path}")),
            };
            // Declared twice, once for each state of a feature.
            if found.files.contains(&file) {
                return;
            }
            let text = fs::read_to_string(&file).unwrap();
            found.functions_of(&syn::parse_file(&text).unwrap().items, &path, &inside);
            found.files.insert(file);
        }
        self.files.append(&mut hidden.files);
    }

    /// A crate's functions, from its `lib.rs`.
    fn of_crate(directory: &Path) -> Found {
        let root = directory.join("lib.rs");
        let mut found = Found::default();
        let items = syn::parse_file(&fs::read_to_string(&root).unwrap()).unwrap().items;
        found.functions_of(&items, "", directory);
        found.files.insert(root);
        found
    }

    fn of_text(text: &str) -> Found {
        let mut found = Found::default();
        found.functions_of(&syn::parse_file(text).unwrap().items, "", Path::new("nowhere"));
        found
    }
}

/// All files with source text in a folder.
fn files_in(directory: &Path, into: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_in(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.insert(path);
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "reads files, which is slow there and without unsafe code")]
fn every_public_function_says_whether_it_is_for_real_time() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The published package has no folder `macros`.
    let crates = [root.join("src"), root.join("macros/src")];
    for sources in crates.iter().filter(|sources| sources.exists()) {
        let found = Found::of_crate(sources);
        let mut all = BTreeSet::new();
        files_in(sources, &mut all);
        assert_eq!(found.files, all, "not all files of {sources:?} were looked at");
        assert!(
            found.silent.is_empty(),
            "{} of {} functions in {sources:?}:\n{}\n",
            found.silent.len(),
            found.names.len(),
            found.silent.join("\n"),
        );
    }
}

#[test]
#[cfg_attr(miri, ignore = "without unsafe code")]
fn the_functions_are_found() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = Found::of_crate(&root.join("src")).names;
    for name in [
        "zone::Zone::new",
        "zone::ZoneBuilder::fixed",
        "alloc::Zone::alloc",
        "stack::push_zone",
        "deep_copy::DeepCopy::move_out",
        "heap::Heap::take",
        "heap::rt::RtHeap::new",
        "pool::Pool::insert",
        "reclaim::Retirer::retire",
        "ledger::on::report",
    ] {
        assert!(names.iter().any(|found| found == name), "{name} is not among {names:?}");
    }
}

#[test]
fn what_does_not_answer_is_told() {
    const GOOD: &str = "/// Makes one.\n///\n/// # Real-time\n///\n/// No: it allocates.\n";
    for (text, names, silent) in [
        ("pub fn f() {}", "f", "f has no section `# Real-time`"),
        ("/// # Errors\n///\n/// No.\npub fn f() {}", "f", "f has no section `# Real-time`"),
        (&format!("{GOOD}pub fn f() {{}}"), "f", ""),
        ("/// # Real-time\n///\n/// Within.\npub fn f() {}", "f", ""),
        (
            "/// # Real-time\n///\n/// Nobody knows.\npub fn f() {}",
            "f",
            "f says neither yes nor no nor when, but \"Nobody knows.\"",
        ),
        ("/// # Real-time\npub fn f() {}", "f", "f says neither yes nor no nor when, but \"\""),
        ("fn f() {} pub(crate) fn g() {}", "", ""),
        ("#[doc(hidden)] pub fn f() {}", "", ""),
        ("#[cfg(all(test, loom))] mod m { pub fn f() {} }", "", ""),
        ("#[doc(hidden)] pub mod m { pub fn f() {} }", "", ""),
        ("pub mod m { pub fn f() {} }", "m::f", "m::f has no section `# Real-time`"),
        (
            "impl<T> S<T> { pub const unsafe fn f() {} fn g() {} }",
            "S::f",
            "S::f has no section `# Real-time`",
        ),
        ("impl Clone for S { fn clone(&self) -> S { S } }", "", ""),
        (
            "pub trait T { fn f(); #[doc(hidden)] fn g() {} } trait U { fn h(); }",
            "T::f",
            "T::f has no section `# Real-time`",
        ),
        (
            "#[macro_export] macro_rules! m { () => {} } macro_rules! n { () => {} }",
            "m!",
            "m! has no section `# Real-time`",
        ),
        ("methods! { pub fn f() {} }", "", " has a macro with a `pub fn` in it"),
        ("macro_rules! m { () => { pub fn f() {} } }", "", " has a macro with a `pub fn` in it"),
    ] {
        let found = Found::of_text(text);
        assert_eq!(
            (found.names.join(" "), found.silent.join(" ")),
            (names.into(), silent.into()),
            "{text}"
        );
    }
}
