//! Lists that are made from the lessons: the README's tables and the book's contents.

use course::Lesson;

use crate::page::Page;
use crate::prose::title;

/// The lessons of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// The nine.
    Nine,
    /// The further ones.
    Further,
    /// The lessons of the nine with this main kind of work: `page`, `call`.
    Kind(String),
}

impl Which {
    pub(crate) fn parse(word: &str) -> Self {
        match word {
            "nine" => Self::Nine,
            "further" => Self::Further,
            kind => Self::Kind(kind.into()),
        }
    }

    /// These lessons, in the order of the course.
    ///
    /// # Errors
    /// When there are none, since the name is misspelt.
    pub(crate) fn of<'a>(&self, lessons: &'a [Lesson]) -> Result<Vec<&'a Lesson>, String> {
        let is_wanted = |lesson: &&Lesson| match self {
            Self::Nine => !lesson.found.is_further,
            Self::Further => lesson.found.is_further,
            Self::Kind(kind) => !lesson.found.is_further && lesson.kind() == kind,
        };
        let wanted: Vec<&Lesson> = lessons.iter().filter(is_wanted).collect();
        if wanted.is_empty() { Err(format!("there is no lesson for {self:?}")) } else { Ok(wanted) }
    }
}

/// A table of lessons, for a page in the workspace's folder.
///
/// # Errors
/// When there are none.
pub(crate) fn table(which: &Which, lessons: &[Lesson]) -> Result<String, String> {
    let mut table = String::from("\n| lesson | the idea | mirrors |\n|---|---|---|\n");
    let cell = |text: &str| text.replace('|', "\\|");
    for lesson in which.of(lessons)? {
        let course::Found { name, folder, idea, mirrors, .. } = &lesson.found;
        let (idea, mirrors) = (cell(idea), cell(mirrors));
        table += &format!("| [`{name}`]({folder}/src/main.rs) | {idea} | {mirrors} |\n");
    }
    Ok(table + "\n")
}

/// The entries of the lessons' pages in the contents, with the titles of the pages. A lesson without a page has none.
///
/// # Errors
/// When there are no such lessons, or a page has no title.
pub(crate) fn entries(which: &Which, lessons: &[Lesson], pages: &[Page]) -> Result<String, String> {
    let mut entries = String::from("\n");
    for lesson in which.of(lessons)? {
        let name = lesson.name();
        let Some(page) = pages.iter().find(|page| page.name == name) else { continue };
        let title = title(&page.text).ok_or_else(|| format!("{name}.md has no title"))?;
        entries += &format!("- [{title}]({name}.md)\n");
    }
    Ok(entries + "\n")
}

#[cfg(test)]
pub(crate) mod tests {
    use course::Found;
    use harness::{Described, Limit, Model};

    use super::*;

    /// Imaginary lessons: two of the nine, and a further one.
    pub(crate) fn invented() -> Vec<Lesson> {
        let lesson = |(name, kind, number, is_further): (&str, &str, u64, bool)| Lesson {
            found: Found {
                name: name.into(),
                folder: format!("crates/group/{name}"),
                number,
                is_further,
                idea: format!("The idea of {name}: a|b."),
                mirrors: "a `for` loop".into(),
                article: (number == 2).then(|| "4–5x".into()),
                ..course::Found::default()
            },
            described: Described {
                model: Model::Sync,
                limit: Limit::One,
                kinds: vec![kind.into()],
                sections: Vec::new(),
                options: Vec::new(),
            },
        };
        [
            ("first_pages", "page", 1, false),
            ("more_pages", "page", 2, false),
            ("alone", "round", 3, false),
            ("beyond", "picture", 1, true),
        ]
        .map(lesson)
        .into()
    }

    #[test]
    fn a_table_has_a_row_for_each_lesson() {
        let table = |which| table(&which, &invented());
        let row = "| [`alone`](crates/group/alone/src/main.rs) | The idea of alone: a\\|b. | a `for` loop |\n";
        let nine = table(Which::Nine).expect("there are some");
        assert!(nine.contains(row), "{nine}");
        assert_eq!(nine.lines().count(), 1 + 2 + 3 + 1, "{nine}");
        let further = table(Which::parse("further")).expect("there is one");
        assert!(further.contains("`beyond`") && !further.contains("`alone`"), "{further}");
        assert!(table(Which::parse("furthr")).is_err());
    }

    #[test]
    fn the_contents_have_the_titles_of_the_pages_in_the_order_of_the_lessons() {
        let page = |name: &str, text: &str| Page {
            name: name.into(),
            path: format!("{name}.md").into(),
            text: text.into(),
        };
        let pages = [
            page("more_pages", "# More: `more_pages`\n\nText.\n"),
            page("first_pages", "# First: `first_pages`\n\n## Not this\n"),
        ];
        let entries = |which| entries(&Which::parse(which), &invented(), &pages);
        let both =
            "\n- [First: `first_pages`](first_pages.md)\n- [More: `more_pages`](more_pages.md)\n\n";
        assert_eq!(entries("page").as_deref(), Ok(both));
        assert_eq!(entries("nine").as_deref(), Ok(both), "the third has no page");
        assert!(entries("call").is_err());
    }
}
