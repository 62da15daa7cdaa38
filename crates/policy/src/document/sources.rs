//! The texts that are read together, each under an id by which problems point to it.

use crate::document::{At, Kind, Problem, Problems, Source, SourceId, Spanned, Value};

/// Texts that are read together: files, and what is made by machine under a name that says of what.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// These texts, in this order.
    pub fn of(sources: impl IntoIterator<Item = Source>) -> Sources {
        Sources(sources.into_iter().collect())
    }

    /// Adds a text.
    pub fn add(&mut self, source: Source) -> SourceId {
        let id = SourceId::nth(self.0.len());
        self.0.push(source);
        id
    }

    /// The text of an id.
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.0.get(id.index())
    }

    /// Every text, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        self.0.iter().enumerate().map(|(index, source)| (SourceId::nth(index), source))
    }

    /// The document in a text, as [`Source::parse`]; its problems are added to the others.
    pub fn parse(&self, id: SourceId, problems: &mut Problems) -> Spanned {
        let Some(source) = self.get(id) else { return Spanned::from(Value::Unreadable) };
        let (document, found) = source.parse(id);
        problems.extend(found);
        document
    }

    /// The document in a text, as [`Sources::parse`], where it is of this kind or of none that is known. Of one that is of
    /// another kind only that is told.
    pub fn parse_as(&self, kind: Kind, id: SourceId, problems: &mut Problems) -> Spanned {
        let mut found = Problems::default();
        let document = self.parse(id, &mut found);
        if kind.is_other(&document, &At::Root { source: id }, problems) {
            return Spanned::from(Value::Unreadable);
        }
        problems.extend(found.into_vec());
        document
    }

    /// Tells each problem where it stands in its text, those that do not know it yet.
    pub fn locate(&self, problems: &mut [Problem]) {
        for (id, source) in self.iter() {
            source.locate(problems.iter_mut().filter(|problem| problem.source == id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{At, codes};

    #[test]
    fn each_problem_is_told_where_it_stands_in_its_own_text() {
        let mut sources = Sources::of([Source::json("files/a.json", "{\n\"a\": 1}")]);
        let made = sources.add(Source::json("release owl-v21", "{\"b\":\n\n2}"));
        let mut problems = Problems::default();
        for (source, key) in [(made, "b"), (SourceId::FIRST, "a")] {
            problems.add(codes::WRONG_TYPE, &At::Root { source }.key(key), "not this");
        }
        let mut problems = problems.into_vec();
        sources.locate(&mut problems);
        let places = problems.iter().map(|problem| {
            let name = &sources.get(problem.source).unwrap().name;
            (name.as_str(), problem.position.map(|position| position.line))
        });
        assert_eq!(places.collect::<Vec<_>>(), [("release owl-v21", Some(3)), ("files/a.json", Some(2))]);
    }
}
