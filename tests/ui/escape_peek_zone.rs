// Borrows from the handle that `peek_zone` gave, which is gone at once.
use memzone::peek_zone;

fn main() {
    let gain = peek_zone().alloc(0.5_f32);
    *gain += 0.1;
}
