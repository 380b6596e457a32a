//! The sources.

use std::fs;
use std::path::Path;

/// A source file; its path starts at the root of the repository and has slashes.
#[derive(Debug)]
pub struct File {
    pub path: String,
    pub text: String,
}

/// Every Rust file in these directories, generated ones and build output apart.
pub fn rust_files(directories: &[&str]) -> Vec<File> {
    files(directories, &["rs"])
}

/// What people read: the pages in the root and in these directories, and the examples there.
pub fn pages(directories: &[&str]) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "ARCHITECTURE.md"];
    let of_root =
        names.map(|name| File { path: name.to_owned(), text: fs::read_to_string(root.join(name)).unwrap() });
    of_root.into_iter().chain(files(directories, &["md", "tmpl", "tf"])).collect()
}

fn files(directories: &[&str], extensions: &[&str]) -> Vec<File> {
    let mut files = Vec::new();
    for directory in directories {
        collect(Path::new(env!("CARGO_MANIFEST_DIR")), directory, extensions, &mut files);
    }
    files
}

fn collect(root: &Path, directory: &str, extensions: &[&str], files: &mut Vec<File>) {
    let entries = fs::read_dir(root.join(directory)).unwrap_or_else(|error| panic!("{directory}: {error}"));
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    for name in names {
        let path = format!("{directory}/{name}");
        if root.join(&path).is_dir() {
            if !matches!(name.as_str(), "generated" | "target" | "node_modules") && !name.starts_with('.') {
                collect(root, &path, extensions, files);
            }
        } else if Path::new(&name).extension().is_some_and(|it| extensions.iter().any(|wanted| it == *wanted))
        {
            let text = fs::read_to_string(root.join(&path)).unwrap();
            files.push(File { path, text });
        }
    }
}
