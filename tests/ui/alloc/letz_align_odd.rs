use memzone::letz;

fn main() {
    letz!(#[align(48)] gains = [0.5; 4] => println!("{gains:?}"));
}
