// A model's own template, which is a program in Jinja, as one of the known forms. It is not run:
// what it writes around messages tells the form, and the texts in it what the model is told where a
// user tells it nothing.

extension KnownChatTemplate {
    /// Recognizes the form of a model's own template.
    ///
    /// - Parameter jinja: The template, as `tokenizer_config.json`, `chat_template.jinja` or GGUF's
    ///   `tokenizer.chat_template` have it. nil comes out where its form is none of ours.
    public init?(jinja: String) {
        // It has no markers to be known by, but it is ours.
        let plain = Self(.plain)
        if jinja == plain.jinja {
            self = plain
            return
        }
        guard let form = ChatForm(jinja: jinja) else { return nil }
        self.init(
            form,
            defaultSystem: form.defaultSystem(in: JinjaText(jinja)),
            startsWithStartOfText: form.startsWithStartOfText || jinja.contains("bos_token"),
            stripsMessages: form.stripsMessages
                || ["|trim", "| trim", ".strip()"].contains(where: jinja.contains)
        )
    }
}

extension ChatForm {
    init?(jinja: String) {
        func has(_ names: String...) -> Bool { names.allSatisfy(jinja.contains) }
        if has("<|im_start|>") {
            self = .chatml
        } else if has("[INST]") {
            self = .llama2
        } else if has("<|start_header_id|>", "<|end_header_id|>") {
            self = .llama3
        } else if has("<|user|>", "<|assistant|>"), has("</s>") || has("eos_token") {
            self = .zephyr
        } else {
            return nil
        }
    }

    /// The system text that a template has of its own, if it has one.
    ///
    /// It stands there between the markers of a system message, or is given a name such as
    /// `default_system_message`, or one in the branch for conversations without a system message.
    func defaultSystem(in jinja: JinjaText) -> String? {
        if let opening = opening(.system) {
            let start = opening.map(\.name).joined()
            for text in jinja.texts {
                guard let range = text.firstRange(of: start) else { continue }
                let rest = text[range.upperBound...]
                let end = ["<|im_end|>", "<|eot_id|>", "</s>"]
                    .compactMap { rest.firstRange(of: $0)?.lowerBound }.min()
                let found = rest[..<(end ?? rest.endIndex)]
                if !found.allSatisfy(\.isWhitespace) { return String(found) }
            }
        }
        return jinja.assignments.first { assignment in
            assignment.name.contains("system") && !assignment.text.isEmpty
                && (assignment.isElse || assignment.name.contains("default"))
        }?.text
    }
}

extension ChatForm.Piece {
    fileprivate var name: String {
        switch self {
        case .text(let text), .marker(let text): text
        case .endOfText: ""
        }
    }
}
