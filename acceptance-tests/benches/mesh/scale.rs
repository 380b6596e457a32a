//! Many primaries, far away: whole clusters with a real istiod each, on one network, every one of which reads all others.

use std::env;

use crate::far::{FarMesh, ROUND_TRIP, Size};
use crate::measure::{Spread, megabytes, seconds};
use crate::{build, plan};

/// Prints the table.
pub fn table() {
    println!("\n### A plan of many primaries that changes nothing, {} ms away\n", ROUND_TRIP.as_millis());
    println!(
        "| primaries | remote secrets | objects | requests | a primary | time, median and range | peak memory | create |\n\
         |--:|--:|--:|--:|--:|--:|--:|--:|"
    );
    sizes().into_iter().for_each(row);
}

/// How many primaries there are, in turn.
pub fn sizes() -> Vec<usize> {
    numbers("BENCH_PRIMARIES", "2,5,10")
}

fn row(size: usize) {
    let mesh = FarMesh::create(&Size { primaries: size, remotes: 0 }, build());
    let requests: usize = mesh.requests_of_a_plan().into_iter().sum();
    let (times, peaks) = (plan::plans(&mesh.workspace, || ()), plan::peaks(&mesh.workspace, build(), || ()));
    println!(
        "| {size} | {} | {} | {requests} | {} | {} | {} | {} |",
        size * (size - 1),
        mesh.objects_of("istio_mesh.shop"),
        requests / size,
        Spread::of(times).shown(seconds),
        Spread::of(peaks).shown(megabytes),
        seconds(mesh.time)
    );
}

/// The numbers in a variable, separated by commas.
pub fn numbers(variable: &str, default: &str) -> Vec<usize> {
    let numbers = env::var(variable).unwrap_or_else(|_| default.to_owned());
    let parse = |number: &str| number.trim().parse().unwrap_or_else(|_| panic!("{variable} are numbers"));
    numbers.split(',').map(parse).collect()
}
