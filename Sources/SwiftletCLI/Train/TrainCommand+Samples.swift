// What `train` shows of its model between steps: texts that it continues, or, if it learns from
// conversations, its replies; and the chat template of these.

import Swiftlet

extension TrainCommand {
    /// The chat template for training: the one that is named, the run's own, or the one in the
    /// model's files; else the plain one.
    /// - Returns: The template; nil if the run does not learn from conversations.
    func chatTemplate(
        _ initialization: Initialization,
        _ tokenizer: (any Tokenizer)?
    ) throws -> KnownChatTemplate? {
        guard data.chat != nil, let tokenizer else { return nil }
        if let form = data.template { return KnownChatTemplate(form) }
        if case .model(let source) = initialization {
            do {
                let template = try source.chatTemplate(tokenizer)
                if let template = template as? KnownChatTemplate { return template }
            } catch OpeningError.noChatTemplate {
                // These get the plain one.
            }
        } else if let jinja = tokenizer.description.chatTemplate,
            let template = KnownChatTemplate(jinja: jinja)
        {
            return template
        }
        Terminal.diagnose(
            "no file has a chat template, so conversations take the plain one; choose another with "
                + "--template"
        )
        return KnownChatTemplate(.plain)
    }

    /// Draws a text from the model in its current state.
    func makeSampler(
        _ model: TransformerModel,
        _ tokenizer: (any Tokenizer)?,
        _ template: KnownChatTemplate?
    ) throws -> TrainingRun.Probe<String>? {
        guard let tokenizer, intervals.sampleEvery > 0 else { return nil }
        let prompt = intervals.samplePrompt ?? ""
        let options = TextGenerationOptions(maxTokens: intervals.sampleTokens)
        if let template, let message = intervals.samplePrompt {
            return { shouldStop in
                let chat = try ChatSession(
                    model.makeLanguageModel(),
                    tokenizer: tokenizer,
                    template: template,
                    options: options,
                    seed: seed
                )
                let reply = try chat.streamResponse(to: message.string)
                while try reply.next() != nil {
                    if shouldStop() { return nil }
                }
                return "\(message.string)\n\(reply.response.content)"
            }
        }
        return { shouldStop in
            // Made again each time, because a decoder copies some of the weights when it is made.
            let generator = try TextGenerator(model.makeLanguageModel(), vocabulary: tokenizer)
            let stream = try generator.stream(
                tokens: tokenizer.promptTokens(of: prompt.bytes),
                options: options,
                seed: seed
            )
            while try stream.next() != nil {
                if shouldStop() { return nil }
            }
            return prompt.string + stream.text
        }
    }
}
