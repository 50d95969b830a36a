// Nothing before the semicolon.
use memzone::salloc;

fn main() {
    salloc![; 64];
}
