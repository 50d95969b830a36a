//! Makes the change that a mutant's patch describes. Its hunks have no line numbers: what a hunk removes, with the
//! lines around that, is looked for as text. So code may move within a file and to another file. `.ci/mutants` runs
//! this file as a program, in the folder whose `src` it changes, and `tests/safety.rs` uses it as a module.
//!
//! ```text
//! Invariant: I1
//! Breaks: each handle is taken for the only one
//! Fails: invariants i01
//! --- a/src/zone.rs
//! +++ b/src/zone.rs
//! @@
//!      fn is_sole(&self) -> bool {
//! -        self.handles() == 1
//! +        true
//!      }
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// The folders whose files a patch may change.
const FOLDERS: [&str; 2] = ["src", "macros/src"];

/// The lines of each source file, by its path.
pub type Tree = BTreeMap<String, Vec<String>>;

/// Changes of lines that follow one another. A line's first character says what it is: ` `, `-` or `+`.
struct Hunk {
    file: String,
    lines: Vec<String>,
}

/// A patch: its head, and its hunks.
pub struct Patch {
    head: String,
    hunks: Vec<Hunk>,
}

/// Where a hunk's text is.
struct Place {
    file: String,
    line: usize,
    /// The hunk's lines that are found there: all of them, or without those around the change that are others now.
    found: std::ops::Range<usize>,
}

impl Hunk {
    /// What a part of it says that the source has, without indentation, as that changes when code moves.
    fn old(&self, part: std::ops::Range<usize>) -> Vec<&str> {
        let lines = self.lines[part].iter().filter(|line| !line.starts_with('+'));
        lines.map(|line| line.get(1..).unwrap_or_default().trim()).collect()
    }

    /// The parts to look for: all of it; else without the lines before the change, after it, or both.
    fn parts(&self) -> Vec<std::ops::Range<usize>> {
        let is_change = |line: &String| line.starts_with(['-', '+']);
        let first = self.lines.iter().position(is_change).unwrap_or(0);
        let last = self.lines.iter().rposition(is_change).map_or(0, |last| last + 1);
        let all = 0..self.lines.len();
        vec![all.clone(), first..all.end, 0..last, first..last]
    }

    fn find(&self, tree: &Tree) -> Result<Place, String> {
        for (nth, found) in self.parts().into_iter().enumerate() {
            let old = self.old(found.clone());
            if old.iter().all(|line| line.is_empty()) {
                continue;
            }
            let in_file = |(file, lines): (&String, &Vec<String>)| -> Vec<(String, usize)> {
                let starts = lines.windows(old.len()).enumerate();
                let starts = starts.filter(|(_, window)| {
                    window.iter().map(|it| it.trim()).eq(old.iter().copied())
                });
                starts.map(|(line, _)| (file.clone(), line)).collect()
            };
            // All of it, once in the file that is named, is what is meant, wherever else it may be.
            let own = tree.get_key_value(&self.file).map(in_file).unwrap_or_default();
            let places = if nth == 0 && own.len() == 1 {
                own
            } else {
                tree.iter().flat_map(in_file).collect()
            };
            match &places[..] {
                [] => {}
                [(file, line)] => return Ok(Place { file: file.clone(), line: *line, found }),
                _ => {
                    let first = places.iter().take(3);
                    let first: Vec<_> =
                        first.map(|(file, line)| format!("{file}:{}", line + 1)).collect();
                    return Err(format!(
                        "{} places have this text, such as {}:\n{}",
                        places.len(),
                        first.join(", "),
                        old.join("\n")
                    ));
                }
            }
        }
        Err(format!(
            "no file has this text (it was in {}):\n{}",
            self.file,
            self.old(0..self.lines.len()).join("\n")
        ))
    }

