//! What is fuzzed: each function takes any bytes and must come back, with a result or an error. The fuzz targets call them,
//! and so does `tests/mutations.rs`, which runs on every change.

use helm_template::{Capabilities, Chart, Error, Options, Release, Values, render, yaml};

/// More output than this is refused, so that a short template cannot keep a machine busy.
const MAX_OUTPUT: usize = 1_000_000;

/// Renders bytes as a template of a small chart.
pub fn template(bytes: &[u8]) {
    let files = [
        ("Chart.yaml", b"apiVersion: v2\nname: any\nversion: 1.0.0\n".as_slice()),
        ("values.yaml", b"a: 1\nb: [x, {c: d}]\ne: {f: null, g: '2024-02-29'}\nh: [3, 1.5]\n"),
        ("files/a.txt", b"line one\nline two\n"),
        ("templates/_b.tpl", b"{{ define \"b\" }}<{{ . }}>{{ end }}"),
        ("templates/a.yaml", bytes),
    ];
    let Ok(chart) = Chart::from_files(files.map(|(name, data)| (name.to_owned(), data.to_vec()))) else {
        return;
    };
    let options = Options { max_output: MAX_OUTPUT, ..Options::default() };
    let release = Release::new("x", "default");
    match render(&chart, &Values::new(), &release, &Capabilities::new("v1.31.0"), &options) {
        Err(Error::Stopped) => unreachable!("rendering panicked"),
        Ok(rendered) => drop(rendered.to_text()),
        Err(error) => drop(error.to_string()),
    }
}

/// Decodes bytes as YAML; what is read must be written as YAML that is read and written again the same way.
pub fn yaml(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(documents) = yaml::parse_documents(text) else { return };
    for value in documents {
        let written = yaml::emit(&value);
        // go-yaml itself does not read everything back that it writes: long keys, and characters that it escapes.
        if !written.contains(['?', '\\', '\u{feff}', '\u{85}', '\u{2028}', '\u{2029}', '\r']) {
            let again = yaml::parse(&written).map(|value| yaml::emit(&value));
            assert_eq!(again.as_deref(), Ok(&*written));
        }
    }
    drop(Values::from_yaml(text));
}

/// Loads bytes as a chart's archive, and renders it if it is one.
pub fn archive(bytes: &[u8]) {
    let Ok(chart) = Chart::from_archive(bytes) else { return };
    let options = Options { max_output: MAX_OUTPUT, ..Options::default() };
    let release = Release::new("x", "default");
    if let Err(Error::Stopped) =
        render(&chart, &Values::new(), &release, &Capabilities::new("v1.31.0"), &options)
    {
        unreachable!("rendering panicked");
    }
}
