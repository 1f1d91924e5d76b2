// generation_config.json: how Hugging Face's programs generate with a model by default. The
// contents of the model's own file are copied, and the tokens that start and end a text are always
// named.

import FileIO
import LanguageModels
import TensorFiles

/// The content of one file.
struct GenerationSettings {
    private static let name = "generation_config.json"
    // Real files have about twenty lines.
    private static let mostBytes = 1 << 20

    private var members: [String: JSONTree] = [:]

    /// No settings.
    init() {}

    /// The settings in a model's directory, if any.
    /// - Throws: `TensorFileError` when they are not a JSON object.
    init(in directory: FilePath) throws {
        let path = directory.appending(Self.name)
        guard FileSystem.exists(path) else { return }
        func malformed(_ found: String) -> TensorFileError {
            .malformed(path: path, what: "its JSON", expected: "an object", found: found)
        }
        let file = try MappedFile(path)
        guard file.count <= Self.mostBytes else { throw malformed("\(file.count) bytes") }
        let value: JSONTree
        do {
            value = try file.withIntactBytes {
                try $0.withMemoryRebound(to: UInt8.self) { try JSONCursor.value(of: $0) }
            }
        } catch let error as JSONCursor.Malformed {
            throw malformed("damaged at byte \(error.offset)")
        }
        guard case .object(let members) = value else { throw malformed("another value") }
        self.members = members
    }

    /// Names tokens if the settings do not, or if they name ones that the tokenizer lacks.
    mutating func complete(_ tokens: ModelTokens) {
        for (key, ids) in [
            ("bos_token_id", [tokens.beginOfText].compactMap(\.self)),
            ("eos_token_id", tokens.endOfText),
            ("pad_token_id", [tokens.padding].compactMap(\.self)),
        ] where !ids.isEmpty {
            let value = JSONTree.array(ids.map { .number(Double($0)) })
            let named = (members[key]?.array ?? [members[key]].compactMap(\.self)).map(\.integer)
            if named.isEmpty || !named.allSatisfy({ $0.map(ids.contains) ?? false }) {
                members[key] = ids.count == 1 ? value.array?.first : value
            }
        }
    }

    /// Writes the file, unless there is nothing to say.
    /// - Throws: `FileIOError`.
    func write(in directory: FilePath) throws {
        guard !members.isEmpty else { return }
        let lines = members.sorted { $0.key < $1.key }
            .map { "  \(JSONText.quoted($0.key)): \($0.value.text)" }
        let file = try AtomicFile(directory.appending(Self.name))
        try file.write(Array("{\n\(lines.joined(separator: ",\n"))\n}\n".utf8))
        try file.commit()
    }
}
