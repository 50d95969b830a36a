// Says nothing at all.
use memzone::try_letz;

fn main() {
    let _ = try_letz!();
}
