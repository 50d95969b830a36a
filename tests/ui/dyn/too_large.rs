use memzone::{Inline, inline};
use std::fmt::Debug;

fn main() {
    let _shown: Inline<dyn Debug, 16> = inline!([0_u8; 17] => dyn Debug);
}
