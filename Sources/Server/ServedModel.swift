// What a server serves.

import TextGeneration
import Tokenization

/// A model that texts are generated with, and what is said of it.
package struct ServedModel: Sendable {
    /// What clients call it; never a path.
    package let name: String
    /// When it was opened, in seconds since the beginning of 1970.
    package let created: Int
    /// What turns text into tokens and back.
    package let tokenizer: any Tokenizer
    /// The form of conversations it was trained with; nil where it only continues texts.
    package let template: (any ChatTemplate)?
    /// What generates.
    package let service: GenerationService

    package init(
        name: String,
        created: Int,
        tokenizer: any Tokenizer,
        template: (any ChatTemplate)?,
        service: GenerationService
    ) {
        (self.name, self.created, self.tokenizer) = (name, created, tokenizer)
        (self.template, self.service) = (template, service)
    }
}
