// As `salloc_run_time`, where only the compiler sees it.
use memzone::salloc;

fn main() {
    let frames = 64;
    salloc![0.0; { frames }];
}
