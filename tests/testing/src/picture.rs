//! The contents of the pictures that lessons write.

use roxmltree::{Document, Node};

fn children<'a>(node: Node<'a, 'a>, name: &str) -> Vec<Node<'a, 'a>> {
    node.children().filter(|child| child.has_tag_name(name)).collect()
}

/// The hover titles of all bars, lane by lane.
///
/// # Panics
/// When it is no timing diagram.
pub fn bars(svg: &str) -> Vec<Vec<String>> {
    let document = Document::parse(svg).unwrap_or_else(|error| panic!("{error}: {svg}"));
    let root = document.root_element();
    assert_eq!(root.tag_name().namespace(), Some("http://www.w3.org/2000/svg"));
    let title = |bar: &Node<'_, '_>| {
        let title = bar.children().find(|child| child.has_tag_name("title")).expect("a title");
        title.text().expect("words").trim().to_owned()
    };
    // The plot holds one group, which holds one for each lane, and those one for each bar.
    let plot = children(root, "svg")[0];
    let lanes = children(children(plot, "g")[0], "g");
    lanes.iter().map(|lane| children(*lane, "g").iter().map(title).collect()).collect()
}

/// All words of a picture.
///
/// # Panics
/// When it is no picture.
pub fn words(svg: &str) -> Vec<String> {
    let document = Document::parse(svg).unwrap_or_else(|error| panic!("{error}: {svg}"));
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    texts.filter_map(|text| text.text().map(|words| words.trim().into())).collect()
}
