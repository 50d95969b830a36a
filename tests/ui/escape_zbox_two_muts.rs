// Makes two exclusive references to what a `ZBox` owns.
use memzone::Zone;

fn main() {
    let mut gain = Zone::new(1024).boxed(0.5_f32);
    let (left, right) = (&mut *gain, &mut *gain);
    *left += 0.1;
    *right += 0.1;
}
