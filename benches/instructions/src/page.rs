//! The page.

use crate::figures::{Copies, Figures};
use crate::plot::{self, number};
use crate::root;
use measure::threads::Scaling;
use measure::{Form, bytes, cases};
use std::fmt::Write;
use std::process::Command;

/// A figure beside its target.
struct Target {
    what: &'static str,
    figure: f64,
    bound: f64,
    /// Whether the figure should be at least the bound, not at most.
    least: bool,
    /// What the bound is.
    why: String,
}

impl Target {
    fn met(&self) -> bool {
        // Of instructions a twentieth is none: a loop's start and end are a hundredth of its turns.
        let part = if self.bound > 2.0 { 0.05 } else { 0.0 };
        if self.least { self.figure >= self.bound } else { self.figure <= self.bound + part }
    }
}

fn at_most(what: &'static str, figure: f64, bound: f64, why: impl Into<String>) -> Target {
    Target { what, figure, bound, least: false, why: why.into() }
}

fn at_least(what: &'static str, figure: f64, bound: f64, why: impl Into<String>) -> Target {
    Target { what, figure, bound, least: true, why: why.into() }
}

/// The targets of issue 6, in its order, and those of issue 18 that it has not.
fn targets(f: &Figures) -> Vec<Target> {
    use Form::{Called, Inlined};
    let ours = |case, form| f.count(case, "memzone", form);
    // A time beside the least of the peers' in the case. Clocks and caches move it by some hundredths.
    let fastest = |case: &str, than: &dyn Fn(&str) -> bool| {
        let rows = cases::all().filter(|row| {
            row.case == case && !row.candidate.starts_with("memzone") && than(row.candidate)
        });
        let (name, time) = rows
            .map(|row| (row.candidate, f.time(case, row.candidate)))
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .expect("a case has peers");
        (name, time)
    };
    let against = |what, case: &str, candidate: &str, bound: f64, than: &dyn Fn(&str) -> bool| {
        let (name, time) = fastest(case, than);
        at_most(
            what,
            f.time(case, candidate) / time,
            bound,
            format!("times {name}'s {} ns", number(time)),
        )
    };
    let any = |_: &str| true;
    let scaling = f.scaling.iter().find(|s| s.name == "memzone").expect("it is measured");
    let model = |case: &str, ours: &str| f.time(case, "model of Extempore") / f.time(case, ours);
    let life = "Extempore: create, push, 8 allocations of 32 bytes, pop, destroy";
    let depth = "scope with one allocation, at a depth";
    let zones = "one u64, beside other zones";
    let unlike = |a: f64, b: f64| (a / b).max(b / a);
    let tree = "deep copy of a tree, a node";
    let vector = "vector grown to 10,000 u32, a push";
    let run = "slice of 64 f32, length known when running";
    let returning = "scope that returns 1024 of 5120 samples";
    let nested = "8 nested scopes of 64 bytes";
    let scope = "scope with one allocation";
    let ambient = "64 f32 without a handle";
    let owned = "owned value of 64 bytes, made and dropped";
    vec![
        at_most("one `u64`, zone in hand, called", ours("one u64", Called), 9.0, "instructions"),
        at_most(
            "- inlined",
            ours("one u64", Inlined),
            10.0,
            "instructions, of which the loop is 2",
        ),
        against("- time (equal, within noise)", "one u64", "memzone", 1.05, &any),
        at_most(
            "64 samples, filled, called",
            ours("slice of 64 f32", Called),
            30.0,
            "instructions",
        ),
        at_most("- length known when running, called", ours(run, Called), 75.0, "instructions"),
        at_most("- inlined", ours(run, Inlined), 68.0, "instructions, of which the loop is 3"),
        at_most(
            "scope with one allocation, no handle, called",
            ours(scope, Called),
            30.0,
            "instructions",
        ),
        at_most("- inlined", ours(scope, Inlined), 25.0, "instructions, of which the loop is 3"),
        against("- time", scope, "memzone", 1.0, &|name| name == "stumpalo, through the thread"),
        against("- time", scope, "memzone", 1.0 / 8.0, &|name| name == "bumpalo, fresh"),
        at_most(
            "8 nested scopes, 64 bytes each, called",
            ours(nested, Called),
            224.0,
            "instructions",
        ),
        at_most("- inlined", ours(nested, Inlined), 224.0, "instructions"),
        at_most(
            "scope that returns 1024 samples out of 5120, called",
            ours(returning, Called),
            2240.0,
            "instructions",
        ),
        against("- time", returning, "memzone", 1.0, &|name| name.starts_with("stumpalo")),
        at_most(
            "deep copy of a tree, a node",
            f.count(tree, "memzone, derived", Called),
            32.0,
            "instructions",
        ),
        against("- time", tree, "memzone, derived", 1.1, &|name| name.starts_with("stumpalo")),
        at_most(
            "a vector grown to 10,000 `u32`, a push (`allocator-api2`)",
            f.count(vector, "memzone, allocator-api2", Called),
            10.1,
            "instructions",
        ),
        at_most(
            "- of a `ZVec` (`zone.vec()`)",
            f.count(vector, "memzone, ZVec", Called),
            7.5,
            "instructions",
        ),
        at_least(
            "two threads, a zone each",
            scaling.of_spin,
            0.98,
            format!(
                "of what a spin loop reaches in the same rounds; {:.2} times one thread's rate",
                scaling.times
            ),
        ),
        at_least(
            "against the model of Extempore's zones: an allocation of 32 bytes",
            model("Extempore: an allocation of 32 bytes", "memzone"),
            15.0,
            "times faster",
        ),
        at_least(
            "- create, push, 8 allocations, pop, destroy",
            model(life, "memzone, a scope"),
            30.0,
            "times faster",
        ),
        at_most(
            "depth 1000 beside depth 1, instructions",
            unlike(
                f.count(depth, "memzone, depth 1000", Inlined),
                f.count(depth, "memzone, depth 1", Inlined),
            ),
            1.05,
            "ratio",
        ),
        at_most(
            "- time",
            unlike(f.time(depth, "memzone, depth 1000"), f.time(depth, "memzone, depth 1")),
            1.05,
            "ratio",
        ),
        at_most(
            "10,000 zones beside 1 zone, instructions",
            unlike(
                f.count(zones, "memzone, 10,000 zones", Inlined),
                f.count(zones, "memzone, 1 zone", Inlined),
            ),
            1.05,
            "ratio",
        ),
        at_most(
            "- time",
            unlike(f.time(zones, "memzone, 10,000 zones"), f.time(zones, "memzone, 1 zone")),
            1.05,
            "ratio",
        ),
        at_most(
            "`alloc::<u64>(1)` in the current zone, made, written and dropped, called",
            f.count("one u64 without a handle", "memzone, ambient alloc", Called),
            50.0,
            "instructions",
        ),
        at_most(
            "64 `f32` in the current zone, made and dropped, called",
            f.count(ambient, "memzone, ambient alloc", Called),
            75.0,
            "instructions",
        ),
        against("- time", ambient, "memzone, ambient alloc", 1.3, &|name| name.contains("thread")),
        at_most(
            "`ZBox::new` of 64 bytes, made and dropped, called",
            f.count(owned, "memzone, ZBox::new", Called),
            55.0,
            "instructions",
        ),
        at_most(
            "- by handle",
            f.count(owned, "memzone, ZBox in a zone in hand", Called),
            35.0,
            "instructions",
        ),
        at_most(
            "`push_zone` and `pop_zone`, called",
            ours("push_zone and pop_zone", Called),
            60.0,
            "instructions",
        ),
        at_most(
            "`peek_zone` and drop, called",
            ours("peek_zone and drop", Called),
            25.0,
            "instructions",
        ),
        at_most(
            "`zone.enter` around nothing, called",
            ours("zone.enter around nothing", Called),
            40.0,
            "instructions",
        ),
        at_most(
            "a scope that gives a `ZBox` of 64 bytes to the current zone, called",
            f.count(
                "scope whose value of 64 bytes goes to the current zone",
                "memzone, a ZBox",
                Called,
            ),
            110.0,
            "instructions",
        ),
        at_most(
            "`alloc_slice` of no elements, called",
            ours("slice of no elements", Called),
            3.0,
            "instructions",
        ),
        at_most(
            "an `RtHeap`'s block of 64 bytes, taken and freed, called",
            f.count("heap block of 64 bytes, taken and freed", "memzone, RtHeap", Called),
            195.0,
            "instructions",
        ),
        at_most(
            "clean release build of a user's crate, without the macros' share",
            f.builds.rest / f.builds.bump_scope,
            1.5,
            format!(
                "times bump-scope's {:.1} s: {:.1} s, after {:.1} s for the macros (syn, quote)",
                f.builds.bump_scope, f.builds.rest, f.builds.macros
            ),
        ),
        at_most(
            "a `beginz!` call site",
            f.builds.hot as f64,
            150.0,
            format!("bytes that run in steady state; {} with the cold paths", f.builds.whole),
        ),
    ]
}

