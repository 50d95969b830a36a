//! Times: `cargo bench --bench peers`, or with a part of a name behind `--`.
//!
//! `src/main.rs` runs this for one row at a time, each in a process of its own, in rounds.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use measure::{Form, cases};

fn peers(c: &mut Criterion) {
    for row in cases::all() {
        for form in [Form::Called, Form::Inlined] {
            let mut group = c.benchmark_group(row.id());
            group.throughput(Throughput::Elements((row.times * row.parts) as u64));
            group.bench_function(form.name(), |b| {
                let mut batch = (row.batch)(form);
                b.iter(&mut batch);
            });
            group.finish();
        }
    }
}

criterion_group!(benches, peers);
criterion_main!(benches);
