// Sizes of a GPT-2 as text: the names people know them by, and lists.

extension GPT2Configuration {
    /// The sizes that have names: those of llm.c's descriptors and of the published models.
    public static let named: [(name: String, layers: Int, heads: Int, channels: Int)] = [
        ("d6", 6, 6, 384),
        ("d12", 12, 12, 768), ("gpt2", 12, 12, 768),
        ("d24", 24, 16, 1024), ("gpt2-medium", 24, 16, 1024),
        ("d36", 36, 20, 1280), ("gpt2-large", 36, 20, 1280),
        ("d48", 48, 25, 1600), ("gpt2-xl", 48, 25, 1600),
    ]

    /// Reads a size as the command line gives it.
    /// - Parameters:
    ///   - descriptor: A name of ``named`` or `layers=4,heads=4,channels=128`, and in any order
    ///     `context=256` and `vocabulary=1024` with either.
    ///   - vocabularySize: V, unless the descriptor gives it.
    /// - Throws: ``ModelError`` for an unknown name, key or impossible size.
    public init(descriptor: String, vocabularySize: Int = gpt2VocabularySize) throws {
        let sizes = try SizeList(descriptor)
        func size(_ key: String) throws -> Int {
            guard let value = sizes.values[key] else {
                throw ModelError.unknownSize(descriptor, "it does not say how many \(key)")
            }
            return value
        }
        let named = sizes.named
        try self.init(
            contextLength: sizes.values["context"] ?? Self.gpt2ContextLength,
            vocabularySize: sizes.values["vocabulary"] ?? vocabularySize,
            layerCount: named?.layers ?? size("layers"),
            headCount: named?.heads ?? size("heads"),
            channels: named?.channels ?? size("channels")
        )
    }

    /// The size of the vocabulary that a descriptor gives; nil where it leaves that open.
    /// - Throws: ``ModelError`` as ``init(descriptor:vocabularySize:)`` does for an unknown name or
    ///   key.
    public static func vocabularySize(inDescriptor descriptor: String) throws -> Int? {
        try SizeList(descriptor).values["vocabulary"]
    }

    /// Whether `text` looks like a size rather than the name of a file.
    public static func isDescriptor(_ text: String) -> Bool {
        guard !text.contains("/") else { return false }
        return text.contains("=") || named.contains { $0.name == text }
    }
}

/// The parts of a descriptor.
private struct SizeList {
    /// The name it begins with.
    private(set) var named: (name: String, layers: Int, heads: Int, channels: Int)?
    /// What stands behind each key.
    private(set) var values: [String: Int] = [:]

    private static let keys = ["layers", "heads", "channels", "context", "vocabulary"]

    init(_ descriptor: String) throws {
        func unknown(_ problem: String) -> ModelError { .unknownSize(descriptor, problem) }
        if descriptor.hasPrefix("llama2:") { throw unknown("it is a Llama 2's, not a GPT-2's") }
        var parts = descriptor.split(separator: ",", omittingEmptySubsequences: false)[...]
        if let first = parts.first, !first.contains("=") {
            named = GPT2Configuration.named.first { $0.name == first }
            guard named != nil else { throw unknown("it is none of the names and no list") }
            parts = parts.dropFirst()
        }
        let keys = named == nil ? Self.keys : Self.keys.suffix(2)
        for part in parts {
            let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
            guard pair.count == 2, let value = Int(pair[1]) else {
                throw unknown("'\(part)' is not a size such as layers=4")
            }
            guard keys.contains(pair[0]) else { throw unknown("it has no '\(pair[0])'") }
            guard values.updateValue(value, forKey: pair[0]) == nil else {
                throw unknown("'\(pair[0])' stands there twice")
            }
        }
        guard named == nil else { return }
        let missing = Self.keys.prefix(3).filter { values[$0] == nil }
        if !missing.isEmpty {
            throw unknown("it does not say how many \(missing.joined(separator: " and "))")
        }
    }
}

extension ModelError {
    /// A size that is none of a GPT-2.
    fileprivate static func unknownSize(_ descriptor: String, _ problem: String) -> ModelError {
        let names = GPT2Configuration.named.map(\.name).joined(separator: ", ")
        return unknownDescriptor(
            found: descriptor,
            problem: problem,
            hint: "use one of \(names), or a list such as layers=4,heads=4,channels=128,"
                + "context=256,vocabulary=1024"
        )
    }

    /// A word that is no size of a GPT-2 and no file either.
    static func neitherSizeNorFile(_ text: String) -> ModelError {
        unknownSize(text, "no file has this name either")
    }
}
