// Forgets `=>` and the body.
use memzone::try_letz;

fn main() {
    let _ = try_letz!(a = 1);
}
