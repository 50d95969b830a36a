// Binds nothing.
use memzone::letz;

fn main() {
    letz!(=> {});
}
