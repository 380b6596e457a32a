//! The topology as an SVG image: a column a network, links as curves.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::picture::{Link, Picture};

const BOX: (u32, u32) = (200, 56);
const GAP: (u32, u32) = (120, 40);
const MARGIN: u32 = 24;
const HEAD: u32 = 36;
/// How the text below a name looks.
const SMALL: &str = "fill=\"#5a6372\" font-size=\"11\"";

/// Where the box of a cluster is: its upper left corner.
type Places<'a> = BTreeMap<&'a str, (u32, u32)>;

/// Columns in the order of the networks' names, boxes in that of the clusters'. Links lie behind the boxes.
pub fn draw(picture: &Picture) -> String {
    let networks = picture.networks();
    let rows = networks.values().map(Vec::len).max().unwrap_or_default();
    let (columns, rows) = (count(networks.len()), count(rows));
    let width = 2 * MARGIN + columns * (BOX.0 + GAP.0);
    let height = 2 * MARGIN + HEAD + rows * (BOX.1 + GAP.1);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
         font-size=\"14\"><title>Mesh {}</title>\n",
        escaped(&picture.mesh_id)
    );
    let (mut places, mut boxes) = (Places::new(), String::new());
    for (column, (network, names)) in networks.iter().enumerate() {
        let x = MARGIN + GAP.0 / 2 + count(column) * (BOX.0 + GAP.0);
        let frame = HEAD + count(names.len()) * (BOX.1 + GAP.1);
        let _ = writeln!(
            svg,
            "<rect x=\"{}\" y=\"{MARGIN}\" width=\"{}\" height=\"{frame}\" rx=\"8\" fill=\"#f4f6fa\" stroke=\"#8a94a6\"/>\
             <text x=\"{x}\" y=\"{}\" fill=\"#5a6372\">{}</text>",
            x - 16,
            BOX.0 + 32,
            MARGIN + 24,
            escaped(network)
        );
        for (row, name) in names.iter().enumerate() {
            let y = MARGIN + HEAD + count(row) * (BOX.1 + GAP.1) + 8;
            let clusters = picture.clusters.get_key_value(name);
            places.extend(clusters.map(|(name, _)| (name.as_str(), (x, y))));
            boxes.push_str(&cluster(picture, name, (x, y)));
        }
    }
    for link in &picture.links {
        svg.push_str(&curve(link, &places).unwrap_or_default());
    }
    svg.push_str(&boxes);
    svg.push_str("</svg>\n");
    svg
}

/// The box of a cluster; a grey and dashed one if it has no control plane of its own, with the name of who serves it.
fn cluster(picture: &Picture, name: &str, (x, y): (u32, u32)) -> String {
    let Some(cluster) = picture.clusters.get(name) else { return String::new() };
    let (stroke, served) = if cluster.served_by.is_empty() {
        ("#3b5bdb\"", String::new())
    } else {
        let primaries = escaped(&cluster.served_by.join(", "));
        (
            "#5a6372\" stroke-dasharray=\"2 3\"",
            format!("<tspan dx=\"8\" {SMALL}>served by {primaries}</tspan>"),
        )
    };
    format!(
        "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"6\" fill=\"#ffffff\" stroke=\"{stroke}/>\
         <text x=\"{}\" y=\"{}\">{}{served}</text>\
         <text x=\"{}\" y=\"{}\" {SMALL}>{}</text>\n",
        BOX.0,
        BOX.1,
        x + 12,
        y + 24,
        escaped(name),
        x + 12,
        y + 44,
        escaped(&cluster.gateway_addresses.join(", "))
    )
}

/// How much further down a link passes a column of others: below a box of its own row.
const DIP: u32 = BOX.1 / 2 + GAP.1;

/// From the side of one box to that of the other; below each other, around them.
fn curve(link: &Link, places: &Places<'_>) -> Option<String> {
    let (from, to) = (places.get(link.from.as_str())?, places.get(link.to.as_str())?);
    let middle = BOX.1 / 2;
    let (start, end) = if from.0 < to.0 { (from.0 + BOX.0, to.0) } else { (from.0, to.0 + BOX.0) };
    let (start, end) = if from.0 == to.0 { (from.0 + BOX.0, to.0 + BOX.0) } else { (start, end) };
    let bend = if from.0 == to.0 { start + GAP.0 / 3 } else { u32::midpoint(start, end) };
    // Two directions that differ must not lie on each other.
    let shift = if link.both_ways || link.from < link.to { 0 } else { 10 };
    let (y1, y2) = (from.1 + middle + shift, to.1 + middle + shift);
    let passed = (start.abs_diff(end) / (BOX.0 + GAP.0)).min(1) * DIP;
    let (c1, c2) = (y1 + passed, y2 + passed);
    let style = if link.fault.is_some() { "#c92a2a\" stroke-dasharray=\"5 4" } else { "#2f9e44" };
    let label = link.fault.as_deref().map(|fault| {
        format!(
            "<text x=\"{bend}\" y=\"{}\" fill=\"#c92a2a\" font-size=\"11\" text-anchor=\"middle\">{}</text>",
            u32::midpoint(y1, y2) - 4,
            escaped(fault)
        )
    });
    Some(format!(
        "<path d=\"M{start} {y1} C{bend} {c1} {bend} {c2} {end} {y2}\" fill=\"none\" stroke=\"{style}\"/>{}\n",
        label.unwrap_or_default()
    ))
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX / 1000)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::picture::tests::{mixed, picture, served};
    use super::*;

    #[test]
    fn every_cluster_and_every_link_is_drawn() {
        let svg = draw(&picture());
        for text in [">east<", ">middle<", ">west<", ">flat<", ">apart<", ">203.0.113.7<", ">missing<"] {
            assert!(svg.contains(text), "{text} is missing in\n{svg}");
        }
        assert_eq!(svg.matches("<path").count(), 4);
        assert_eq!(svg.matches("stroke-dasharray").count(), 1);
    }

    #[test]
    fn names_are_escaped() {
        let mut picture = picture();
        picture.mesh_id = "<&\">".to_owned();
        assert!(draw(&picture).contains("<title>Mesh &lt;&amp;&quot;&gt;</title>"));
    }

    #[test]
    fn remote_clusters_say_who_serves_them() {
        let svg = draw(&served());
        for text in [">branch<tspan", ">edge<tspan", ">east<"] {
            assert!(svg.contains(text), "{text} is missing in\n{svg}");
        }
        assert_eq!(svg.matches(">served by east<").count(), 2);
        assert_eq!(svg.matches("stroke-dasharray=\"2 3\"").count(), 2);
    }

    #[test]
    fn readme_shows_the_picture_of_the_mixed_example() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/mixed/mesh.svg");
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        let drawn = draw(&mixed());
        if kept != drawn && std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
            std::fs::write(path, &drawn).unwrap();
            return;
        }
        assert!(kept == drawn, "examples/mixed/mesh.svg is out of date: run this test with UPDATE_GOLDEN=1");
    }
}
