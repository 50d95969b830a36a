//! Each public function says in its documentation whether it may be called on a real-time thread, and
//! each public item is shown in an example that runs.
//!
//! Of functions, looked for are all functions marked `pub` (CI denies `unreachable_pub`, so those are the public
//! ones), the methods of public traits, exported macros, and what the macro crate gives. Not trait
//! implementations, which are as their trait says, and nothing that is hidden or for tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ImplItem, Item, Lit, Meta, TraitItem, Type, Visibility};

/// What a section may begin with: yes, no, or when.
const ANSWERS: [&str; 6] = ["Yes", "No", "As", "When", "Where", "Within"];

/// The functions found in a tree of modules, those that do not answer, and all that has documentation.
#[derive(Default)]
struct Found {
    names: Vec<String>,
    silent: Vec<String>,
    files: BTreeSet<PathBuf>,
    texts: Vec<Text>,
}

/// An item's documentation.
struct Text {
    /// Where it is in the sources: `zone::Zone::new`, `error::zformat!`. Of a module: `stats::`.
    path: String,
    documentation: String,
}

/// The text of an item's documentation, a line for each of its lines.
fn documentation(attributes: &[Attribute]) -> String {
    let mut text = String::new();
    for attribute in attributes {
        // A block that is run where a feature is on, and ignored where not.
        text += if is_fence(attribute) { "```\n" } else { "" };
        if !attribute.path().is_ident("doc") {
            continue;
        }
        let Meta::NameValue(pair) = &attribute.meta else { continue };
        let Expr::Lit(literal) = &pair.value else { continue };
        let Lit::Str(line) = &literal.lit else { continue };
        text += &line.value();
        text.push('\n');
    }
    text
}

