//! Damaged files never go unnoticed and never panic.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

static FILES: LazyLock<BTreeMap<String, Vec<u8>>> =
    LazyLock::new(|| data(&root().issue(&request("east")).unwrap()));
const NAMES: [&str; 4] = [CA_CERT, CA_KEY, CERT_CHAIN, ROOT_CERT];

/// Parsing says which file is damaged, or nothing that matters was. A trusted certificate need not be self-signed, and
/// then its signature means nothing: that is seen instead.
fn check(file: &str, damaged: Vec<u8>) -> Result<(), TestCaseError> {
    let mut files = FILES.clone();
    files.insert(file.to_owned(), damaged);
    match Intermediate::parse(&files, now()) {
        Err(error) => prop_assert!(error.to_string().contains(file), "{error} does not name {file}"),
        Ok(parsed) => prop_assert!(
            data(&parsed) == *FILES || !parsed.root().is_self_signed(),
            "damage to {file} went unnoticed"
        ),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn a_flipped_bit_of_the_text_is_noticed_and_its_file_named(
        file in prop::sample::select(&NAMES[..]),
        place in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let mut content = FILES[file].clone();
        let place = place.index(content.len());
        content[place] ^= 1_u8 << bit;
        check(file, content)?;
    }

    #[test]
    fn a_flipped_bit_inside_a_block_is_noticed_and_its_file_named(
        file in prop::sample::select(&NAMES[..]),
        block in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let mut blocks = pem::parse_many(&FILES[file]).unwrap();
        let block = block.index(blocks.len());
        let mut content = blocks[block].contents().to_vec();
        let place = place.index(content.len());
        content[place] ^= 1_u8 << bit;
        blocks[block] = pem::Pem::new(blocks[block].tag(), content);
        check(file, pem::encode_many(&blocks).into_bytes())?;
    }

    #[test]
    fn a_file_that_was_cut_short_is_noticed(
        file in prop::sample::select(&NAMES[..]),
        length in any::<prop::sample::Index>(),
    ) {
        let mut content = FILES[file].clone();
        content.truncate(length.index(content.len() - 1));
        // A chain that ends before the root is still one, with or without a few dashes after it.
        let first = FILES[CA_CERT].len();
        prop_assume!(file != CERT_CHAIN || !(first - 1..first + "-----BEGIN ".len()).contains(&content.len()));
        check(file, content)?;
    }

    #[test]
    fn arbitrary_bytes_are_an_error(
        file in prop::sample::select(&NAMES[..]),
        content in prop::collection::vec(any::<u8>(), 0..200),
        kind in prop::sample::select(vec!["CERTIFICATE", "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "X"]),
    ) {
        check(file, pem::encode(&pem::Pem::new(kind, content.clone())).into_bytes())?;
        check(file, content)?;
    }
}
