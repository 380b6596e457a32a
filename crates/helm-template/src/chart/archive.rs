//! Reading `.tgz` archives from sources that need not be trusted.

use std::io::Read as _;

use super::{Error, File, MAX_CHART_SIZE, without_bom};
use crate::golang::path;

/// An archive with more entries than this is no chart.
const MAX_ENTRIES: usize = 100_000;

/// The files of an archive, without the name of its top directory.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<File>, Error> {
    // One byte more than allowed, so that an archive that is too large is seen as such.
    let limited = flate2::read::MultiGzDecoder::new(bytes).take(MAX_CHART_SIZE * 2);
    let mut archive = tar::Archive::new(limited);
    let mut files = Vec::new();
    let mut left = MAX_CHART_SIZE;
    for (count, entry) in archive.entries().map_err(Error::Archive)?.enumerate() {
        if count >= MAX_ENTRIES {
            return Err(Error::Hostile(format!("chart archive has more than {MAX_ENTRIES} entries")));
        }
        let mut entry = entry.map_err(Error::Archive)?;
        let kind = entry.header().entry_type();
        if kind.is_dir() || kind.is_pax_global_extensions() || kind.is_pax_local_extensions() {
            continue;
        }
        let raw = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if !kind.is_file() && !kind.is_contiguous() {
            return Err(Error::Hostile(format!(
                "chart illegally contains something that is not a file: {raw:?}"
            )));
        }
        let name = checked_name(&raw)?;
        if entry.size() > left {
            return Err(Error::TooLarge(MAX_CHART_SIZE));
        }
        let mut data = Vec::new();
        let read = entry.by_ref().take(left).read_to_end(&mut data).map_err(Error::Archive)?;
        left = left.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
        if left == 0 {
            return Err(Error::TooLarge(MAX_CHART_SIZE));
        }
        files.push(File { name, data: without_bom(data) });
    }
    if files.is_empty() { Err(Error::Empty) } else { Ok(files) }
}

/// The name of an entry inside the chart: below the top directory and nowhere else.
fn checked_name(raw: &str) -> Result<String, Error> {
    let hostile = |message: &str| Err(Error::Hostile(message.to_owned()));
    let separator = if raw.contains('\\') { '\\' } else { '/' };
    let (top, rest) = raw.split_once(separator).unwrap_or((raw, ""));
    let rest = rest.replace(separator, "/");
    if rest.starts_with('/') {
        return hostile("chart illegally contains absolute paths");
    }
    if top == "Chart.yaml" {
        return hostile("chart yaml not in base directory");
    }
    let name = path::clean(&rest);
    if name == "." {
        return Err(Error::Hostile(format!(
            "chart illegally contains content outside the base directory: {raw:?}"
        )));
    }
    if name.starts_with("..") {
        return hostile("chart illegally references parent directory");
    }
    let bytes = name.as_bytes();
    if bytes.len() > 2 && bytes[0].is_ascii_alphabetic() && &bytes[1..3] == b":/" {
        return hostile("chart contains illegally named files");
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder =
            tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
        for (name, data) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_size(data.len() as u64);
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            builder.append(&header, *data).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap()
    }

    #[test]
    fn files_are_named_below_the_top_directory() {
        let files =
            read(&archive(&[("c/Chart.yaml", b"\xEF\xBB\xBFname: c"), ("c/templates/a.yaml", b"")])).unwrap();
        assert_eq!(files[0].name, "Chart.yaml");
        assert_eq!(&*files[0].data, b"name: c");
        assert_eq!(files[1].name, "templates/a.yaml");
    }

    #[test]
    fn hostile_names_are_refused() {
        for (name, message) in [
            ("c/../../etc/passwd", "chart illegally references parent directory"),
            ("c//etc/passwd", "chart illegally contains absolute paths"),
            ("Chart.yaml", "chart yaml not in base directory"),
            ("c/C:/x", "chart contains illegally named files"),
            ("c", "chart illegally contains content outside the base directory: \"c\""),
        ] {
            let error = read(&archive(&[(name, b"x")])).unwrap_err();
            assert_eq!(error.to_string(), message, "{name}");
        }
    }

    #[test]
    fn links_are_refused() {
        let mut builder =
            tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        builder.append_link(&mut header, "c/x", "/etc/passwd").unwrap();
        let bytes = builder.into_inner().unwrap().finish().unwrap();
        assert!(matches!(read(&bytes), Err(Error::Hostile(_))));
    }

    #[test]
    fn an_archive_that_unpacks_to_too_much_is_refused() {
        let zeros = vec![0u8; 60 * 1024 * 1024];
        let bytes = archive(&[("c/a", &zeros), ("c/b", &zeros)]);
        assert!(matches!(read(&bytes), Err(Error::TooLarge(_))));
    }

    #[test]
    fn garbage_is_no_archive() {
        assert!(matches!(read(b"hello"), Err(Error::Archive(_))));
    }
}