    /// Makes the change, and says what the hunk is now: the file it is in, and the lines around it there.
    fn apply(&self, tree: &mut Tree) -> Result<Hunk, String> {
        let Place { file, line, found } = self.find(tree)?;
        let (before, after) = (found.start, self.lines.len() - found.end);
        let Some(lines) = tree.get_mut(&file) else { return Err(format!("there is no {file}")) };
        let was = self.lines[found.clone()].iter().find(|line| !line.starts_with('+'));
        let was = was.map_or(0, |line| indent(line.get(1..).unwrap_or_default()));
        let is = indent(&lines[line]);

        let mut now: Vec<String> =
            lines[line.saturating_sub(before)..line].iter().map(|it| format!(" {it}")).collect();
        let mut new = Vec::new();
        let mut at = line;
        for change in &self.lines[found] {
            if let Some(added) = change.strip_prefix('+') {
                let spaces = if added.trim().is_empty() {
                    0
                } else {
                    (indent(added) + is).saturating_sub(was)
                };
                new.push(" ".repeat(spaces) + added.trim_start());
                now.push(format!("+{}", new[new.len() - 1]));
            } else {
                let kept = !change.starts_with('-');
                now.push(format!("{}{}", if kept { ' ' } else { '-' }, lines[at]));
                new.extend(kept.then(|| lines[at].clone()));
                at += 1;
            }
        }
        now.extend(lines[at..].iter().take(after).map(|it| format!(" {it}")));
        lines.splice(line..at, new);
        Ok(Hunk { file, lines: now })
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

impl Patch {
    /// Reads a patch. Line numbers, where it has some as `git diff` writes them, mean nothing.
    pub fn parse(text: &str) -> Result<Patch, String> {
        let mut patch = Patch { head: String::new(), hunks: Vec::new() };
        let mut file = None;
        for line in text.lines() {
            if line.starts_with("--- ") {
                file = Some(None);
            } else if let Some(path) = line.strip_prefix("+++ ") {
                file = Some(Some(path.strip_prefix("b/").unwrap_or(path).to_string()));
            } else if let Some(file) = &file {
                if line.starts_with("@@") {
                    let file = file.clone().ok_or("`--- a/FILE` without `+++ b/FILE`")?;
                    patch.hunks.push(Hunk { file, lines: Vec::new() });
                } else if line.is_empty() || line.starts_with([' ', '-', '+']) {
                    let hunk = patch.hunks.last_mut().ok_or("a change before the first `@@`")?;
                    hunk.lines.push(line.to_string());
                }
                // Else what git says of the file.
            } else {
                patch.head += line;
                patch.head.push('\n');
            }
        }
        match patch.hunks.is_empty() {
            true => Err("it changes nothing: no `@@`".into()),
            false => Ok(patch),
        }
    }

    /// Makes the changes in the tree, and says what the patch is now.
    pub fn apply(&self, tree: &mut Tree) -> Result<Patch, String> {
        let hunks = self.hunks.iter().map(|hunk| hunk.apply(tree)).collect::<Result<_, _>>()?;
        Ok(Patch { head: self.head.clone(), hunks })
    }

    /// The files that it names.
    pub fn files(&self) -> impl Iterator<Item = String> {
        self.hunks.iter().map(|hunk| hunk.file.clone())
    }

    fn text(&self) -> String {
        let mut text = self.head.clone();
        let mut file = "";
        for hunk in &self.hunks {
            if hunk.file != file {
                file = &hunk.file;
                text += &format!("--- a/{file}\n+++ b/{file}\n");
            }
            text += &format!("@@\n{}\n", hunk.lines.join("\n"));
        }
        text
    }
}

fn read_folder(folder: &Path, tree: &mut Tree) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_folder(&path, tree)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let lines = fs::read_to_string(&path)?.lines().map(str::to_string).collect();
            tree.insert(path.display().to_string().replace('\\', "/"), lines);
        }
    }
    Ok(())
}

/// The sources below the current folder.
pub fn read_tree() -> io::Result<Tree> {
    let mut tree = Tree::new();
    for folder in FOLDERS {
        read_folder(Path::new(folder), &mut tree)?;
    }
    Ok(tree)
}

fn run(command: &str, path: &str) -> Result<(), String> {
    let said = |error: io::Error| error.to_string();
    let text = fs::read_to_string(path).map_err(said)?;
    let patch = Patch::parse(&text)?;
    let before = read_tree().map_err(said)?;
    let mut tree = before.clone();
    let now = patch.apply(&mut tree)?.text();
    match command {
        "apply" => {
            for (file, lines) in
                tree.iter().filter(|(file, lines)| before.get(*file) != Some(lines))
            {
                fs::write(file, lines.join("\n") + "\n").map_err(said)?;
                println!("{file}");
            }
            Ok(())
        }
        "refresh" if now == text => Ok(()),
        "refresh" => fs::write(path, now).map_err(said),
        _ => Err("usage: patch apply|refresh PATCH".into()),
    }
}

/// `patch apply PATCH` changes the sources below the current folder, and prints the names of the files. `patch refresh PATCH` writes the patch anew, with
/// the files and the lines around its changes as they are now.
#[allow(dead_code, reason = "of use as a program only")]
fn main() -> std::process::ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [command, path] = &arguments[..] else {
        eprintln!("usage: patch apply|refresh PATCH");
        return 2.into();
    };
    match run(command, path) {
        Ok(()) => 0.into(),
        Err(error) => {
            eprintln!("{path}: {error}");
            1.into()
        }
    }
}
