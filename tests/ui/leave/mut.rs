// Returns a reference into the scope's zone without saying where to copy it.
use memzone::beginz;

fn main() {
    let gain = beginz!(z => z.alloc(0.5_f32));
    *gain += 0.1;
}
