// Returns a type that borrows from the scope's zone and has no `DeepCopy`.
use memzone::beginz;

struct Peaks<'z> {
    at: &'z [usize],
}

fn main() {
    let peaks = beginz!(z => Peaks { at: z.alloc_slice(4, 0) });
    println!("{:?}", peaks.at);
}
