use super::*;

#[test]
fn what_is_no_url_is_refused_as_go_refuses_it() {
    for (text, problem) in [
        ("a\tb", "parse \"a\\tb\": net/url: invalid control character in URL"),
        (":x", "parse \":x\": missing protocol scheme"),
        ("1a:b", "parse \"1a:b\": first path segment in URL cannot contain colon"),
        ("http://[::1", "parse \"http://[::1\": missing ']' in host"),
        ("http://[::1]x", "parse \"http://[::1]x\": invalid port \"x\" after host"),
        ("http://[1.2.3.4]/", "parse \"http://[1.2.3.4]/\": invalid IP-literal"),
        ("http://h:8a/", "parse \"http://h:8a/\": invalid port \":8a\" after host"),
        ("http://a:b:1/", "parse \"http://a:b:1/\": invalid port \":b:1\" after host"),
        ("http://h%41/", "parse \"http://h%41/\": invalid URL escape \"%41\""),
        ("http://a b/", "parse \"http://a b/\": invalid character \" \" in host name"),
        ("http://u x@h/", "parse \"http://u x@h/\": net/url: invalid userinfo"),
        ("%zz", "parse \"%zz\": invalid URL escape \"%zz\""),
        ("/a%4", "parse \"/a%4\": invalid URL escape \"%4\""),
        ("/a#%", "parse \"/a#%\": invalid URL escape \"%\""),
    ] {
        assert_eq!(Url::parse(text), Err(problem.to_owned()));
    }
}

#[test]
fn a_url_is_split_into_its_parts() {
    let url = Url::parse("HTTPS://u%41:p%2F@h.example:8443/p/a%20th?q=1&r=a+b#fr%61g").unwrap();
    let expected = Url {
        scheme: "https".into(),
        opaque: String::new(),
        userinfo: Some("uA:p%2F".into()),
        host: "h.example:8443".into(),
        path: "/p/a th".into(),
        query: "q=1&r=a+b".into(),
        fragment: "frag".into(),
    };
    assert_eq!(url, expected);
    assert_eq!(url.hostname(), "h.example");
    assert_eq!(Url::parse("http://[fe80::1%25en0]:80/").unwrap().hostname(), "fe80::1%en0");
    assert_eq!(Url::parse("mailto:a@b").unwrap().opaque, "a@b");
    assert_eq!(Url::parse("pg://a:1,b:2/x").unwrap().host, "a:1,b:2");
}

#[test]
fn parts_are_put_together_with_the_escapes_that_they_need() {
    let path = |scheme: &str, path: &str| Url { scheme: scheme.into(), path: path.into(), ..Url::default() };
    assert_eq!(path("http", "/a b!'()*").to_text(), "http:///a%20b%21%27%28%29%2A");
    assert_eq!(path("", "a:b/c").to_text(), "./a:b/c");
    assert_eq!(path("", "*").to_text(), "*");
    let url = Url { host: "h x".into(), path: "p".into(), fragment: "a'!b".into(), ..Url::default() };
    assert_eq!(url.to_text(), "//h%20x/p#a%27!b");
}
