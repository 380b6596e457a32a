//! How the files of the Secret must be written for istiod, and how those may be that are written again.

use super::*;

fn good() -> BTreeMap<String, Vec<u8>> {
    data(&root().issue(&request("east")).unwrap())
}

fn changed(file: &str, change: impl Fn(&str) -> String) -> BTreeMap<String, Vec<u8>> {
    let mut files = good();
    let content = files.get_mut(file).unwrap();
    *content = change(std::str::from_utf8(content).unwrap()).into_bytes();
    files
}

fn indented(text: &str) -> String {
    format!("  {}\n", text.trim_end().replace('\n', "\n  "))
}

#[test]
fn what_go_does_not_read_is_refused_with_file_and_line_and_may_be_given() {
    type Change<'a> = &'a dyn Fn(&str) -> String;
    let glued = |text: &str| text.replace("-----\n-----BEGIN", "----------BEGIN");
    let cases: [(&str, Change<'_>, &str, &str); 5] = [
        (CA_CERT, &indented, "line 1", "the BEGIN or END line is indented"),
        (CA_KEY, &|text| format!("\u{feff}{text}"), "line 1", "starts with a byte order mark"),
        (ROOT_CERT, &|text| text.replace('\n', ""), "line 1", "a BEGIN and an END marker are in one line"),
        (CERT_CHAIN, &glued, "line 13", "a BEGIN and an END marker are in one line"),
        (CA_CERT, &|text| format!("certificate: {text}"), "line 1", "is not in a line of its own"),
    ];
    for (file, change, line, reason) in cases {
        let files = changed(file, change);
        let error = Intermediate::parse(&files, now()).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with(&format!("istiod does not read {file} from line ")), "{text}");
        assert!(text.contains(reason) && (file == CERT_CHAIN || text.contains(line)), "{text}");
        assert!(error.way_out().contains("at the start of lines of their own"));
        assert_eq!(error.file(), Some(file));
        Intermediate::given(&files, now()).unwrap();
        assert_eq!(Signer::check_notation(&files).is_err(), file != CA_KEY);
        // Whose it is can be told all the same.
        Signer::parse(&files).unwrap();
    }
}

#[test]
fn what_go_passes_over_is_accepted() {
    for change in [
        |text: &str| text.replace('\n', "\r\n"),
        |text: &str| text.replace('\n', " \t\n"),
        |text: &str| format!("Subject: a note\n\n{text}\nend"),
        |text: &str| text.trim_end().to_owned(),
    ] {
        for file in [CA_CERT, CA_KEY, CERT_CHAIN, ROOT_CERT] {
            let files = changed(file, change);
            Intermediate::parse(&files, now()).unwrap();
            Signer::check_notation(&files).unwrap();
        }
    }
}

#[test]
fn the_first_of_several_keys_counts() {
    let other = Authority::root("other").key;
    Intermediate::parse(&changed(CA_KEY, |key| format!("{key}{}", other.expose())), now()).unwrap();
    let error = Intermediate::parse(&changed(CA_KEY, |key| format!("{}{key}", other.expose())), now());
    assert!(matches!(error, Err(TrustError::OtherKey { .. })));
}
