//! The page.

use crate::figures::{Copies, Figures};
use crate::plot::{self, number};
use crate::root;
use crate::targets::targets;
use measure::threads::Scaling;
use measure::{Form, bytes, cases};
use std::fmt::Write;
use std::process::Command;

/// A page that is written line by line.
#[derive(Default)]
struct Page(String);

impl Page {
    fn put(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }
}

pub fn write(f: &Figures) -> String {
    let mut page = Page::default();
    head(&mut page, f);
    put_targets(&mut page, f);
    put_threads(&mut page, f);
    put_bytes(&mut page);
    put_copies(&mut page, f);
    put_calls_from_c(&mut page, f);
    put_cases(&mut page, f);
    let Page(mut text) = page;
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// What was measured, on what, and how.
fn head(page: &mut Page, f: &Figures) {
    page.put("# Performance\n");
    page.put(
        "Made by `benches/report` from a clean clone (about a quarter of an hour; it installs `gungraun-runner`, and needs valgrind and",
    );
    page.put("binutils). Do not edit: what it says is in `benches/instructions/src`.\n");
    page.put(&format!("* **Machine**: {}.", machine()));
    page.put(&format!("* **Versions**: {}.", versions()));
    page.put(
        "* **Counts** are callgrind's, exact. \"Called\": one call of a function that does the job once and is not inlined, return",
    );
    page.put(
        "  and saved registers included. \"Inlined\": a loop of the job in such a function, divided by its turns, the loop's two or",
    );
    page.put("  three instructions included.");
    page.put(&format!(
        "* **Times** are criterion's medians of the inlined form, each row in a process of its own, the median of {} rounds over all",
        f.rounds
    ));
    page.put(
        "  rows. Compare ratios: the machine is virtual and shared, and differences under some hundredths are noise.",
    );
    page.put(
        "* Counts are taken from a crate that uses memzone as any other would, with three profiles: `release` as it is (16 units of code",
    );
    page.put(
        "  generation), with one unit, and with link-time optimisation (`lto = \"fat\"`). The worst of the three is shown. Times are those with",
    );
    page.put("  one unit. All is built for the machine that Rust builds for by default.\n");
}

fn put_targets(page: &mut Page, f: &Figures) {
    page.put("## Targets\n");
    page.put("| case | figure | target | | |");
    page.put("|---|---|---|---|---|");
    let targets = targets(f);
    for target in &targets {
        let relation = if target.least { "at least" } else { "at most" };
        let met = match target.met() {
            true => "met".to_string(),
            false => format!("**missed by {}**", number((target.figure - target.bound).abs())),
        };
        page.put(&format!(
            "| {} | {} | {relation} {} | {} | {met} |",
            target.what,
            number(target.figure),
            number(target.bound),
            target.why
        ));
    }
    let met = targets.iter().filter(|target| target.met()).count();
    page.put(&format!("\n{met} of {} are met. What is left, and what it buys:\n", targets.len()));
    page.put(include_str!("left.md"));
}

fn put_threads(page: &mut Page, f: &Figures) {
    page.put("## Two threads, each with an arena of its own\n");
    page.put("| | times one thread's rate | part of the spin loop's |");
    page.put("|---|---|---|");
    for Scaling { name, times, of_spin } in &f.scaling {
        page.put(&format!("| {name} | {times:.2} | {of_spin:.2} |"));
    }
}

fn put_bytes(page: &mut Page) {
    page.put("\n## Bytes taken\n");
    page.put("From the first byte of the first value to the last of the last, for each value.\n");
    page.put("| | a million `u64` | 65,535 nodes of 24 bytes | a million slices of 3 `f32` |");
    page.put("|---|---|---|---|");
    for (name, [numbers, nodes, slices]) in bytes::all() {
        page.put(&format!("| {name} | {numbers:.2} | {nodes:.2} | {slices:.2} |"));
    }
}

fn put_copies(page: &mut Page, f: &Figures) {
    page.put("\n## Deep copies\n");
    page.put(
        "Instructions of a copied node, from a crate of its own, by the derive: `benches/copies/count`.\n",
    );
    page.put("| | 16 units | one unit | fat LTO | target for the worst | |");
    page.put("|---|---|---|---|---|---|");
    for Copies { case, each } in &f.copies {
        let worst = each.iter().copied().fold(0.0, f64::max);
        let (name, target) = copied(case);
        let (bound, met) = match target {
            Some(bound) if worst <= bound => (number(bound), "met".to_string()),
            Some(bound) => (number(bound), format!("**missed by {}**", number(worst - bound))),
            None => Default::default(),
        };
        let each = each.map(number);
        page.put(&format!("| {name} | {} | {bound} | {met} |", each.join(" | ")));
    }
}

fn put_calls_from_c(page: &mut Page, f: &Figures) {
    page.put("\n## Calls from C\n");
    page.put(
        "Instructions of operations in a static library, called from C, and the most that each may take: `.ci/capi counts`. \
         `allocate` to `grow` are Extempore's symbols (a `letz` creates, pushes, allocates 24 bytes, pops and destroys; with \
         `grow` it allocates 20 times 1 KiB); its own take 132 for 24 bytes, 12 for a peek and 1,101 for a `letz`. The others \
         are memzone's own.\n",
    );
    page.put(&format!("```text\n{}```", f.calls_from_c));
}

fn put_cases(page: &mut Page, f: &Figures) {
    page.put("\n## Each case\n");
    page.put("Ratios are to memzone's first row: above 1, memzone is faster.\n");
    let mut names: Vec<&str> = cases::all().map(|row| row.case).collect();
    names.dedup();
    for case in names {
        page.put(&format!("### {case}\n"));
        page.put("| | called | inlined | ns | ratio |");
        page.put("|---|---|---|---|---|");
        let mut ours = None;
        for row in cases::all().filter(|row| row.case == case) {
            let (called, inlined) = (
                f.count(case, row.candidate, Form::Called),
                f.count(case, row.candidate, Form::Inlined),
            );
            let time = f.time(case, row.candidate);
            let ratio = time / *ours.get_or_insert(time);
            page.put(&format!(
                "| {} | {} | {} | {} | {ratio:.2} |",
                row.candidate,
                count(called),
                count(inlined),
                number(time)
            ));
        }
        page.put(&format!("\n![{case}](performance/{})\n", plot::file(case)));
    }
}

/// What a case of `benches/copies` is, and how many instructions its node may take.
fn copied(case: &str) -> (&str, Option<f64>) {
    match case {
        "tree" => ("a tree's node", Some(34.0)),
        "list" => ("a list's node of 24 bytes", Some(30.0)),
        "short-list" => ("a list's node of 16 bytes", Some(30.0)),
        "slices" => ("a node with a slice of nodes", Some(25.0)),
        "terms" => ("a syntax tree's node", Some(65.0)),
        "small-by-reference" => ("a root and two leaves, by reference", Some(170.0)),
        "small-by-value" => ("a root and two leaves, by value", Some(145.0)),
        "small-leaves" => ("two leaves that a scope's root is made of", None),
        "shared-graph" => ("a node that two others refer to, with `zcopy_shared`", Some(190.0)),
        "shared-tree" => ("a tree's node, with `zcopy_shared`", Some(190.0)),
        other => (other, None),
    }
}

fn count(instructions: f64) -> String {
    if instructions.fract().abs() < 0.04 || instructions >= 1000.0 {
        format!("{instructions:.0}")
    } else {
        format!("{instructions:.1}")
    }
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{model}, {cores} cores, {}", first_line("uname", &["-sr"]))
}

/// Of the compilers and tools, and of the crates as they are locked.
fn versions() -> String {
    let mut text =
        format!("{}, {}", first_line("rustc", &["-V"]), first_line("valgrind", &["--version"]));
    let lock =
        std::fs::read_to_string(root().join("benches/instructions/Cargo.lock")).unwrap_or_default();
    let peers = [
        "bumpalo",
        "bump-scope",
        "stumpalo",
        "blink-alloc",
        "multitude",
        "oxc_allocator",
        "mimalloc",
        "rlsf",
        "parking_lot",
        "criterion",
        "gungraun",
    ];
    for peer in peers {
        let entry = format!("name = \"{peer}\"\nversion = \"");
        let version = lock
            .split_once(&entry)
            .and_then(|(_, rest)| rest.split_once('"'))
            .map_or("?", |(version, _)| version);
        let _ = write!(text, ", {peer} {version}");
    }
    text
}

fn first_line(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
    text.lines().next().unwrap_or("?").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builds::Builds;

    /// Each count and time is `each`.
    fn made_up(each: f64) -> Figures {
        let table = |forms: &[Form]| {
            let rows = 0..cases::all().count();
            rows.flat_map(|row| forms.iter().map(move |form| ((row, form.name()), each))).collect()
        };
        let scaling =
            ["a spin loop", "memzone"].map(|name| Scaling { name, times: 1.5, of_spin: 1.0 });
        Figures {
            calls_from_c: String::from("calls\n"),
            copies: vec![Copies { case: "tree".into(), each: [each, 40.5, 1.0] }],
            counts: table(&[Form::Called, Form::Inlined]),
            times: table(&[Form::Inlined]),
            scaling: scaling.into(),
            builds: Builds { bump_scope: 2.0, macros: 1.0, rest: 2.0, hot: 100, whole: 200 },
            rounds: 1,
        }
    }

    #[test]
    fn the_page_has_all_sections_and_says_by_how_much_a_target_is_missed() {
        let page = write(&made_up(50.0));
        for section in [
            "## Targets",
            "## Two threads, each with an arena of its own",
            "## Bytes taken",
            "## Deep copies",
            "## Calls from C",
            "## Each case",
        ] {
            assert!(page.contains(&format!("\n{section}\n")), "{section}");
        }
        assert!(page.contains("| one `u64`, zone in hand, called | 50.0 | at most 9.00 | instructions | **missed by 41.0** |"));
        assert!(page.contains("| two threads, a zone each | 1.00 | at least 0.98 |"));
        assert!(
            page.contains("| a tree's node | 50.0 | 40.5 | 1.00 | 34.0 | **missed by 16.0** |")
        );
        assert!(write(&made_up(1.0)).contains(
            "| `zone.enter` around nothing, called | 1.00 | at most 40.0 | instructions | met |"
        ));
        let folder = std::env::temp_dir().join(format!("memzone-plots-{}", std::process::id()));
        plot::all(&made_up(50.0), &folder).expect("they are drawn");
        for case in cases::all().map(|row| row.case) {
            assert!(page.contains(&format!("\n### {case}\n")), "{case}");
            let picture = std::fs::read_to_string(folder.join(plot::file(case))).expect(case);
            assert!(picture.contains("shorter is better"), "{case}");
        }
        std::fs::remove_dir_all(folder).expect("it was made");
    }
}
