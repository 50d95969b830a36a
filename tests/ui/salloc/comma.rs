// A comma in place of the semicolon, as in `vec!` with a list.
use memzone::salloc;

fn main() {
    salloc![0.0, 64];
    salloc![1, 2, 3];
}
