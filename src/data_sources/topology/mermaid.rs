//! The topology as a Mermaid flowchart.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::picture::Picture;

/// One box a network, in it one node a cluster, round if it has no control plane of its own; a thick arrow leads to it from who serves
/// it. A link that does not work is dotted and says why.
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
            let Some(cluster) = picture.clusters.get(name) else { continue };
            let lines: Vec<&str> = std::iter::once(name.as_str())
                .chain(cluster.gateway_addresses.iter().map(String::as_str))
                .collect();
            let (open, close) = if cluster.served_by.is_empty() { ("[", "]") } else { ("([", "])") };
            let lines = escaped(&lines.join("<br/>"));
            let _ = writeln!(text, "    {}{open}\"{lines}\"{close}", node(name));
        }
        text.push_str("  end\n");
    }
    for (name, cluster) in &picture.clusters {
        for primary in &cluster.served_by {
            let _ = writeln!(text, "  {} == serves ==> {}", node(primary), node(name));
        }
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
    use super::super::picture::tests::{picture, served};
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

    #[test]
    fn remote_clusters_are_round_and_an_arrow_says_who_serves_them() {
        let expected = "flowchart LR
  subgraph network0[\"apart\"]
    cluster0([\"branch<br/>203.0.113.9\"])
  end
  subgraph network1[\"flat\"]
    cluster1[\"east<br/>203.0.113.7\"]
    cluster2([\"edge\"])
  end
  cluster1 == serves ==> cluster0
  cluster1 == serves ==> cluster2
  cluster0 <--> cluster1
  cluster1 <--> cluster2
";
        assert_eq!(draw(&served()), expected);
    }
}
