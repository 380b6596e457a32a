/// The trust domain that a mesh configuration, as YAML, sets; `None` if it sets none, or cannot be read.
pub fn trust_domain(text: &str) -> Option<String> {
    let document = helm_template::yaml::parse(text).ok()?;
    document["trustDomain"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mesh_configuration_may_set_a_trust_domain() {
        assert_eq!(trust_domain("trustDomain: shop.example\n").as_deref(), Some("shop.example"));
        for text in ["", "accessLogFile: /dev/stdout", "- trustDomain: a", "trustDomain: [", "trustDomain: 1"]
        {
            assert_eq!(trust_domain(text), None, "{text}");
        }
    }
}
