//! Makes `docs/performance.md`: counts, times, plots, each row beside its target.
//!
//! ```text
//! benches/report            # about ten minutes, from a clean clone; installs gungraun-runner where it is missing
//! benches/report --quick    # one round of times, one profile, one kind of copy, to see that it runs
//! ```

mod builds;
mod figures;
mod page;
mod plot;
mod targets;

use std::error::Error;
use std::path::{Path, PathBuf};

/// What went wrong, in words.
pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn main() -> Outcome<()> {
    let quick = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--quick") => true,
        Some(other) => {
            return Err(format!("unknown option `{other}`: there is only `--quick`").into());
        }
    };
    let rounds = if quick { 1 } else { 5 };
    let builds = builds::measure(if quick { 1 } else { 3 })?;
    let counts = figures::count(if quick { 1 } else { 3 })?;
    let calls_from_c = figures::count_c()?;
    let copies = figures::count_copies(if quick { &["tree"] } else { &[] })?;
    let times = figures::time(rounds)?;
    eprintln!("two threads ...");
    let scaling = measure::threads::scaling(if quick { 3 } else { 101 });
    let figures = figures::Figures { calls_from_c, copies, counts, times, scaling, builds, rounds };
    plot::all(&figures, &root().join("docs/performance"))?;
    let page = page::write(&figures);
    std::fs::write(root().join("docs/performance.md"), page)?;
    eprintln!("docs/performance.md is written");
    Ok(())
}
