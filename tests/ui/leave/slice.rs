// Returns a slice of the scope's zone without saying where to copy it.
use memzone::beginz;

fn main() {
    let x = beginz!(z => z.alloc_slice(4, 0.0_f32));
    println!("{}", x[0]);
}
