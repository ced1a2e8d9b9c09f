//! What a browser calls itself, in fewer words.

/// Browsers by the mark of each, the most particular first: most also carry the marks of those below.
const BROWSERS: [(&str, &str); 6] = [
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("HeadlessChrome/", "Chrome (headless)"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
];

/// Operating systems by the mark of each, the most particular first.
const SYSTEMS: [(&str, &str); 7] = [
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// `Chrome 156 on Linux`; what is not recognised stays as it is.
pub(crate) fn browser_name(user_agent: &str) -> String {
    let Some((mark, name)) = BROWSERS.iter().find(|(mark, _)| user_agent.contains(mark)) else {
        return user_agent.to_owned();
    };
    let version: String = user_agent
        .split_once(mark)
        .map(|(_, rest)| rest.chars().take_while(char::is_ascii_digit).collect())
        .unwrap_or_default();
    match SYSTEMS.iter().find(|(mark, _)| user_agent.contains(mark)) {
        Some((_, system)) => format!("{name} {version} on {system}"),
        None => format!("{name} {version}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_apart_though_each_claims_to_be_others() {
        for (agent, name) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
                "Chrome 156 on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.1.2",
                "Edge 156 on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox 140 on macOS",
            ),
            ("curl/8.0", "curl/8.0"),
            ("", ""),
        ] {
            assert_eq!(browser_name(agent), name);
        }
    }
}
