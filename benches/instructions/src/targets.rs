//! The targets of the page, each with the figure that was measured.

use crate::figures::Figures;
use crate::plot::number;
use measure::Form::{self, Called, Inlined};
use measure::cases;

/// A figure beside its target.
#[derive(Clone)]
pub struct Target {
    pub what: &'static str,
    pub figure: f64,
    pub bound: f64,
    /// Whether the figure should be at least the bound, not at most.
    pub least: bool,
    /// What the bound is.
    pub why: String,
}

impl Target {
    pub fn met(&self) -> bool {
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
pub fn targets(f: &Figures) -> Vec<Target> {
    [
        allocations(f),
        scopes(f),
        copies_and_vectors(f),
        threads_and_extempore(f),
        depths_and_numbers(f),
        the_current_zone(f),
        the_rest(f),
    ]
    .concat()
}

fn ours(f: &Figures, case: &str, form: Form) -> f64 {
    f.count(case, "memzone", form)
}

fn any(_: &str) -> bool {
    true
}

/// The least time of the peers in a case that `than` takes, and whose it is.
fn fastest(f: &Figures, case: &str, than: &dyn Fn(&str) -> bool) -> (&'static str, f64) {
    let rows = cases::all().filter(|row| {
        row.case == case && !row.candidate.starts_with("memzone") && than(row.candidate)
    });
    let times = rows.map(|row| (row.candidate, f.time(case, row.candidate)));
    times.min_by(|a, b| a.1.total_cmp(&b.1)).expect("a case has peers")
}

/// A time beside that of the fastest peer. Clocks and caches move it by some hundredths.
fn against(
    f: &Figures,
    what: &'static str,
    case: &str,
    candidate: &str,
    bound: f64,
    than: &dyn Fn(&str) -> bool,
) -> Target {
    let (name, time) = fastest(f, case, than);
    let why = format!("times {name}'s {} ns", number(time));
    at_most(what, f.time(case, candidate) / time, bound, why)
}

/// One value, and slices, in a zone that is in hand.
fn allocations(f: &Figures) -> Vec<Target> {
    let run = "slice of 64 f32, length known when running";
    vec![
        at_most("one `u64`, zone in hand, called", ours(f, "one u64", Called), 9.0, "instructions"),
        at_most(
            "- inlined",
            ours(f, "one u64", Inlined),
            10.0,
            "instructions, of which the loop is 2",
        ),
        against(f, "- time (equal, within noise)", "one u64", "memzone", 1.05, &any),
        at_most(
            "64 samples, filled, called",
            ours(f, "slice of 64 f32", Called),
            30.0,
            "instructions",
        ),
        at_most("- length known when running, called", ours(f, run, Called), 75.0, "instructions"),
        at_most("- inlined", ours(f, run, Inlined), 68.0, "instructions, of which the loop is 3"),
    ]
}

/// Scopes, and what they return.
fn scopes(f: &Figures) -> Vec<Target> {
    let scope = "scope with one allocation";
    let nested = "8 nested scopes of 64 bytes";
    let returning = "scope that returns 1024 of 5120 samples";
    vec![
        at_most(
            "scope with one allocation, no handle, called",
            ours(f, scope, Called),
            30.0,
            "instructions",
        ),
        at_most("- inlined", ours(f, scope, Inlined), 25.0, "instructions, of which the loop is 3"),
        against(f, "- time", scope, "memzone", 1.0, &|name| name == "stumpalo, through the thread"),
        against(f, "- time", scope, "memzone", 1.0 / 8.0, &|name| name == "bumpalo, fresh"),
        at_most(
            "8 nested scopes, 64 bytes each, called",
            ours(f, nested, Called),
            224.0,
            "instructions",
        ),
        at_most("- inlined", ours(f, nested, Inlined), 224.0, "instructions"),
        at_most(
            "scope that returns 1024 samples out of 5120, called",
            ours(f, returning, Called),
            2240.0,
            "instructions",
        ),
        against(f, "- time", returning, "memzone", 1.0, &|name| name.starts_with("stumpalo")),
    ]
}

/// Deep copies, and vectors that grow.
fn copies_and_vectors(f: &Figures) -> Vec<Target> {
    let tree = "deep copy of a tree, a node";
    let vector = "vector grown to 10,000 u32, a push";
    vec![
        at_most(
            "deep copy of a tree, a node",
            f.count(tree, "memzone, derived", Called),
            32.0,
            "instructions",
        ),
        against(f, "- time", tree, "memzone, derived", 1.1, &|name| name.starts_with("stumpalo")),
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
    ]
}

/// Two threads, and a model of Extempore's zones.
fn threads_and_extempore(f: &Figures) -> Vec<Target> {
    let scaling = f.scaling.iter().find(|s| s.name == "memzone").expect("it is measured");
    let model = |case: &str, ours: &str| f.time(case, "model of Extempore") / f.time(case, ours);
    let life = "Extempore: create, push, 8 allocations of 32 bytes, pop, destroy";
    vec![
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
    ]
}

/// What must not depend on how deep a scope is, or how many zones there are.
fn depths_and_numbers(f: &Figures) -> Vec<Target> {
    let depth = "scope with one allocation, at a depth";
    let zones = "one u64, beside other zones";
    [
        alike(
            f,
            "depth 1000 beside depth 1, instructions",
            depth,
            ["memzone, depth 1000", "memzone, depth 1"],
        ),
        alike(
            f,
            "10,000 zones beside 1 zone, instructions",
            zones,
            ["memzone, 10,000 zones", "memzone, 1 zone"],
        ),
    ]
    .concat()
}

/// Two candidates of a case that should take the same: `what` for their instructions, and their times.
fn alike(f: &Figures, what: &'static str, case: &str, candidates: [&str; 2]) -> [Target; 2] {
    let unlike = |[a, b]: [f64; 2]| (a / b).max(b / a);
    let counts = candidates.map(|candidate| f.count(case, candidate, Inlined));
    let times = candidates.map(|candidate| f.time(case, candidate));
    [at_most(what, unlike(counts), 1.05, "ratio"), at_most("- time", unlike(times), 1.05, "ratio")]
}

/// What takes the thread's current zone, and what changes it.
fn the_current_zone(f: &Figures) -> Vec<Target> {
    let ambient = "64 f32 without a handle";
    let owned = "owned value of 64 bytes, made and dropped";
    vec![
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
        against(f, "- time", ambient, "memzone, ambient alloc", 1.3, &|name| {
            name.contains("thread")
        }),
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
            ours(f, "push_zone and pop_zone", Called),
            60.0,
            "instructions",
        ),
        at_most(
            "`peek_zone` and drop, called",
            ours(f, "peek_zone and drop", Called),
            25.0,
            "instructions",
        ),
        at_most(
            "`zone.enter` around nothing, called",
            ours(f, "zone.enter around nothing", Called),
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
    ]
}

/// No elements, a heap's block, and what a user's build takes.
fn the_rest(f: &Figures) -> Vec<Target> {
    vec![
        at_most(
            "`alloc_slice` of no elements, called",
            ours(f, "slice of no elements", Called),
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
