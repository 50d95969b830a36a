// Returns a future that borrows from the scope's zone.
use memzone::beginz;

fn main() {
    let _gain = beginz!(z => async { *z.alloc(0.5_f32) });
}
