// Gives a size and no body.
use memzone::beginz;

fn main() {
    beginz!(4096,);
}
