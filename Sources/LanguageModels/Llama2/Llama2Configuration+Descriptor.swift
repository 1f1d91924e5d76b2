// Sizes of a Llama 2 as text, for models of random weights.

extension Llama2Configuration {
    private static let descriptorPrefix = "llama2:"

    /// Whether `text` looks like the size of a Llama 2.
    public static func isDescriptor(_ text: String) -> Bool { text.hasPrefix(descriptorPrefix) }

    /// The sizes that `text` names.
    ///
    /// - Parameter text: `llama2:` and, in any order, `layers=6,heads=6,channels=288`; and, unless
    ///   they are to be Llama 2's, `kv-heads` (as many as heads), `hidden` (by Meta's rule, in
    ///   multiples of 32), `vocabulary` (32,000), `context` (4,096) and `separate` (1, for a
    ///   classifier with weights of its own; else 0).
    /// - Throws: ``ModelError`` for an unknown key or impossible size.
    public init(descriptor text: String) throws {
        guard Self.isDescriptor(text) else { throw ModelError.unknownDescriptor(found: text) }
        var values: [Substring: Int] = [:]
        for part in text.dropFirst(Self.descriptorPrefix.count)
            .split(separator: ",", omittingEmptySubsequences: false)
        {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, let value = Int(pair[1]),
                values.updateValue(value, forKey: pair[0]) == nil
            else { throw ModelError.unknownDescriptor(found: text) }
        }
        func take(_ key: Substring) -> Int? { values.removeValue(forKey: key) }
        let (kvHeads, hidden, vocabulary, context, separate) = (
            take("kv-heads"), take("hidden"), take("vocabulary"), take("context"), take("separate")
        )
        guard let layers = take("layers"), let heads = take("heads"),
            let channels = take("channels"), values.isEmpty, 0...1 ~= separate ?? 0
        else { throw ModelError.unknownDescriptor(found: text) }
        try self.init(
            contextLength: context ?? Self.llama2ContextLength,
            vocabularySize: vocabulary ?? 32_000,
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
