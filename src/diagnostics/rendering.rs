//! What to do about a chart that does not render.

use crate::render::RenderError;

/// The way out of an error of a chart's templates, which names the value where the error shows which one it is.
pub(super) fn way_out(error: &RenderError) -> String {
    match error {
        RenderError::Chart { source, .. } => {
            let compared = Comparison::of(&source.to_string());
            compared.map_or_else(|| GENERAL.to_owned(), |comparison| comparison.way_out())
        }
        RenderError::SecretDecides { .. } => SECRET_DECIDES.to_owned(),
        RenderError::StandIn { .. } => STAND_IN.to_owned(),
        RenderError::Secret { .. } => SECRET.to_owned(),
        RenderError::Unbound { .. } => "This is a bug in the provider.".to_owned(),
        _ => GENERAL.to_owned(),
    }
}

const GENERAL: &str = "The message names the template and what it rejects. Correct the values in the chart blocks of the mesh or of this \
                       primary.";

/// What to do about a secret that decides what exists.
pub const SECRET_DECIDES: &str = "A plan shows which objects and fields there are, so a secret must not decide that. Write the setting in \
                                  values or mesh_config, where it is shown. If the secret is an item of a list, or in one, repeat the \
                                  list there with another value in place of the secret.";

const STAND_IN: &str = "The chart is also rendered with other values of the same type, such as \"sensitive-a-1\" for a text, to find what \
                        depends on a secret. Write the setting that the message is about in values or mesh_config, where it is shown.";

const SECRET: &str = "Other values of the same type render. Check the setting for characters that the template does not quote, such as \
                      quotation marks, and for a value that the chart's schema rejects.";

/// A template compares a value with something of another type, which is an error to Go.
struct Comparison {
    /// The path of the value.
    value: String,
    /// Go's type of the value.
    is: String,
    /// Go's type of what it is compared with.
    wanted: String,
}

impl Comparison {
    /// Read from Helm's words: `… at <eq (.Values.env).A true>: error calling eq: incompatible types for comparison: string and bool`.
    fn of(text: &str) -> Option<Self> {
        let (before, types) = text.split_once("incompatible types for comparison: ")?;
        let (first, second) = types.lines().next()?.trim().split_once(" and ")?;
        let (_, call) = before.rsplit_once("at <")?;
        let (call, _) = call.rsplit_once('>')?;
        let operands = operands(call);
        let position = operands.iter().position(|operand| operand.contains(".Values"))?;
        // The first operand after the function is the first type.
        let (is, wanted) = if position == 1 { (first, second) } else { (second, first) };
        Some(Self { value: path(operands[position])?, is: is.to_owned(), wanted: wanted.to_owned() })
    }

    fn way_out(&self) -> String {
        let Self { value, is, wanted } = self;
        let write = match (noun(is), noun(wanted)) {
            (is, wanted) if is == wanted => return GENERAL.to_owned(),
            (_, "a bool") => "Write true or false without quotes.",
            (_, "a number") => "Write the number without quotes.",
            (_, "a string") => "Put it in quotes.",
            _ => "Correct it.",
        };
        format!(
            "The template compares {value}, which is {} in the values of the chart, with {}. {write}",
            noun(is),
            noun(wanted)
        )
    }
}

/// What users call a type of Go.
fn noun(go: &str) -> &str {
    match go {
        "string" => "a string",
        "bool" => "a bool",
        "int" | "int64" | "float64" => "a number",
        other => other,
    }
}

/// The function and its operands.
fn operands(call: &str) -> Vec<&str> {
    let (mut depth, mut quote, mut start) = (0_usize, None, 0);
    let mut operands = Vec::new();
    for (position, c) in call.char_indices() {
        match (c, quote) {
            (c, Some(end)) if c == end => quote = None,
            ('"' | '`', None) => quote = Some(c),
            ('(', None) => depth += 1,
            (')', None) => depth = depth.saturating_sub(1),
            (' ', None) if depth == 0 => {
                operands.push(&call[start..position]);
                start = position + 1;
            }
            _ => {}
        }
    }
    operands.push(&call[start..]);
    operands
}

/// The path of a value in an operand such as `(.Values.pilot.env).A` or `(.Values.a | default "b")`.
fn path(operand: &str) -> Option<String> {
    let (_, rest) = operand.split_once(".Values")?;
    let is_of_path = |c: &char| c.is_ascii_alphanumeric() || "._)".contains(*c);
    let path: String = rest.chars().take_while(is_of_path).filter(|c| *c != ')').collect();
    let path = path.trim_matches('.');
    (!path.is_empty()).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(call: &str, types: &str) -> Option<String> {
        let text = format!(
            "template: istiod/templates/a.yaml:1:6: executing \"istiod/templates/a.yaml\" at <{call}>: error calling eq: \
             incompatible types for comparison: {types}"
        );
        Comparison::of(&text).map(|comparison| comparison.way_out())
    }

    #[test]
    fn the_value_and_how_it_is_written_are_named() {
        for (call, types, expected) in [
            (
                "eq (.Values.env).ENABLE_CLUSTER_TRUST_BUNDLE_API true",
                "string and bool",
                "The template compares env.ENABLE_CLUSTER_TRUST_BUNDLE_API, which is a string in the values of the chart, with a bool. \
                 Write true or false without quotes.",
            ),
            (
                "eq ((.Values.pilot).env).A true",
                "float64 and bool",
                "The template compares pilot.env.A, which is a number in the values of the chart, with a bool. Write true or false \
                 without quotes.",
            ),
            (
                "eq $.Values.global.platform \"a b\"",
                "float64 and string",
                "The template compares global.platform, which is a number in the values of the chart, with a string. Put it in quotes.",
            ),
            (
                "eq (.Values.env.POLICY | default \"\") \"fips-140-3\"",
                "int64 and string",
                "The template compares env.POLICY, which is a number in the values of the chart, with a string. Put it in quotes.",
            ),
            (
                "gt 5 .Values.a",
                "int and string",
                "The template compares a, which is a string in the values of the chart, with a number. Write the number without quotes.",
            ),
            ("eq .Values.a 1", "float64 and int", GENERAL),
        ] {
            assert_eq!(said(call, types).as_deref(), Some(expected), "{call}");
        }
        assert_eq!(said("eq $x 1", "string and int"), None);
        assert!(Comparison::of("no such template").is_none());
    }

    #[test]
    fn the_words_of_the_engine_are_understood() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("templates")).unwrap();
        std::fs::write(directory.path().join("Chart.yaml"), "apiVersion: v2\nname: a\nversion: 1.0.0\n")
            .unwrap();
        std::fs::write(directory.path().join("templates/a.yaml"), "{{ eq (.Values.env).A true }}").unwrap();
        let chart = helm_template::Chart::from_directory(directory.path()).unwrap();
        let values = helm_template::Values::from_yaml("env: {A: \"true\"}").unwrap();
        let release = helm_template::Release::new("a", "b");
        let capabilities = helm_template::Capabilities::new("v1.36.0");
        let source = helm_template::render(
            &chart,
            &values,
            &release,
            &capabilities,
            &helm_template::Options::default(),
        )
        .unwrap_err();
        let error = RenderError::Chart {
            cluster: "east".parse().unwrap(),
            chart: crate::mesh::ChartName::Istiod,
            source,
        };
        assert!(
            way_out(&error).starts_with("The template compares env.A, which is a string"),
            "{}",
            way_out(&error)
        );
    }
}
