// Sizes of a Llama 2 as text, for models of random weights.

extension Llama2Configuration {
    private static let descriptorPrefix = "llama2:"

    /// V of Llama 2.
    public static let llama2VocabularySize = 32_000

    /// Whether `text` looks like the size of a Llama 2.
    public static func isDescriptor(_ text: String) -> Bool { text.hasPrefix(descriptorPrefix) }

    /// The sizes that `text` names.
    ///
    /// - Parameters:
    ///   - text: `llama2:` and, in any order, `layers=6,heads=6,channels=288`; and, unless
    ///     they are to be Llama 2's, `kv-heads` (as many as heads), `hidden` (by Meta's rule, in
    ///     multiples of 32), `vocabulary` (32,000), `context` (4,096) and `separate` (1, for a
    ///     classifier with weights of its own; else 0).
    ///   - vocabularySize: The vocabulary of a descriptor that says none.
    /// - Throws: ``ModelError`` for an unknown key or impossible size.
    public init(descriptor text: String, vocabularySize: Int = llama2VocabularySize) throws {
        func unknown(_ problem: String) -> ModelError {
            ModelError.unknownDescriptor(
                found: text,
                problem: problem,
                hint: "the size of a Llama 2 is a list such as "
                    + "llama2:layers=6,heads=6,channels=288,hidden=768,context=256"
            )
        }
        guard Self.isDescriptor(text) else { throw unknown("it does not begin with llama2:") }
        var values: [Substring: Int] = [:]
        for part in text.dropFirst(Self.descriptorPrefix.count)
            .split(separator: ",", omittingEmptySubsequences: false)
        {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, let value = Int(pair[1]) else {
                throw unknown("'\(part)' is not a size such as layers=6")
            }
            guard values.updateValue(value, forKey: pair[0]) == nil else {
                throw unknown("'\(pair[0])' stands there twice")
            }
        }
        func take(_ key: Substring) -> Int? { values.removeValue(forKey: key) }
        let (kvHeads, hidden, vocabulary, context, separate) = (
            take("kv-heads"), take("hidden"), take("vocabulary"), take("context"), take("separate")
        )
        let needed = (take("layers"), take("heads"), take("channels"))
        guard let layers = needed.0, let heads = needed.1, let channels = needed.2 else {
            let missing = [("layers", needed.0), ("heads", needed.1), ("channels", needed.2)]
                .filter { $0.1 == nil }.map(\.0)
            throw unknown("it does not say how many \(missing.joined(separator: " and "))")
        }
        if let key = values.keys.min() { throw unknown("it has no '\(key)'") }
        guard 0...1 ~= separate ?? 0 else { throw unknown("'separate' is 0 or 1") }
        try self.init(
            contextLength: context ?? Self.llama2ContextLength,
            vocabularySize: vocabulary ?? vocabularySize,
            layerCount: layers,
            headCount: heads,
            keyValueHeadCount: kvHeads ?? heads,
            channels: channels,
            hiddenChannels: hidden
                ?? Self.hiddenChannels(channels: channels, multiplier: nil, multiple: 32),
            hasSeparateClassifier: separate == 1
        )
    }
}
