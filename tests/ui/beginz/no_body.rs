// Forgets the body.
use memzone::beginz;

fn main() {
    beginz!(z => );
}
