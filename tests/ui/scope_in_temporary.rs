// Copies to a zone that nobody keeps.
use memzone::{beginz, peek_zone};

fn main() {
    let gain = beginz!(z in &peek_zone() => z.alloc(0.5_f32));
    *gain += 0.1;
}
