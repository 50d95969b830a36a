//! Runs the two benchmarks and reads what they found.

use crate::Outcome;
use crate::builds::Builds;
use measure::threads::Scaling;
use measure::{Form, Row, cases};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A figure for each row and form, by the row's place in `cases::all`.
pub type Table = BTreeMap<(usize, &'static str), f64>;

pub struct Figures {
    pub calls_from_c: String,
    pub copies: Vec<Copies>,
    /// Instructions.
    pub counts: Table,
    /// Nanoseconds.
    pub times: Table,
    pub scaling: Vec<Scaling>,
    pub builds: Builds,
    pub rounds: usize,
}

/// The instructions of a copied node of one structure, with each profile.
pub struct Copies {
    pub case: String,
    pub each: [f64; 3],
}

/// Which form a time is taken of: the inlined one, as the calls of the other would be most of it.
pub const TIMED: Form = Form::Inlined;

impl Figures {
    fn index(case: &str, candidate: &str) -> usize {
        let found = cases::all().position(|row| row.case == case && row.candidate == candidate);
        found.unwrap_or_else(|| panic!("no row `{case}` / `{candidate}`"))
    }

    pub fn count(&self, case: &str, candidate: &str, form: Form) -> f64 {
        self.counts[&(Self::index(case, candidate), form.name())]
    }

    pub fn time(&self, case: &str, candidate: &str) -> f64 {
        self.times[&(Self::index(case, candidate), TIMED.name())]
    }
}

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(package());
    cargo
}

/// The profiles that are counted with: what they are called, units of code generation, and link-time optimisation.
const PROFILES: [(&str, &str, &str); 3] =
    [("16 units", "16", "false"), ("one unit", "1", "false"), ("fat LTO", "1", "fat")];

/// Counts the instructions of each row and form, with each of the first profiles. The worst counts.
pub fn count(profiles: usize) -> Outcome<Table> {
    let mut worst = Table::new();
    for (name, units, lto) in PROFILES.into_iter().take(profiles) {
        eprintln!("counting instructions, {name} ...");
        for (key, count) in count_with(units, lto)? {
            let most = worst.entry(key).or_insert(count);
            *most = most.max(count);
        }
    }
    Ok(worst)
}

fn count_with(units: &str, lto: &str) -> Outcome<Table> {
    let output = cargo()
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", units)
        .env("CARGO_PROFILE_RELEASE_LTO", lto)
        .args([
            "bench",
            "--quiet",
            "--bench",
            "callgrind",
            "--",
            "--output-format=json",
            "--parallel=2",
        ])
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err("the counts did not run: valgrind and gungraun-runner are needed, which `benches/report` \
                    looks for"
            .into());
    }
    let mut table = Table::new();
    for line in String::from_utf8(output.stdout)?.lines().filter(|line| line.starts_with('{')) {
        let summary: Value = serde_json::from_str(line)?;
        let id = summary["id"].as_str().and_then(|id| id.rsplit('_').next()?.parse::<usize>().ok());
        let count =
            summary["profiles"][0]["data"]["total"]["metrics"]["Ir"]["values"]["new"].as_f64();
        let (Some(id), Some(count)) = (id, count) else {
            return Err(format!("not a summary of gungraun's: {line}").into());
        };
        let row = cases::all().nth(id / 2).ok_or("more counts than rows")?;
        let (form, times) =
            if id % 2 == 0 { (Form::Called, 1) } else { (Form::Inlined, row.times) };
        if count == 0.0 {
            return Err(format!(
                "{}: {} has no instructions: it was not found",
                row.id(),
                form.name()
            )
            .into());
        }
        table.insert((id / 2, form.name()), count / times as f64 / row.parts as f64);
    }
    if table.len() != cases::all().count() * 2 {
        return Err(format!("{} counts for {} rows", table.len(), cases::all().count()).into());
    }
    Ok(table)
}

