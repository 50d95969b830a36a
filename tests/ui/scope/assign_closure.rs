// Lets a closure carry a reference out of the scope that called it.
use memzone::{Zone, beginz};

fn main() {
    let mut last: Option<&mut f32> = None;
    let mut remember = |gain| last = Some(gain);
    beginz!(z => {
        let z: &Zone = z;
        remember(z.alloc(0.5));
    });
    *last.unwrap() += 0.1;
}
