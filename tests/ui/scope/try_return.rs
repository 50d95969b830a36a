// `try_beginz!` refuses the same.
use memzone::try_beginz;

fn main() {
    let gain = try_beginz!(z => z.alloc(0.5_f32));
    *gain.unwrap() += 0.1;
}
