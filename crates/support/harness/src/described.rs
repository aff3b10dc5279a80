//! A lesson's description of itself: written by its program, and read by the programs that look for lessons.

use clap::{Arg, Command};
use serde_json::{Value, json};

use crate::{Lesson, Limit, Model, Section};

/// A lesson's description of itself, from `--describe`.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    /// The model of concurrency.
    pub model: Model,
    /// How many items may be in progress at once.
    pub limit: Limit,
    /// The kinds of its items, by their nouns; it is about the first.
    pub kinds: Vec<String>,
    /// The names of its sections, and the kind of work of each, if that is only one of several.
    pub sections: Vec<(String, Option<String>)>,
    /// Its options, without `--`: name, and default if there is one.
    pub options: Vec<(String, Option<String>)>,
}

impl Described {
    /// Writes the description of a lesson that does these kinds of work, from the options that it parses.
    pub(crate) fn write(lesson: &Lesson, kinds: &[&str], command: &Command) -> Value {
        let option = |arg: &Arg| {
            let default = arg.get_default_values().first().map(|it| it.to_string_lossy());
            arg.get_long().map(|name| json!({ "name": name, "default": default }))
        };
        let section = |it: &Section| json!({ "name": it.name, "kind": it.kind });
        json!({
            "model": lesson.model.name(),
            "limit": lesson.limit.to_json(),
            "kinds": kinds,
            "sections": lesson.sections.iter().map(section).collect::<Vec<_>>(),
            "options": command.get_arguments().filter_map(option).collect::<Vec<_>>(),
        })
    }

    /// Reads the output of a lesson.
    ///
    /// # Errors
    /// The name of a missing part.
    pub fn read(text: &str) -> Result<Self, String> {
        let object: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let listed = |key: &str| object[key].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().map(String::from);
        let section = |section: &Value| Some((text(&section["name"])?, text(&section["kind"])));
        let option = |option: &Value| Some((text(&option["name"])?, text(&option["default"])));
        Ok(Self {
            model: object["model"].as_str().and_then(Model::named).ok_or("no model")?,
            limit: Limit::from_json(&object["limit"]).ok_or("no limit")?,
            kinds: listed("kinds").iter().filter_map(text).collect(),
            sections: listed("sections").iter().filter_map(section).collect(),
            options: listed("options").iter().filter_map(option).collect(),
        })
    }

    /// The noun for its items: `item` if there are several kinds.
    pub fn item(&self) -> &str {
        item(self.kinds.iter().map(String::as_str))
    }

    /// How many times the lesson does all its work of this kind.
    pub fn times(&self, kind: &str) -> usize {
        if !self.kinds.iter().any(|its| its == kind) {
            return 0;
        }
        times(self.sections.iter().map(|(_, its)| its.as_deref()), kind)
    }

    /// Whether the lesson has the option of that name.
    pub fn takes(&self, option: &str) -> bool {
        self.options.iter().any(|(name, _)| name == option)
    }
}

/// The noun for items of these kinds, by their nouns: `item` if there are several.
pub(crate) fn item<'a>(kinds: impl IntoIterator<Item = &'a str>) -> &'a str {
    let mut kinds = kinds.into_iter();
    match (kinds.next(), kinds.next()) {
        (Some(kind), None) => kind,
        _ => "item",
    }
}

/// How many times all work of this kind is done in these sections, each with its kind of work if it does only one.
pub(crate) fn times<'a>(
    sections: impl ExactSizeIterator<Item = Option<&'a str>>,
    kind: &str,
) -> usize {
    if sections.len() == 0 {
        return 1;
    }
    sections.filter(|its| its.is_none_or(|its| its == kind)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_several_kinds_are_items() {
        assert_eq!(item(["page"]), "page");
        assert_eq!(item(["page", "call"]), "item");
    }

    #[test]
    fn sections_do_all_the_work_or_one_kind_of_it() {
        let described = |sections: &[Option<&str>]| Described {
            model: Model::Sync,
            limit: Limit::One,
            kinds: ["page", "call"].map(String::from).into(),
            sections: sections.iter().map(|its| (String::new(), its.map(String::from))).collect(),
            options: Vec::new(),
        };
        let times = |sections: &[Option<&str>]| {
            ["page", "call", "song"].map(|kind| described(sections).times(kind))
        };
        assert_eq!(times(&[]), [1, 1, 0]);
        assert_eq!(times(&[None, Some("call"), Some("call")]), [1, 3, 0]);
    }
}
