// Gives the size as a float.
use memzone::beginz;

fn main() {
    beginz!(64e3, z => z.used());
}
