//! No key in anything that is shown.

use super::*;

/// Parts of the key's text that are long enough to be its own.
fn parts(key: &str) -> Vec<String> {
    let text: String = key.lines().filter(|line| !line.starts_with("-----")).collect();
    let letters: Vec<char> = text.chars().collect();
    // The beginning says which kind of key it is and is the same for all.
    letters[48..].windows(12).map(|window| window.iter().collect()).collect()
}

fn assert_hidden(shown: &str, key: &str) {
    for part in parts(key) {
        assert!(!shown.contains(&part), "{part:?} of a key is in {shown}");
    }
}

#[test]
fn debug_shows_no_key() {
    let root = root();
    let intermediate = root.issue(&request("east")).unwrap();
    let files = intermediate.files();
    let shown = [
        format!("{root:?} {root:#?} {:?}", root.key()),
        format!("{intermediate:?} {intermediate:#?}"),
        format!("{files:?} {files:#?}"),
        format!("{:?} {:?}", root.certificate(), request("east")),
    ]
    .concat();
    for key in [root.key().expose(), files[CA_KEY].expose_secret()] {
        assert!(!parts(key).is_empty());
        assert_hidden(&shown, key);
    }
    assert!(shown.contains("PrivateKey(redacted)"));
    assert!(shown.contains("O=Istio, CN=Root CA"));
}

#[test]
fn the_check_would_find_a_key() {
    let key = root().key().expose().to_owned();
    let found = std::panic::catch_unwind(|| assert_hidden(&format!("{key:?}"), &key));
    assert!(found.is_err());
}

#[test]
fn errors_show_no_key() {
    let intermediate = root().issue(&request("east")).unwrap();
    let good = data(&intermediate);
    let key = String::from_utf8(good[CA_KEY].clone()).unwrap();
    let damaged = [
        key.replace("PRIVATE", "SECRET"),
        key.replace("-----END", "----END"),
        key.replace('\n', "\n!"),
        key.to_lowercase(),
        format!("\u{feff}{key}"),
    ];
    for (file, content) in
        damaged.iter().map(|text| (CA_KEY, text)).chain([(CA_CERT, &key), (ROOT_CERT, &key)])
    {
        let mut files = good.clone();
        files.insert(file.to_owned(), content.clone().into_bytes());
        let error = Intermediate::parse(&files, now()).unwrap_err();
        let mut shown = vec![format!("{error} {error:?} {}", error.way_out())];
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            shown.push(format!("{error} {error:?}"));
            cause = error.source();
        }
        assert_hidden(&shown.concat(), &key);
    }
}
