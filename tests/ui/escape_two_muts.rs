// Makes two exclusive references to one allocation.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    let gain = zone.alloc(0.5_f32);
    let (left, right) = (&mut *gain, &mut *gain);
    *left += 0.1;
    *right += 0.1;
}
