// Says nothing at all.
use memzone::salloc;

fn main() {
    let slice = salloc![];
    slice[0] = 1.0;
}
