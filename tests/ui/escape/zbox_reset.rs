// Resets a zone through the `ZBox` that lives in it.
use memzone::{ZBox, Zone};

fn main() {
    let boxed: ZBox<f32> = Zone::new(1024).boxed(0.5);
    let _ = ZBox::zone(&boxed).reset();
}
