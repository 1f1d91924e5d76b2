// The files next to a tokenizer.json, which hold what it cannot: which tokens start and end a text,
// and the chat template. All of them are optional.

import FileIO

/// What the files next to a tokenizer.json say.
struct TokenizerCompanions {
    private let directory: FilePath
    private let config: JSONTree
    private let specialTokens: JSONTree
    private let generation: JSONTree
    private let model: JSONTree
    private let extraTokens: JSONTree
    private let template: String?

    // A larger file is not what its name says.
    private static let mostBytes = 64 << 20

    /// Reads the files in a directory.
    /// - Throws: ``TextTokenizerError`` when one is not JSON.
    init(in directory: FilePath) throws {
        self.directory = directory
        config = try Self.read("tokenizer_config.json", in: directory)
        specialTokens = try Self.read("special_tokens_map.json", in: directory)
        generation = try Self.read("generation_config.json", in: directory)
        model = try Self.read("config.json", in: directory)
        extraTokens = try Self.read("added_tokens.json", in: directory)
        template = try Self.template(in: directory)
    }

    /// The template in a file of its own; nil if there is none.
    static func template(in directory: FilePath) throws -> String? {
        let path = directory.appending("chat_template.jinja")
        guard FileSystem.exists(path) else { return nil }
        return try bytes(of: path) { String(decoding: $0, as: UTF8.self) }
    }

    private static func bytes<Result>(
        of path: FilePath,
        _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
    ) throws -> Result {
        let file = try MappedFile(path)
        guard file.count <= mostBytes else {
            throw TextTokenizerError.malformed(
                path: path,
                what: "its size",
                expected: "at most \(mostBytes) bytes",
                found: "\(file.count)"
            )
        }
        return try file.withIntactBytes { try $0.withMemoryRebound(to: UInt8.self, body) }
    }

    private static func read(_ name: String, in directory: FilePath) throws -> JSONTree {
        let path = directory.appending(name)
        guard FileSystem.exists(path), !FileSystem.isDirectory(path) else { return .null }
        do { return try bytes(of: path) { try JSONCursor.value(of: $0) } } catch let error
            as JSONCursor.Malformed
        {
            throw TextTokenizerError(error, path: path)
        }
    }

    /// The added tokens listed in these files.
    var addedTokens: [TokenizerJSON.Added] {
        var added: [TokenizerJSON.Added] = []
        if case .object(let members)? = config["added_tokens_decoder"] {
            for (id, value) in members {
                guard let id = Int(id) else { continue }
                if let token = TokenizerJSON.added(value, id: id) { added.append(token) }
            }
        }
        if case .object(let members) = extraTokens {
            for (name, id) in members {
                guard let id = id.integer else { continue }
                let value = JSONTree.object(["content": .string(name)])
                if let token = TokenizerJSON.added(value, id: id) { added.append(token) }
            }
        }
        return added.sorted { $0.token.id < $1.token.id }
    }

    // MARK: Tokens with a meaning

    /// Fills in the tokens that have a meaning.
    func complete(
        _ description: inout TokenizerDescription,
        _ pipeline: TokenizerJSON.Pipeline,
        id: (String) -> TokenID?,
        _ path: FilePath
    ) throws {
        func named(_ key: String, else names: [String] = []) -> TokenID? {
            let name = name(key, in: config) ?? name(key, in: specialTokens)
            if let id = name.flatMap(id) { return id }
            return names.lazy.compactMap(id).first
        }
        let count = description.tokens.count
        func numbered(_ key: String) -> [TokenID] {
            for file in [generation, model] {
                let values = file[key].map { $0.array ?? [$0] } ?? []
                let ids = values.compactMap(\.integer).filter { 0..<count ~= $0 }
                if !ids.isEmpty { return ids.map { TokenID($0) } }
            }
            return []
        }
        var ends = [named("eos_token")].compactMap(\.self)
        for id in numbered("eos_token_id") where !ends.contains(id) { ends.append(id) }
        if ends.isEmpty { ends = [named("eos_token", else: Self.endNames)].compactMap(\.self) }
        description.endsOfText = ends
        var start = named("bos_token") ?? numbered("bos_token_id").first
        description.addsStartOfText = addsStart(pipeline)
        if let token = pipeline.startToken {
            guard 0..<count ~= token.id, id(token.name) == TokenID(token.id) else {
                throw TextTokenizerError.malformed(
                    path: path,
                    what: "the token that starts a text",
                    expected: "one of the vocabulary",
                    found: "\(token.id), '\(token.name)'"
                )
            }
            start = start ?? TokenID(token.id)
            if description.addsStartOfText { start = TokenID(token.id) }
        }
        description.startOfText = start ?? named("bos_token", else: Self.startNames)
        if description.startOfText == nil { description.addsStartOfText = false }
        description.padding = named("pad_token")
        description.unknown = description.unknown ?? named("unk_token")
        description.chatTemplate = template ?? chatTemplate
    }

    private static let endNames = ["<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>"]
    private static let startNames = ["<|begin_of_text|>", "<s>", "<bos>"]

    /// Whether the start of text is put before a prompt: as the tokenizer's settings say, otherwise
    /// its own file, otherwise the rule for its kind.
    private func addsStart(_ pipeline: TokenizerJSON.Pipeline) -> Bool {
        if let flag = config["add_bos_token"]?.bool { return flag }
        if pipeline.hasTemplate { return pipeline.startToken != nil }
        return config["tokenizer_class"]?.string?.hasPrefix("LlamaTokenizer") ?? false
    }

    /// A token that is a string, or an object with its content.
    private func name(_ key: String, in file: JSONTree) -> String? {
        file[key].flatMap { $0.string ?? $0["content"]?.string }
    }

    /// The template in the settings, which may have several named ones.
    private var chatTemplate: String? {
        guard let value = config["chat_template"] else { return nil }
        if let text = value.string { return text }
        let named = value.array ?? []
        let usual = named.first { $0["name"]?.string == "default" }
        return (usual ?? named.first)?["template"]?.string
    }
}