/// Whether it is ``cfg_attr(feature = "..", doc = "```")``.
fn is_fence(attribute: &Attribute) -> bool {
    let Meta::List(list) = &attribute.meta else { return false };
    list.path.is_ident("cfg_attr") && list.tokens.to_string().ends_with("doc = \"```\"")
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
        // `any(test, ..)` is there without tests too.
        Meta::List(list) if list.path.is_ident("cfg") => {
            has_word(&list.tokens, "test") && !has_word(&list.tokens, "any")
        }
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

/// The name of a type or trait that is marked `pub`.
fn public_type(item: &Item) -> Option<(&syn::Ident, &[Attribute])> {
    let (visibility, name, attributes) = match item {
        Item::Struct(item) => (&item.vis, &item.ident, &item.attrs),
        Item::Enum(item) => (&item.vis, &item.ident, &item.attrs),
        Item::Trait(item) => (&item.vis, &item.ident, &item.attrs),
        Item::Type(item) => (&item.vis, &item.ident, &item.attrs),
        _ => return None,
    };
    (is_public(visibility) && !is_hidden(attributes)).then_some((name, attributes))
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
    fn note(&mut self, path: &str, attributes: &[Attribute]) {
        let documentation = documentation(attributes);
        self.texts.push(Text { path: path.into(), documentation });
    }

    fn check(&mut self, name: String, attributes: &[Attribute]) {
        self.note(&name, attributes);
        if let Some(complaint) = complaint(&documentation(attributes)) {
            self.silent.push(format!("{name} {complaint}"));
        }
        self.names.push(name);
    }

    fn functions_of(&mut self, items: &[Item], path: &str, directory: &Path) {
        for item in items {
            if let Some((name, attributes)) = public_type(item) {
                self.note(&format!("{path}{name}"), attributes);
            }
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
            let text = syn::parse_file(&fs::read_to_string(&file).unwrap()).unwrap();
            found.note(&path, &text.attrs);
            found.functions_of(&text.items, &path, &inside);
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

/// The code in a text that is run with the tests.
fn examples(text: &str) -> String {
    let mut code = String::new();
    let mut block = None;
    for line in text.lines().map(str::trim) {
        block = match (line.strip_prefix("```"), block) {
            (Some(_), Some(_)) => None,
            (Some(words), None) => {
                Some(matches!(words, "" | "rust" | "rust,standalone_crate" | "should_panic"))
            }
            (None, Some(true)) => {
                code += line;
                code.push('\n');
                Some(true)
            }
            (None, other) => other,
        };
    }
    code
}

/// What users may name: `Zone`, `stats::Threads`, `push_zone`, `zformat`.
fn listed(list: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for line in list.lines() {
        let line = line.rsplit_once("] ").map_or(line, |(_, rest)| rest);
        let Some((kind, rest)) = line.strip_prefix("pub ").and_then(|rest| rest.split_once(' '))
        else {
            continue;
        };
        let Some(path) = rest.strip_prefix("memzone::") else { continue };
        let end = path.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
        let path = path[..end.unwrap_or(path.len())].trim_end_matches(':');
        // Not what belongs to a type or trait.
        if ["struct", "enum", "trait", "type", "macro", "fn"].contains(&kind) && is_free(path) {
            names.insert(path.into());
        }
    }
    names
}

/// What is shown in no example: the items of the list in their own or their module's documentation, their
/// methods in any. A `try_` twin is as its other.
fn not_shown(names: &BTreeSet<String>, texts: &[Text], pages: &str) -> Vec<String> {
    let mut all = examples(pages);
    texts.iter().for_each(|text| all += &examples(&text.documentation));
    let last = |path: &str| path.trim_end_matches('!').rsplit("::").next().unwrap().to_string();
    let module = |path: &str| path.rsplit_once("::").map(|(of, _)| format!("{of}::"));
    // Of those with the same name, what is in the module of that name, if it is there.
    let documentation = |name: &str| -> Vec<&str> {
        let exact: Vec<_> = texts.iter().filter(|text| text.path == name).collect();
        let same = |text: &&Text| last(&text.path) == last(name) && is_free(&text.path);
        let found = if exact.is_empty() { texts.iter().filter(same).collect() } else { exact };
        found.iter().map(|text| &*text.documentation).collect()
    };
    let shows = |name: &str| {
        let of_module = module(name).map(|of| documentation(&of).concat()).unwrap_or_default();
        documentation(name).iter().any(|text| !examples(text).is_empty())
            || names_it(&examples(&of_module), &last(name))
    };
    let twin = |name: &str| {
        let (of, short) = name.rsplit_once("::").unwrap_or(("", name));
        let other = short.strip_prefix("try_")?;
        Some(if of.is_empty() { other.into() } else { format!("{of}::{other}") })
    };
    let mut missing: Vec<String> = names
        .iter()
        .filter(|name| !shows(name) && !twin(name).is_some_and(|name| shows(&name)))
        .cloned()
        .collect();
    for Text { path, documentation } in texts {
        let Some((of, method)) = path.rsplit_once("::").filter(|_| !is_free(path)) else {
            continue;
        };
        let is_listed = names.iter().any(|name| last(name) == last(of));
        let other = method.strip_prefix("try_").unwrap_or(method);
        let shown = [method, other].iter().any(|name| calls(&all, name));
        if is_listed && !shown && examples(documentation).is_empty() {
            missing.push(path.clone());
        }
    }
    missing
}

/// Whether code has this word.
fn names_it(code: &str, name: &str) -> bool {
    code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name)
}

/// Whether a path in the sources is not a method's.
fn is_free(path: &str) -> bool {
    path.rsplit_once("::").is_none_or(|(of, _)| !of.contains(char::is_uppercase))
}

/// Whether code calls a method: `.name(` or `::name(`, or with `::<` instead of the parenthesis.
fn calls(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let rest = &code[at + name.len()..];
        code[..at].ends_with(['.', ':']) && (rest.starts_with('(') || rest.starts_with("::<"))
    })
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
        "zone::builder::ZoneBuilder::fixed",
        "zone::values::Zone::alloc",
        "stack::words::push_zone",
        "copy::DeepCopy::move_out",
        "heap::source::Heap::take",
        "heap::rt::RtHeap::new",
        "owned::pool::values::Pool::insert",
        "reclaim::retirer::Retirer::retire",
        "insight::ledger::on::report",
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

#[test]
#[cfg_attr(miri, ignore = "reads files, which is slow there and without unsafe code")]
fn every_public_item_is_shown_in_an_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let pages = ["README.md", "docs/guide.md", "docs/realtime.md", "docs/porting.md"].map(read);
    let names = listed(&read("docs/public-api.txt"));
    let mut texts = Found::of_crate(&root.join("src")).texts;
    // What has two names, or is named otherwise where it is defined.
    let lib = read("src/lib.rs");
    let words: Vec<_> = lib.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let renamed: Vec<_> = words.windows(3).filter(|three| three[1] == "as").collect();
    for three in renamed {
        let same = |text: &&Text| text.path.ends_with(&format!("::{}", three[0]));
        let documentation = texts.iter().find(same).unwrap().documentation.clone();
        texts.push(Text { path: three[2].into(), documentation });
    }
    for name in
        ["Zone", "ZVec", "stats::Threads", "rt::Policy", "zformat", "zalloc", "reclaim::Full"]
    {
        assert!(names.contains(name), "{name} is not among {names:?}");
    }
    let missing = not_shown(&names, &texts, &pages.join("\n"));
    assert!(missing.is_empty(), "shown in no example: {missing:#?}");

    // The published package has no folder `macros`.
    let macros = root.join("macros/src");
    if macros.exists() {
        let mut texts = Found::of_crate(&macros).texts;
        texts.retain(|text| !text.path.contains("::"));
        for Text { path, documentation } in texts {
            // The trait's documentation has it.
            let shown = path == "derive_deep_copy" || !examples(&documentation).is_empty();
            assert!(shown, "{path} has no example");
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "without unsafe code")]
fn what_is_not_shown_is_told() {
    const LIST: &str = "pub mod memzone\n#[non_exhaustive] pub struct memzone::S<'z, T>\n\
        pub fn memzone::S<'_, T>::f(&self)\npub type memzone::S<'z, T>::Target = T\npub macro memzone::m!\n\
        pub mod memzone::rt\npub fn memzone::rt::try_go() -> u8\npub const memzone::rt::MAX: usize\n";
    assert_eq!(listed(LIST), ["S", "m", "rt::try_go"].map(String::from).into());

    const SHOWN: &str = "Text.\n```\nx.f(1);\n```\n";
    let text = |path: &str, documentation: &str| Text {
        path: path.into(),
        documentation: documentation.into(),
    };
    for (names, texts, pages, missing) in [
        (&["S"][..], vec![text("file::S", SHOWN)], "", ""),
        (&["S"], vec![text("file::S", "Text.")], SHOWN, "S"),
        (&["S"], vec![text("file::S", "```ignore\nx\n```\n```text\nx\n```\n")], "", "S"),
        (&["m"], vec![text("m!", SHOWN)], "", ""),
        (&["rt::go"], vec![text("file::go", ""), text("rt::", "```\ngo();\n```")], "", ""),
        (&["rt::go"], vec![text("file::go", ""), text("rt::", "```\ngo_on();\n```")], "", "rt::go"),
        (&["try_go"], vec![text("try_go", ""), text("go", SHOWN)], "", ""),
        (&["try_go"], vec![text("try_go", ""), text("go", "")], "", "try_go"),
        (&["rt::S"], vec![text("rt::S", ""), text("file::S", SHOWN)], "", "rt::S"),
        (&["S"], vec![text("S", SHOWN), text("S::f", "")], "", ""),
        (&["S"], vec![text("S", SHOWN), text("S::try_f", "")], "", ""),
        (&["S"], vec![text("S", SHOWN), text("S::g", "")], "", "S::g"),
        (&["S"], vec![text("S", SHOWN), text("S::g", SHOWN)], "", ""),
        (&["S"], vec![text("S", SHOWN), text("S::g", "")], "```rust\nS::g::<u8>();\n```\n", ""),
        (&["S"], vec![text("S", SHOWN), text("Hidden::g", "")], "", ""),
    ] {
        let names: BTreeSet<_> = names.iter().map(|name| name.to_string()).collect();
        let paths: Vec<_> = texts.iter().map(|text| &text.path).collect();
        assert_eq!(not_shown(&names, &texts, pages).join(" "), missing, "{names:?} {paths:?}");
    }
}

/// Names that people know from elsewhere, and where the search must lead: to a method, to a macro of the macro crate, or to
/// what `src/lib.rs` shows. There the alias stands at the `pub use`, as the stable rustdoc does not look at the definition.
const KNOWN: [(&str, &str, &str); 14] = [
    ("arena", "src/lib.rs", "pub use crate::zone::Zone;"),
    ("bump", "src/lib.rs", "pub use crate::zone::Zone;"),
    ("scratch", "src/lib.rs", "pub use crate::zone::Zone;"),
    ("temp_allocator", "src/lib.rs", "pub use crate::zone::Zone;"),
    ("pushz", "src/lib.rs", "pub use crate::stack::push_zone;"),
    ("popz", "src/lib.rs", "pub use crate::stack::pop_zone;"),
    ("malloc", "src/lib.rs", "pub use crate::heap::halloc;"),
    ("Point_h", "src/lib.rs", "pub use crate::heap::halloc;"),
    ("alloca", "src/lib.rs", "pub use crate::salloc::salloc_with;"),
    ("HashMap", "src/lib.rs", "pub use crate::collections::ZMap;"),
    ("Point_z", "src/zone/values.rs", "pub fn alloc<"),
    ("reset_temporary_storage", "src/zone/mod.rs", "pub fn reset("),
    ("memzone", "macros/src/lib.rs", "pub fn beginz("),
    ("alloca", "macros/src/lib.rs", "pub fn salloc("),
];

#[test]
#[cfg_attr(miri, ignore = "reads files, which is slow there and without unsafe code")]
fn known_names_lead_to_memzone_s() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (alias, file, item) in KNOWN {
        // The published package has no folder `macros`.
        let Ok(text) = fs::read_to_string(root.join(file)) else { continue };
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        let at = lines.iter().position(|line| line.starts_with(item));
        let at = at.unwrap_or_else(|| panic!("{file} has no {item}"));
        let attributes = lines[..at].iter().rev().take_while(|line| line.starts_with("#["));
        let mut aliases = attributes.filter(|line| line.starts_with("#[doc(alias"));
        let quoted = format!("\"{alias}\"");
        assert!(
            aliases.any(|line| line.contains(&quoted)),
            "{item} in {file} has no alias {alias}"
        );
    }
}
