// Says nothing at all.
use memzone::beginz;

fn main() {
    beginz!();
}
