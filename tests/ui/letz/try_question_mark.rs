// Asks for the value with `?` where nothing takes the error.
use memzone::try_letz;

fn main() {
    let _ = try_letz!(a = 1 => *a)?;
}
