// Writes `=>` for `;` after the zone's name.
use memzone::letz;

fn main() {
    letz!(z => a = 1 => *a);
}
