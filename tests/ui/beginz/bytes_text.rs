// Gives the size as a text.
use memzone::beginz;

fn main() {
    beginz!("64k", z => z.used());
}
