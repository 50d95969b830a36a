// Nothing after the semicolon.
use memzone::salloc;

fn main() {
    salloc![0.0;];
}
