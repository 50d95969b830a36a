//! Counts instructions: `cargo bench --bench callgrind`. Needs valgrind and `gungraun-runner`.
//!
//! Row `2 * n` is the called form of the `n`th row of `measure::cases::all`, the next one its inlined form.

use gungraun::{
    Callgrind, EntryPoint, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};
use measure::{Form, cases};

fn rows() -> Vec<(usize, Form)> {
    let rows = cases::all().enumerate();
    rows.flat_map(|(row, _)| [(row, Form::Called), (row, Form::Inlined)]).collect()
}

#[library_benchmark]
#[benches::all(iter = rows())]
fn row((row, form): (usize, Form)) {
    if let Some(row) = cases::all().nth(row) {
        (row.once)(form);
    }
}

library_benchmark_group!(name = rows_of_all_cases, benchmarks = row);

main!(
    config = LibraryBenchmarkConfig::default()
        .tool(Callgrind::default().entry_point(EntryPoint::Custom("*measured_*".to_string()))),
    library_benchmark_groups = rows_of_all_cases
);
