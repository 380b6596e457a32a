//! `cargo xtask lab parts`: makes the real programs that the lab and the tests run.

use lab::parts::{self, Part};

use crate::error::Error;

/// Builds the named parts; none means all that the tests use.
pub fn make(names: &[String]) -> Result<(), Error> {
    parts::machine::prepare()?;
    let wanted = if names.is_empty() { Part::DEFAULT.to_vec() } else { named(names)? };
    let parts = parts::ensure(&wanted)?;
    for part in wanted {
        eprintln!("{}", parts.path(part).display());
    }
    Ok(())
}

fn named(names: &[String]) -> Result<Vec<Part>, Error> {
    let find = |name: &String| Part::ALL.iter().copied().find(|part| part.file_name() == name);
    let unknown = |name: &String| {
        let known: Vec<_> = Part::ALL.iter().map(|part| part.file_name()).collect();
        Error::UnknownPart { name: name.clone(), known: known.join(", ") }
    };
    names.iter().map(|name| find(name).ok_or_else(|| unknown(name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_known_by_their_names() {
        assert_eq!(named(&["etcd".into(), "tofu".into()]).unwrap(), [Part::Etcd, Part::Tofu]);
        let error = named(&["nothing".into()]).unwrap_err();
        assert!(
            error.to_string().starts_with("there is no part `nothing`; the parts are charts, "),
            "{error}"
        );
    }
}
