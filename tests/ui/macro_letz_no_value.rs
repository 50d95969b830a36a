// Binds a name to nothing.
use memzone::letz;

fn main() {
    letz!(a => {});
}
