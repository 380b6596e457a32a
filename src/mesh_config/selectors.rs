//! Which namespaces istiod looks at (`discoverySelectors`).

use std::collections::BTreeMap;

use serde_json::Value;
use thiserror::Error;

/// A label selector that istiod cannot use: it then looks at no namespace but those of before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the label selector is not valid")]
pub struct InvalidSelector;

/// Whether one of these selectors, which were read, selects what has these labels. None at all select everything.
///
/// # Errors
/// One of them is none.
pub fn selects(selectors: &[Value], labels: &BTreeMap<String, String>) -> Result<bool, InvalidSelector> {
    let mut is_selected = selectors.is_empty();
    for selector in selectors {
        is_selected |= one_selects(selector, labels)?;
    }
    Ok(is_selected)
}

/// Whether Kubernetes accepts the selector.
pub(super) fn check(selector: &Value) -> Result<(), InvalidSelector> {
    one_selects(selector, &BTreeMap::new()).map(drop)
}

fn one_selects(selector: &Value, labels: &BTreeMap<String, String>) -> Result<bool, InvalidSelector> {
    let wanted = selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten();
    let mut is_selected = true;
    for (key, value) in wanted {
        is_selected &= labels.get(key).map(String::as_str) == value.as_str();
    }
    let expressions = selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten();
    for expression in expressions {
        is_selected &= expression_selects(expression, labels)?;
    }
    Ok(is_selected)
}

fn expression_selects(
    expression: &Value,
    labels: &BTreeMap<String, String>,
) -> Result<bool, InvalidSelector> {
    let key = expression.get("key").and_then(Value::as_str).filter(|key| !key.is_empty());
    let found = labels.get(key.ok_or(InvalidSelector)?);
    let values: Vec<&str> = expression
        .get("values")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let is_in = found.is_some_and(|found| values.contains(&found.as_str()));
    let operator = expression.get("operator").and_then(Value::as_str).unwrap_or_default();
    match (operator, values.is_empty()) {
        ("In", false) => Ok(is_in),
        ("NotIn", false) => Ok(!is_in),
        ("Exists", true) => Ok(found.is_some()),
        ("DoesNotExist", true) => Ok(found.is_none()),
        _ => Err(InvalidSelector),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn selected(selectors: &Value) -> Result<bool, InvalidSelector> {
        let labels = [("kubernetes.io/metadata.name", "istio-system"), ("team", "mesh")];
        let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        selects(selectors.as_array().unwrap(), &labels)
    }

    #[test]
    fn selectors_select_as_in_kubernetes() {
        let name = "kubernetes.io/metadata.name";
        let expression = |operator: &str, values: Value| json!([{"matchExpressions": [{"key": name, "operator": operator, "values": values}]}]);
        for (selectors, wanted) in [
            (json!([]), Ok(true)),
            (json!([{}]), Ok(true)),
            (json!([{"matchLabels": {"team": "mesh"}}]), Ok(true)),
            (json!([{"matchLabels": {"team": "other"}}]), Ok(false)),
            (json!([{"matchLabels": {"team": "other"}}, {"matchLabels": {name: "istio-system"}}]), Ok(true)),
            (json!([{"matchLabels": {"team": "mesh", "zone": "a"}}]), Ok(false)),
            (expression("In", json!(["shop", "istio-system"])), Ok(true)),
            (expression("In", json!(["shop"])), Ok(false)),
            (expression("NotIn", json!(["kube-system"])), Ok(true)),
            (expression("NotIn", json!(["istio-system"])), Ok(false)),
            (expression("Exists", json!([])), Ok(true)),
            (expression("DoesNotExist", json!([])), Ok(false)),
            (expression("Exists", json!(["a"])), Err(InvalidSelector)),
            (expression("In", json!([])), Err(InvalidSelector)),
            (expression("in", json!(["shop"])), Err(InvalidSelector)),
        ] {
            assert_eq!(selected(&selectors), wanted, "{selectors}");
        }
    }
}
