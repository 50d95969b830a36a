// Gives the size as a text.
use memzone::try_beginz;

fn main() {
    let _ = try_beginz!("64k", z => z.used());
}
