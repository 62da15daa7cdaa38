//! What people ask for: each request is answered once.

use super::draft::Draft;
use crate::journal::Event;
use crate::request::Verb;

pub fn answer(draft: &mut Draft<'_>, is_asked: impl Fn(Verb) -> bool) {
    for request in draft.inputs.requests.iter().filter(|request| is_asked(request.verb)) {
        if draft.state.has_answered(&request.id) {
            continue;
        }
        let event = draft.state.answer(request, draft.push).unwrap_or_else(|reason| Event::Refused {
            request: request.id.clone(),
            verb: request.verb.name().to_owned(),
            release: request.release.clone(),
            reason,
        });
        draft.add_by(Some(request.by.clone()), event);
    }
}
