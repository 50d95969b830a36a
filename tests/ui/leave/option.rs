// Returns a reference in an `Option` without saying where to copy it.
use memzone::beginz;

fn main() {
    let gain = beginz!(z => Some(z.alloc(0.5_f32)));
    *gain.unwrap() += 0.1;
}
