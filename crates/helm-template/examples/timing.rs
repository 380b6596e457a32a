//! t
use helm_template::*;
fn main() {
    for c in std::env::args().skip(1) {
        let chart = Chart::from_directory(&c).unwrap();
        let mut best = f64::MAX;
        for _ in 0..15 {
            let t = std::time::Instant::now();
            let r = render(&chart, &Values::new(), &Release::new("x", "n"), &Capabilities::new("v1.31.0"), &Options::default()).unwrap();
            best = best.min(t.elapsed().as_secs_f64() * 1000.0);
            std::hint::black_box(r);
        }
        println!("{c} {best:.2} ms");
    }
}
