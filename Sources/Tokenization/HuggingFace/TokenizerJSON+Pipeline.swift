// The steps around a tokenizer.json's model: what is done to a text before it, and what is put
// around its ids afterwards. Known steps are recognized by their settings; others are refused by
// name.

import FileIO

extension TokenizerJSON {
    /// The known steps, as settings of a description.
    struct Pipeline {
        var kind = TokenizerKind.sentencePiece
        var splitting = SplittingRule.none
        var normalization = TokenizerDescription.Normalization.none
        var spacePrefix = TokenizerDescription.SpacePrefix.never
        var marksSpacesLate = false
        /// The token that is put before a text.
        var startToken: (id: Int, name: String)?
        /// Whether there is a step that says which token that is.
        var hasTemplate = false
    }

    /// Reads the steps of this file.
    /// - Throws: ``TextTokenizerError/notKnown(path:what:found:)``.
    func pipeline() throws -> Pipeline {
        var pipeline = Pipeline()
        let steps = Self.steps("pretokenizers", of: settings["pre_tokenizer"])
        let decoders = Self.steps("decoders", of: settings["decoder"])
        if (steps + decoders).contains(where: { Self.type(of: $0) == "ByteLevel" }) {
            pipeline.kind = .byteLevel
            try readWords(steps, into: &pipeline)
        } else {
            try readSpaces(steps, into: &pipeline)
        }
        try readNormalizer(into: &pipeline)
        try readTemplate(into: &pipeline)
        return pipeline
    }

    /// The steps of a sequence, or the only one there is.
    private static func steps(_ name: String, of value: JSONTree?) -> [JSONTree] {
        guard let value, !value.isNull else { return [] }
        guard let list = value[name]?.array else { return [value] }
        return list.flatMap { steps(name, of: $0) }
    }

    private static func type(of step: JSONTree) -> String { step["type"]?.string ?? "?" }

    private static func list(_ steps: [JSONTree]) -> String {
        steps.isEmpty ? "none" : steps.map(type).joined(separator: ", ")
    }

    // MARK: Words

    private func readWords(_ steps: [JSONTree], into pipeline: inout Pipeline) throws {
        guard let last = steps.last, Self.type(of: last) == "ByteLevel" else {
            throw notKnown("a pre-tokenizer", Self.list(steps))
        }
        if last["add_prefix_space"]?.bool ?? true { pipeline.spacePrefix = .always }
        let usesPattern = last["use_regex"]?.bool ?? true
        let first = steps.dropLast()
        switch (first.count, first.first.map(Self.type)) {
        case (0, _):
            pipeline.splitting = usesPattern ? .gpt2 : .none
        case (1, "Digits"?) where usesPattern:
            guard first[0]["individual_digits"]?.bool == true else {
                throw notKnown("a pre-tokenizer", "Digits that keeps numbers whole")
            }
            pipeline.splitting = .singleDigits
        case (1, "Split"?) where !usesPattern:
            pipeline.splitting = try rule(ofSplit: first[0])
        default:
            throw notKnown("a pre-tokenizer", Self.list(steps))
        }
        // The space would go where the last step starts, which is then not the start of the text.
        if pipeline.spacePrefix != .never, !first.isEmpty {
            throw notKnown("a pre-tokenizer", "\(Self.list(steps)) with add_prefix_space")
        }
    }

    private func rule(ofSplit step: JSONTree) throws -> SplittingRule {
        let behavior = step["behavior"]?.string
        let isInverted = step["invert"]?.bool ?? false
        guard let pattern = step["pattern"]?["Regex"]?.string else {
            throw notKnown("a pre-tokenizer", "Split by a string")
        }
        guard behavior == "Isolated" && !isInverted || behavior == "Removed" && isInverted else {
            throw notKnown("a pre-tokenizer", "Split with behavior \(behavior ?? "none")")
        }
        guard let rule = SplittingRule(pattern: pattern) else {
            throw notKnown("a pattern that splits text", pattern)
        }
        return rule
    }

    // MARK: Spaces

    private static let spaceMark = "\u{2581}"

    private func readSpaces(_ steps: [JSONTree], into pipeline: inout Pipeline) throws {
        guard let step = steps.first else { return }
        guard steps.count == 1, Self.type(of: step) == "Metaspace",
            step["replacement"]?.string == Self.spaceMark
        else { throw notKnown("a pre-tokenizer", Self.list(steps)) }
        pipeline.marksSpacesLate = true
        if step["split"]?.bool ?? true { pipeline.splitting = .spaces }
        let scheme = step["prepend_scheme"]?.string
        switch scheme ?? (step["add_prefix_space"]?.bool ?? true ? "always" : "never") {
        case "always": pipeline.spacePrefix = .always
        case "first": pipeline.spacePrefix = .first
        case "never": pipeline.spacePrefix = .never
        case let other: throw notKnown("a pre-tokenizer", "Metaspace with scheme \(other)")
        }
    }

    private func readNormalizer(into pipeline: inout Pipeline) throws {
        var steps = Self.steps("normalizers", of: settings["normalizer"])
        let unknown = notKnown("a normalizer", Self.list(steps))
        switch pipeline.kind {
        case .byteLevel:
            if let step = steps.first, Self.type(of: step) == "NFC" {
                pipeline.normalization = .nfc
                steps.removeFirst()
            }
            if !steps.isEmpty { throw unknown }
        case .sentencePiece:
            if let step = steps.first, Self.type(of: step) == "Prepend",
                step["prepend"]?.string == Self.spaceMark
            {
                pipeline.spacePrefix = .always
                steps.removeFirst()
            }
            if pipeline.marksSpacesLate {
                if !steps.isEmpty || settings["normalizer"].map({ !$0.isNull }) == true {
                    throw unknown
                }
                return
            }
            guard let step = steps.first, steps.count == 1, Self.type(of: step) == "Replace",
                step["pattern"]?["String"]?.string == " ",
                step["content"]?.string == Self.spaceMark
            else { throw unknown }
        }
    }

    // MARK: Tokens around a text

    private func readTemplate(into pipeline: inout Pipeline) throws {
        for step in Self.steps("processors", of: settings["post_processor"]) {
            switch Self.type(of: step) {
            case "ByteLevel": continue
            case "TemplateProcessing": break
            case let other: throw notKnown("a post-processor", other)
            }
            pipeline.hasTemplate = true
            let parts = step["single"]?.array ?? []
            let names = parts.map { $0["SpecialToken"]?["id"]?.string }
            guard let text = names.firstIndex(of: nil), text <= 1, text == names.count - 1 else {
                throw notKnown(
                    "a post-processor",
                    "TemplateProcessing that puts more than one token before a text, "
                        + "or one after it"
                )
            }
            guard let name = names[0] else { continue }
            let ids = step["special_tokens"]?[name]?["ids"]?.array ?? []
            guard ids.count == 1, let id = ids[0].integer else {
                throw notKnown("a post-processor", "TemplateProcessing with \(ids.count) ids")
            }
            pipeline.startToken = (id, name)
        }
    }
}
