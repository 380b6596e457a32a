//! What a plan knows of objects although something of the configuration is unknown: the configuration is read once with every stand-in,
//! and what comes out alike each time does not depend on what is unknown.

use tfplugin::Diagnostic;

use super::drawn::Drawn;

/// Every object that a plan knows of, with its fields where they are known.
#[derive(Debug, Default, PartialEq)]
pub struct Common {
    /// The objects.
    pub objects: Drawn,
    /// Whether there may be others, or some of these may not be.
    pub is_open: bool,
}

impl Common {
    /// What is the same in all of `readings`, which are one configuration with every stand-in for what is unknown of it. `is_loose` says
    /// that there are objects of which nothing can be said.
    ///
    /// # Errors
    /// What fails in each of them, and does not for want of unknown values.
    pub fn of<T>(
        readings: &[T],
        is_loose: bool,
        draw: impl Fn(&T) -> Result<Drawn, Diagnostic>,
    ) -> Result<Self, Diagnostic> {
        let mut drawn = Vec::new();
        let mut failed = None;
        for reading in readings {
            match draw(reading) {
                Ok(objects) => drawn.push(objects),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        match failed {
            Some(error) if drawn.is_empty() && !is_loose => Err(error),
            // What one stand-in alone renders says nothing about the others.
            Some(_) if drawn.len() < 2 => Ok(Self { is_open: true, ..Self::default() }),
            _ => {
                let agreed = agreed(drawn);
                Ok(Self { is_open: agreed.is_open || is_loose, ..agreed })
            }
        }
    }
}

/// What all of them have alike: an object that one of them renders otherwise is unknown.
fn agreed(drawn: Vec<Drawn>) -> Common {
    let mut all = drawn.into_iter();
    let mut agreed = Common { objects: all.next().unwrap_or_default(), is_open: false };
    for mut other in all {
        agreed.is_open |= !other.keys().eq(agreed.objects.keys());
        for (id, known) in &mut agreed.objects {
            let object = other.remove(id).flatten();
            *known = known.take().filter(|known| Some(known) == object.as_ref());
        }
        agreed.objects.extend(other.into_keys().map(|id| (id, None)));
    }
    agreed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::Rendered;

    fn drawn(objects: &[(&str, &str)]) -> Drawn {
        let objects = objects.iter().map(|(name, value)| {
            let id = format!("east//Service/istio-system/{name}").parse().unwrap();
            let fields = [("spec.type".to_owned(), (*value).to_owned())].into();
            (id, Some(Rendered { fields, ..Rendered::default() }))
        });
        objects.collect()
    }

    fn known(drawn: &Common) -> Vec<&str> {
        let known = drawn.objects.iter().filter(|(_, object)| object.is_some());
        known.map(|(id, _)| id.name.as_str()).collect()
    }

    #[test]
    fn what_is_drawn_once_is_known() {
        let one = agreed(vec![drawn(&[("a", "1"), ("b", "1")])]);
        assert_eq!(known(&one), ["a", "b"]);
        assert!(!one.is_open);
    }

    #[test]
    fn an_object_that_depends_on_what_is_unknown_is_unknown_and_no_other() {
        let common = agreed(vec![drawn(&[("a", "1"), ("b", "1")]), drawn(&[("a", "1"), ("b", "2")])]);
        assert_eq!(known(&common), ["a"]);
        assert_eq!(common.objects.len(), 2);
        assert!(!common.is_open);
    }

    #[test]
    fn objects_that_may_or_may_not_be_leave_the_set_open() {
        let with = || drawn(&[("a", "1"), ("b", "1")]);
        for order in [vec![with(), drawn(&[("a", "1")])], vec![drawn(&[("a", "1")]), with()]] {
            let common = agreed(order);
            assert!(common.is_open);
            assert_eq!(known(&common), ["a"]);
        }
    }
}
