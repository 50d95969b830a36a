// Says nothing at all.
use memzone::try_beginz;

fn main() {
    let _ = try_beginz!();
}
