//! In which order real clients do the work of one apply: what a resource may rely on when it and what depends on it change
//! in the same run.
#![allow(clippy::unwrap_used, clippy::panic)]
#![cfg(unix)]

mod support;

use support::{Client, Workspace, actions, with_every_client};

with_every_client! {
    a_dependent_that_goes_is_destroyed_before_its_server_changes_and_the_others_follow_it,
    a_dependent_that_goes_is_destroyed_before_its_server_is_replaced,
    all_dependents_are_destroyed_before_their_server,
    a_dependent_that_is_created_before_it_is_destroyed_makes_its_server_be_so_too,
}

/// A server and what lives on it; whatever changes of the server reaches every guest.
fn inn(server: &str, size: u32, guests: &[&str]) -> String {
    let guests = guests.iter().map(|guest| format!("{guest:?}")).collect::<Vec<_>>().join(", ");
    format!(
        r#"
resource "keeper_server" "inn" {{
  name = "{server}"
  size = {size}
}}

resource "keeper_guest" "all" {{
  for_each = toset([{guests}])
  name     = each.key
  server   = "${{keeper_server.inn.address}} ${{keeper_server.inn.revision}}"
}}
"#
    )
}

/// A workspace with the server `one` and its guests `ann` and `bob`, whose journal is empty.
fn full(client: Client) -> Workspace {
    let workspace = Workspace::new(client, &inn("one", 10, &["ann", "bob"]));
    workspace.apply();
    std::fs::remove_file(workspace.path("files/journal")).unwrap();
    workspace
}

/// What was done, one act after the other; those that overlap are one entry, in the order of the alphabet.
fn done(workspace: &Workspace) -> Vec<String> {
    let journal = std::fs::read_to_string(workspace.path("files/journal")).unwrap();
    let (mut done, mut together, mut open) = (Vec::new(), Vec::new(), 0_u32);
    for line in journal.lines() {
        if let Some(act) = line.strip_suffix(" begins") {
            together.push(act);
            open += 1;
        } else {
            open -= 1;
        }
        if open == 0 {
            together.sort_unstable();
            done.push(together.join(", "));
            together.clear();
        }
    }
    done
}

fn a_dependent_that_goes_is_destroyed_before_its_server_changes_and_the_others_follow_it(client: Client) {
    let workspace = full(client);
    workspace.configure(&inn("one", 20, &["ann", "cat"]));
    workspace.apply();
    let expected = ["delete guest bob", "update server one", "create guest cat, update guest ann"];
    assert_eq!(done(&workspace), expected);
}

fn a_dependent_that_goes_is_destroyed_before_its_server_is_replaced(client: Client) {
    let workspace = full(client);
    workspace.configure(&inn("two", 10, &["ann"]));
    workspace.apply();
    let expected = ["delete guest bob", "delete server one", "create server two", "update guest ann"];
    assert_eq!(done(&workspace), expected);
}

fn all_dependents_are_destroyed_before_their_server(client: Client) {
    let workspace = full(client);
    let (status, output) = workspace.run(&["destroy", "-auto-approve", "-no-color"]);
    assert_eq!(status, 0, "{output}");
    assert_eq!(done(&workspace), ["delete guest ann, delete guest bob", "delete server one"]);
}

fn a_dependent_that_is_created_before_it_is_destroyed_makes_its_server_be_so_too(client: Client) {
    let with = |server: &str| {
        let first = "  lifecycle {\n    create_before_destroy = true\n  }\n}\n";
        let inn = inn(server, 10, &["ann"]);
        format!("{}{first}", inn.trim_end().strip_suffix('}').unwrap())
    };
    let workspace = Workspace::new(client, &with("one"));
    workspace.apply();
    std::fs::remove_file(workspace.path("files/journal")).unwrap();
    workspace.configure(&with("two"));
    assert_eq!(actions(&workspace.plan(), "keeper_server.inn"), ["create", "delete"]);
    workspace.apply();
    assert_eq!(done(&workspace), ["create server two", "update guest ann", "delete server one"]);
}
