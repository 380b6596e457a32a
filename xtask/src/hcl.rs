//! Configuration in pages and examples: every piece is formatted as Terraform does, every whole one is valid.
//!
//! A fenced block of language `hcl` or `terraform` is whole unless its fence also says `fragment`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command;
use crate::error::{Error, file_error};
use crate::terraform::Terraform;
use crate::tree;
use crate::workspace::Workspace;

/// The pages in the root of the tree and the folders that hold others.
const PAGES: [&str; 4] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];
const PAGE_FOLDERS: [&str; 2] = ["docs", "templates"];
const EXAMPLES: &str = "examples";

/// One piece of configuration.
#[derive(Debug, PartialEq)]
struct Piece {
    /// Where it stands, for people: `README.md:12` or a folder.
    place: String,
    /// Its files' names and texts.
    files: Vec<(String, String)>,
    /// Not to be validated, since it leaves out what it refers to.
    fragment: bool,
}

/// Checks every piece and reports all that are refused.
pub fn check(workspace: &Workspace) -> Result<(), Error> {
    command::run(&mut workspace.build_provider())?;
    let scratch = tempfile::tempdir().map_err(file_error("create", Path::new("a temporary directory")))?;
    let terraform = Terraform::with_overrides(&workspace.built("debug"), scratch.path())?;
    let pieces = pieces(&workspace.root)?;
    let mut refused = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let folder = scratch.path().join(index.to_string());
        fs::create_dir(&folder).map_err(file_error("create", &folder))?;
        for (name, text) in &piece.files {
            let path = folder.join(name);
            fs::write(&path, text).map_err(file_error("write", &path))?;
        }
        if !accepted(&terraform, &folder, piece) {
            refused.push(piece.place.clone());
        }
    }
    let fragments = pieces.iter().filter(|piece| piece.fragment).count();
    eprintln!("{} pieces of configuration, {fragments} of them fragments", pieces.len());
    if refused.is_empty() { Ok(()) } else { Err(Error::Configuration { places: refused }) }
}

fn accepted(terraform: &Terraform, folder: &Path, piece: &Piece) -> bool {
    let mut commands = vec![terraform.command(folder, &["fmt", "-check", "-diff"])];
    if !piece.fragment {
        commands.push(terraform.command(folder, &["validate", "-no-color"]));
    }
    commands.iter_mut().all(|command| match command.output() {
        Ok(output) if output.status.success() => true,
        Ok(output) => {
            let printed = [output.stdout, output.stderr].concat();
            eprintln!("{}: {}", piece.place, String::from_utf8_lossy(&printed));
            false
        }
        Err(error) => {
            eprintln!("{}: {}: {error}", piece.place, command::line(command));
            false
        }
    })
}

fn pieces(root: &Path) -> Result<Vec<Piece>, Error> {
    let mut pages: Vec<PathBuf> = PAGES.iter().map(PathBuf::from).collect();
    for folder in PAGE_FOLDERS {
        pages.extend(tree::read(&root.join(folder))?.into_keys().map(|name| Path::new(folder).join(name)));
    }
    let mut pieces = Vec::new();
    for page in pages {
        let path = root.join(&page);
        if path.is_file() {
            let text = fs::read_to_string(&path).map_err(file_error("read", &path))?;
            pieces.extend(blocks(&page.display().to_string(), &text));
        }
    }
    pieces.extend(examples(&root.join(EXAMPLES))?);
    Ok(pieces)
}

/// The fenced blocks of a page.
fn blocks(page: &str, text: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut open = None;
    for (index, line) in text.lines().enumerate() {
        match (line.trim_start().strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => pieces.extend(open.take().flatten()),
            (Some(info), None) => open = Some(opened(page, index + 1, info)),
            (None, Some(Some(piece))) => {
                for (_, text) in &mut piece.files {
                    text.push_str(line);
                    text.push('\n');
                }
            }
            (None, _) => {}
        }
    }
    pieces
}

/// The piece that a fence opens, if its language is Terraform's.
fn opened(page: &str, line: usize, info: &str) -> Option<Piece> {
    let mut words = info.split_whitespace();
    matches!(words.next(), Some("hcl" | "terraform")).then(|| Piece {
        place: format!("{page}:{line}"),
        files: vec![("main.tf".to_owned(), String::new())],
        fragment: words.any(|word| word == "fragment"),
    })
}

/// Each folder with configuration files is one whole piece.
fn examples(folder: &Path) -> Result<Vec<Piece>, Error> {
    let mut pieces: Vec<Piece> = Vec::new();
    for (path, content) in tree::read(folder)? {
        if path.extension().is_none_or(|extension| extension != "tf") {
            continue;
        }
        let place = Path::new(EXAMPLES).join(path.parent().unwrap_or(&path)).display().to_string();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let file = (name, String::from_utf8_lossy(&content).into_owned());
        match pieces.last_mut() {
            Some(piece) if piece.place == place => piece.files.push(file),
            _ => pieces.push(Piece { place, files: vec![file], fragment: false }),
        }
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_terraform_block_of_a_page_is_a_piece_with_its_line() {
        let page =
            "text\n```hcl\na = 1\n```\n```console\n$ x\n```\n  ```terraform fragment\n  b = 2\n  ```\n";
        let found: Vec<_> = blocks("p.md", page)
            .into_iter()
            .map(|piece| (piece.place, piece.files, piece.fragment))
            .collect();
        let file = |text: &str| vec![("main.tf".to_owned(), text.to_owned())];
        assert_eq!(
            found,
            [("p.md:2".into(), file("a = 1\n"), false), ("p.md:8".into(), file("  b = 2\n"), true)]
        );
    }

    #[test]
    fn the_files_of_an_example_are_one_piece() {
        let scratch = tempfile::tempdir().unwrap();
        fs::create_dir(scratch.path().join("demo")).unwrap();
        for name in ["main.tf", "variables.tf", "import.sh"] {
            fs::write(scratch.path().join("demo").join(name), "").unwrap();
        }
        let found = examples(scratch.path()).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].place, "examples/demo");
        assert_eq!(found[0].files.len(), 2);
    }
}
