// Forgets the comma after the size.
use memzone::beginz;

fn main() {
    beginz!(64 z => z.used());
}