pub fn write(f: &Figures) -> String {
    let mut page = String::new();
    let mut put = |text: &str| {
        page.push_str(text);
        page.push('\n');
    };
    put("# Performance\n");
    put(
        "Made by `benches/report` from a clean clone (about a quarter of an hour; it installs `gungraun-runner`, and needs valgrind and",
    );
    put("binutils). Do not edit: what it says is in `benches/instructions/src`.\n");
    put(&format!("* **Machine**: {}.", machine()));
    put(&format!("* **Versions**: {}.", versions()));
    put(
        "* **Counts** are callgrind's, exact. \"Called\": one call of a function that does the job once and is not inlined, return",
    );
    put(
        "  and saved registers included. \"Inlined\": a loop of the job in such a function, divided by its turns, the loop's two or",
    );
    put("  three instructions included.");
    put(&format!(
        "* **Times** are criterion's medians of the inlined form, each row in a process of its own, the median of {} rounds over all",
        f.rounds
    ));
    put(
        "  rows. Compare ratios: the machine is virtual and shared, and differences under some hundredths are noise.",
    );
    put(
        "* Counts are taken from a crate that uses memzone as any other would, with three profiles: `release` as it is (16 units of code",
    );
    put(
        "  generation), with one unit, and with link-time optimisation (`lto = \"fat\"`). The worst of the three is shown. Times are those with",
    );
    put("  one unit. All is built for the machine that Rust builds for by default.\n");
    put("## Targets\n");
    put("| case | figure | target | | |");
    put("|---|---|---|---|---|");
    let targets = targets(f);
    for target in &targets {
        let relation = if target.least { "at least" } else { "at most" };
        let met = match target.met() {
            true => "met".to_string(),
            false => format!("**missed by {}**", number((target.figure - target.bound).abs())),
        };
        put(&format!(
            "| {} | {} | {relation} {} | {} | {met} |",
            target.what,
            number(target.figure),
            number(target.bound),
            target.why
        ));
    }
    let met = targets.iter().filter(|target| target.met()).count();
    put(&format!("\n{met} of {} are met. What is left, and what it buys:\n", targets.len()));
    put(include_str!("left.md"));
    put("## Two threads, each with an arena of its own\n");
    put("| | times one thread's rate | part of the spin loop's |");
    put("|---|---|---|");
    for Scaling { name, times, of_spin } in &f.scaling {
        put(&format!("| {name} | {times:.2} | {of_spin:.2} |"));
    }
    put("\n## Bytes taken\n");
    put("From the first byte of the first value to the last of the last, for each value.\n");
    put("| | a million `u64` | 65,535 nodes of 24 bytes | a million slices of 3 `f32` |");
    put("|---|---|---|---|");
    for (name, [numbers, nodes, slices]) in bytes::all() {
        put(&format!("| {name} | {numbers:.2} | {nodes:.2} | {slices:.2} |"));
    }
    put("\n## Deep copies\n");
    put(
        "Instructions of a copied node, from a crate of its own, by the derive: `benches/copies/count`.\n",
    );
    put("| | 16 units | one unit | fat LTO | target for the worst | |");
    put("|---|---|---|---|---|---|");
    for Copies { case, each } in &f.copies {
        let worst = each.iter().copied().fold(0.0, f64::max);
        let (name, target) = copied(case);
        let (bound, met) = match target {
            Some(bound) if worst <= bound => (number(bound), "met".to_string()),
            Some(bound) => (number(bound), format!("**missed by {}**", number(worst - bound))),
            None => Default::default(),
        };
        let each = each.map(number);
        put(&format!("| {name} | {} | {bound} | {met} |", each.join(" | ")));
    }
    put("\n## Calls from C\n");
    put(
        "Instructions of operations in a static library, called from C, and the most that each may take: `.ci/capi counts`. \
         `allocate` to `grow` are Extempore's symbols (a `letz` creates, pushes, allocates 24 bytes, pops and destroys; with \
         `grow` it allocates 20 times 1 KiB); its own take 132 for 24 bytes, 12 for a peek and 1,101 for a `letz`. The others \
         are memzone's own.\n",
    );
    put(&format!("```text\n{}```", f.calls_from_c));
    put("\n## Each case\n");
    put("Ratios are to memzone's first row: above 1, memzone is faster.\n");
    let mut names: Vec<&str> = cases::all().map(|row| row.case).collect();
    names.dedup();
    for case in names {
        put(&format!("### {case}\n"));
        put("| | called | inlined | ns | ratio |");
        put("|---|---|---|---|---|");
        let mut ours = None;
        for row in cases::all().filter(|row| row.case == case) {
            let (called, inlined) = (
                f.count(case, row.candidate, Form::Called),
                f.count(case, row.candidate, Form::Inlined),
            );
            let time = f.time(case, row.candidate);
            let ratio = time / *ours.get_or_insert(time);
            put(&format!(
                "| {} | {} | {} | {} | {ratio:.2} |",
                row.candidate,
                count(called),
                count(inlined),
                number(time)
            ));
        }
        put(&format!("\n![{case}](performance/{})\n", plot::file(case)));
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
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
