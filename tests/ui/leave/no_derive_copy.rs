// Returns a type that is `Copy`, borrows from the scope's zone and has no `DeepCopy`: it moves like any other such type.
use memzone::beginz;

#[derive(Clone, Copy)]
struct Peaks<'z> {
    at: &'z [usize],
}

fn main() {
    let peaks = beginz!(z => Peaks { at: z.alloc_slice(4, 0) });
    println!("{:?}", peaks.at);
}
