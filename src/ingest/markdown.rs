//! Markdown → text and outline
//!
//! The text is the source as it is: language models read Markdown well, and the map back is the identity.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::Reading;
use super::front_matter::{self, FrontMatter};
use crate::document::{Heading, Span};

pub(super) fn read(text: String) -> Reading {
    let options = Options::ENABLE_TABLES | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut outline: Vec<Heading> = Vec::new();
    let mut open: Option<Heading> = None;
    for (event, range) in Parser::new_ext(&text, options).into_offset_iter() {
        match (event, &mut open) {
            (Event::Start(Tag::Heading { level, .. }), _) => {
                let span = Span::new(range.start, range.end);
                open = Some(Heading { level: level as u8, title: String::new(), span });
            }
            (Event::Text(part) | Event::Code(part), Some(heading)) => heading.title.push_str(&part),
            (Event::SoftBreak | Event::HardBreak, Some(heading)) => heading.title.push(' '),
            (Event::End(TagEnd::Heading(_)), _) => {
                outline.extend(open.take().map(|heading| Heading::new(heading.level, &heading.title, heading.span)));
            }
            _ => {}
        }
    }
    let FrontMatter { title, metadata } = front_matter::read(&text);
    let title = title.or_else(|| outline.first().map(|heading| heading.title.clone()));
    Reading { title, metadata, text, outline, ..Reading::default() }
}
