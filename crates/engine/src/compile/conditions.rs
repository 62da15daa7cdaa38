//! Conditions, ready to be asked.

use std::cmp::Ordering;
use std::sync::Arc;

use memchr::memmem::Finder;
use weir_policy::model::{Condition, Leaf, Operator, Subject};

use super::Compiler;
use crate::targeting::{CaseRule, Input, Matcher, Predicate};

impl<'a> Compiler<'a> {
    pub(super) fn predicate(&mut self, condition: &'a Condition) -> Predicate {
        let Some(key) = self.repeated.find(condition, self.place) else { return self.asked_here(condition) };
        match self.repeated.compiled(&key) {
            Some(shared) => shared,
            None => {
                let predicate = self.asked_here(condition);
                self.repeated.share(key, predicate)
            }
        }
    }

    fn asked_here(&mut self, condition: &'a Condition) -> Predicate {
        match condition {
            Condition::All(inner) => Predicate::All(inner.iter().map(|one| self.predicate(one)).collect()),
            Condition::Any(inner) => Predicate::Any(inner.iter().map(|one| self.predicate(one)).collect()),
            Condition::Not(inner) => Predicate::Not(Box::new(self.predicate(inner))),
            Condition::Leaf(leaf) => {
                let input = match &leaf.subject {
                    Subject::Header(name) => Input::Attribute(self.attributes.intern_header(name)),
                    Subject::Cookie(name) => Input::Attribute(self.attributes.intern_cookie(name)),
                    Subject::Query(name) => Input::Attribute(self.attributes.intern_query(name)),
                    Subject::Path => Input::Attribute(self.attributes.intern_path()),
                    Subject::Host => Input::Attribute(self.attributes.intern_host()),
                    Subject::Method => Input::Attribute(self.attributes.intern_method()),
                    Subject::Unit => Input::Unit,
                };
                Predicate::Leaf(input, self.matcher(leaf))
            }
        }
    }

    fn matcher(&mut self, leaf: &'a Leaf) -> Matcher {
        let case = if leaf.ignore_case { CaseRule::Ignored } else { CaseRule::Matters };
        // A host is lower-cased when it is read, and so are operands when they are checked, but not those of lists.
        let list_case = if leaf.subject == Subject::Host { CaseRule::Ignored } else { case };
        let text = |text: &str| bytes(text, case);
        match &leaf.operator {
            Operator::Exact(operand) => Matcher::Exact(text(operand), case),
            Operator::Prefix(operand) => Matcher::Prefix(text(operand), case),
            Operator::Suffix(operand) => Matcher::Suffix(text(operand), case),
            Operator::Contains(operand) => Matcher::Contains(Box::new(Finder::new(&*text(operand)).into_owned()), case),
            Operator::In(operands) => Matcher::In(sorted(operands, case), case),
            Operator::InList(name) => self.in_list(name, list_case),
            Operator::Present(wanted) => Matcher::Present(*wanted),
            Operator::Lt(limit) => Matcher::Compare(*limit.value(), &[Ordering::Less]),
            Operator::Le(limit) => Matcher::Compare(*limit.value(), &[Ordering::Less, Ordering::Equal]),
            Operator::Gt(limit) => Matcher::Compare(*limit.value(), &[Ordering::Greater]),
            Operator::Ge(limit) => Matcher::Compare(*limit.value(), &[Ordering::Greater, Ordering::Equal]),
            Operator::Regex(pattern) => Matcher::Regex(pattern.value().clone()),
            Operator::Version(requirement) => Matcher::Version(requirement.value().clone()),
        }
    }

    fn in_list(&mut self, name: &'a str, case: CaseRule) -> Matcher {
        match case {
            // The checker has seen that the list exists; another has no unit.
            CaseRule::Matters => Matcher::Listed(self.lists.get(name).copied().unwrap_or_else(|| self.list(&[]))),
            CaseRule::Ignored => {
                let lists = &self.model.lists;
                let values = || lists.iter().find(|(known, _)| known == name).map(|(_, values)| values.as_slice());
                let folded = self.folded.entry(name).or_insert_with(|| sorted(values().unwrap_or_default(), case));
                Matcher::In(Arc::clone(folded), case)
            }
        }
    }
}

fn sorted(operands: &[String], case: CaseRule) -> Arc<[Box<[u8]>]> {
    let mut operands: Vec<Box<[u8]>> = operands.iter().map(|operand| bytes(operand, case)).collect();
    operands.sort_unstable();
    operands.into()
}

fn bytes(text: &str, case: CaseRule) -> Box<[u8]> {
    match case {
        CaseRule::Matters => text.as_bytes().into(),
        CaseRule::Ignored => text.to_ascii_lowercase().into_bytes().into_boxed_slice(),
    }
}
