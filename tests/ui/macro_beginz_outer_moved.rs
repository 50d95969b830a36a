// Copies to what is no place for values: a `ZBox`.
use memzone::{ZBox, beginz};

fn main() {
    let outer = ZBox::new(1);
    beginz!(z in &outer => z.used());
}
