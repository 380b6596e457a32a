//! The topology as a Mermaid flowchart.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::picture::Picture;

/// One box a network, in it one node a cluster; a link that does not work is dotted and says why.
pub fn draw(picture: &Picture) -> String {
    let nodes: BTreeMap<&str, String> = picture
        .clusters
        .keys()
        .enumerate()
        .map(|(index, name)| (name.as_str(), format!("cluster{index}")))
        .collect();
    let node = |name: &str| nodes.get(name).cloned().unwrap_or_default();
    let mut text = String::from("flowchart LR\n");
    for (index, (network, names)) in picture.networks().iter().enumerate() {
        let _ = writeln!(text, "  subgraph network{index}[\"{}\"]", escaped(network));
        for name in names {
            let addresses = picture.clusters.get(name).map(|cluster| cluster.gateway_addresses.join("<br/>"));
            let addresses = addresses.filter(|addresses| !addresses.is_empty());
            let below = addresses.map(|addresses| format!("<br/>{addresses}")).unwrap_or_default();
            let _ = writeln!(text, "    {}[\"{}{below}\"]", node(name), escaped(name));
        }
        text.push_str("  end\n");
    }
    for link in &picture.links {
        let arrow = match (&link.fault, link.both_ways) {
            (None, true) => "<-->".to_owned(),
            (None, false) => "-->".to_owned(),
            (Some(fault), true) => format!("<-. {} .->", escaped(fault)),
            (Some(fault), false) => format!("-. {} .->", escaped(fault)),
        };
        let _ = writeln!(text, "  {} {arrow} {}", node(&link.from), node(&link.to));
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('"', "#quot;")
}

#[cfg(test)]
mod tests {
    use super::super::picture::tests::picture;
    use super::*;

    #[test]
    fn networks_are_boxes_and_broken_links_say_why() {
        let expected = "flowchart LR
  subgraph network0[\"apart\"]
    cluster2[\"west<br/>gateway.west.example\"]
  end
  subgraph network1[\"flat\"]
    cluster0[\"east<br/>203.0.113.7\"]
    cluster1[\"middle\"]
  end
  cluster0 <--> cluster1
  cluster0 <--> cluster2
  cluster1 --> cluster2
  cluster2 -. missing .-> cluster1
";
        assert_eq!(draw(&picture()), expected);
    }
}