/// What calls from C take, as `.ci/capi counts` prints it, or why it does not.
pub fn count_c() -> Outcome<String> {
    eprintln!("counting calls from C ...");
    let root = package().join("../..");
    let output =
        Command::new(root.join(".ci/capi")).arg("counts").stderr(Stdio::inherit()).output()?;
    // Without a C compiler it says so. The limits are a gate's matter.
    Ok(String::from_utf8(output.stdout)?)
}

/// What `benches/copies/count` finds, of these cases, or of all.
pub fn count_copies(cases: &[&str]) -> Outcome<Vec<Copies>> {
    eprintln!("counting copies ...");
    let script = package().join("../copies/count");
    let output = Command::new(script).args(cases).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err("benches/copies/count did not run".into());
    }
    let text = String::from_utf8(output.stdout)?;
    let rows = text.lines().skip(1).map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [case, figures @ ..] = &words[..] else {
            return Err("an empty row of benches/copies/count".into());
        };
        let figures =
            figures.iter().map(|figure| figure.parse()).collect::<Result<Vec<f64>, _>>()?;
        let each = <[f64; 3]>::try_from(figures)
            .map_err(|_| format!("not three figures of a copy: {line}"))?;
        Ok(Copies { case: (*case).to_string(), each })
    });
    rows.collect()
}

/// The criterion benchmark's executable.
fn peers() -> Outcome<PathBuf> {
    let output = cargo()
        .args(["bench", "--quiet", "--bench", "peers", "--no-run", "--message-format=json"])
        .stderr(Stdio::inherit())
        .output()?;
    let lines = String::from_utf8(output.stdout)?;
    let messages = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let found = messages
        .filter(|m| m["target"]["name"] == "peers")
        .find_map(|m| m["executable"].as_str().map(PathBuf::from));
    found.ok_or_else(|| "the benchmark `peers` was not built".into())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A file somewhere in a folder.
fn find(folder: &Path, file: &Path) -> Option<PathBuf> {
    let here = folder.join(file);
    if here.exists() {
        return Some(here);
    }
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .find_map(|path| find(&path, file))
}

/// One row's median, in a process of its own.
fn time_once(peers: &Path, home: &Path, row: &Row) -> Outcome<f64> {
    let name = format!("{}/{}", row.id(), TIMED.name());
    let output = Command::new(peers)
        .args(["--bench", "--noplot", "--quiet", "--sample-size", "20"])
        .args(["--warm-up-time", "0.05", "--measurement-time", "0.15", "--nresamples", "1001"])
        .arg(format!("^{name}$"))
        .env("CRITERION_HOME", home)
        .output()?;
    // Criterion shortens long names, so the folder's may be another one.
    let path = find(home, Path::new("new/estimates.json"));
    let Some(path) = path.filter(|_| output.status.success()) else {
        return Err(format!(
            "{name} was not measured: {}",
            String::from_utf8_lossy(&output.stderr)
        )
        .into());
    };
    let estimates: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    std::fs::remove_dir_all(home)?;
    let batch = estimates["median"]["point_estimate"]
        .as_f64()
        .ok_or("criterion's estimates have no median")?;
    Ok(batch / row.times as f64 / row.parts as f64)
}

/// The time of each row: the median of rounds, each of which measures all rows one after another.
pub fn time(rounds: usize) -> Outcome<Table> {
    let peers = peers()?;
    let home = std::env::temp_dir().join(format!("memzone-measure-{}", std::process::id()));
    let mut all = vec![Vec::new(); cases::all().count()];
    for round in 1..=rounds {
        eprintln!("times, round {round} of {rounds} ...");
        for (times, row) in all.iter_mut().zip(cases::all()) {
            times.push(time_once(&peers, &home, row)?);
        }
    }
    Ok(all
        .into_iter()
        .enumerate()
        .map(|(row, times)| ((row, TIMED.name()), median(times)))
        .collect())
}
