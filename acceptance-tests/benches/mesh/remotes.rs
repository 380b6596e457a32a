//! Many clusters without a control plane, far away, which one primary serves; and what one costs instead of a second primary.

use std::time::Duration;

use crate::far::{FarMesh, ROUND_TRIP, Size};
use crate::measure::{Spread, megabytes, seconds};
use crate::{build, plan, scale};

/// What a plan takes that changes nothing.
struct Row {
    size: Size,
    /// Requests to each cluster; the primary is the first.
    requests: Vec<usize>,
    times: Spread<Duration>,
    peaks: Spread<u64>,
    create: Duration,
}

/// Prints the table.
pub fn table() {
    println!(
        "\n### A plan of a primary and its remote clusters that changes nothing, {} ms away\n",
        ROUND_TRIP.as_millis()
    );
    println!(
        "| primaries | remote clusters | requests to the first primary | to each other cluster | time, median and range | peak memory | \
         create |\n|--:|--:|--:|--:|--:|--:|--:|"
    );
    let two = row(Size { primaries: 2, remotes: 0 });
    let one = row(Size { primaries: 1, remotes: 1 });
    let sizes = scale::numbers("BENCH_REMOTES", "2,5,10,20");
    let rows: Vec<Row> = sizes.into_iter().map(|remotes| row(Size { primaries: 1, remotes })).collect();
    println!(
        "\n{}",
        compared("One primary and one remote cluster take", &one, &two, "of the time of two primaries", 1.1)
    );
    if let [first, .., last] = &rows[..] {
        let clusters = |row: &Row| row.size.remotes;
        let begin = format!("{} remote clusters take", clusters(last));
        println!("{}", compared(&begin, last, first, &format!("times as long as {}", clusters(first)), 3.0));
    }
}

#[allow(clippy::cast_precision_loss, reason = "a ratio is shown with two digits")]
fn compared(begin: &str, this: &Row, other: &Row, end: &str, goal: f64) -> String {
    let ratio = this.times.median.as_secs_f64() / other.times.median.as_secs_f64();
    let met = if ratio <= goal { "met" } else { "missed" };
    format!("{begin} {ratio:.2} {end} (goal {goal}: {met}).")
}

fn row(size: Size) -> Row {
    let mesh = FarMesh::create(&size, build());
    let requests = mesh.requests_of_a_plan();
    let (times, peaks) = (plan::plans(&mesh.workspace, || ()), plan::peaks(&mesh.workspace, build(), || ()));
    let row = Row { size, requests, times: Spread::of(times), peaks: Spread::of(peaks), create: mesh.time };
    let others: std::collections::BTreeSet<usize> = row.requests[1..].iter().copied().collect();
    println!(
        "| {} | {} | {} | {} | {} | {} | {} |",
        size.primaries,
        size.remotes,
        row.requests[0],
        others.iter().map(usize::to_string).collect::<Vec<_>>().join(", "),
        row.times.shown(seconds),
        row.peaks.shown(megabytes),
        seconds(row.create)
    );
    row
}
