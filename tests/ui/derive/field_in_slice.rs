// Refers to a slice of a type that has no `DeepCopy`.
use memzone::{DeepCopy, Zone, beginz};

struct Inner(u32);

#[derive(DeepCopy)]
struct Notes<'z> {
    all: &'z [Inner],
}

fn main() {
    let outer = Zone::new(0);
    let notes: Notes = beginz!(z in &outer => Notes { all: z.alloc_iter([Inner(1)]) });
    println!("{}", notes.all[0].0);
}
