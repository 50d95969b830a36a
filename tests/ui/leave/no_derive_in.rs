// Returns a type that has no `DeepCopy` to a zone that is named: it moves, and still borrows from the scope's.
use memzone::{Zone, beginz};

struct Peaks<'z> {
    at: &'z [usize],
}

fn peaks(outer: &Zone) -> Peaks<'_> {
    beginz!(z in outer => Peaks { at: z.alloc_slice(4, 0) })
}

fn main() {
    println!("{:?}", peaks(&Zone::new(64)).at);
}
