// Returns a reference in a tuple without saying where to copy it.
use memzone::beginz;

fn main() {
    let (gain, _) = beginz!(z => (z.alloc(0.5_f32), 1));
    *gain += 0.1;
}
