// The keys and values of a GGUF file, in order. What a key means is for models and tokenizers to
// know.

import FileIO

/// Values by key, such as `llama.block_count`.
package struct GGUFMetadata: Sendable {
    /// The keys, in the order of the file.
    package private(set) var keys: [String] = []
    private var values: [String: Stored] = [:]
    /// The file they come from, for messages.
    private let path: FilePath

    /// A value, or where a string is in a file.
    private enum Stored: Sendable {
        case value(GGUFValue)
        case string(MappedFile, Range<Int>)
    }

    /// No keys yet, for a file to be written.
    package init() { path = "metadata" }

    /// No keys yet, for a file being read.
    init(path: FilePath) { self.path = path }

    /// Adds a key with a value, or with a string in a file.
    /// - Returns: Whether the key is new; if not, nothing was done.
    mutating func add(_ key: String, _ value: GGUFValue) -> Bool { add(key, .value(value)) }

    mutating func add(_ key: String, stringAt range: Range<Int>, in file: MappedFile) -> Bool {
        add(key, .string(file, range))
    }

    private mutating func add(_ key: String, _ stored: Stored) -> Bool {
        guard values[key] == nil else { return false }
        values[key] = stored
        keys.append(key)
        return true
    }

    /// The value of a key, if there is one.
    ///
    /// In a string that is not UTF-8, invalid bytes become U+FFFD. Setting a value to nil removes
    /// the key.
    package subscript(key: String) -> GGUFValue? {
        get {
            switch values[key] {
            case nil: nil
            case .value(let value): value
            case .string(let file, let range):
                .string(file.withUnsafeBytes { String(decoding: $0[range], as: UTF8.self) })
            }
        }
        set {
            if let newValue {
                if values.updateValue(.value(newValue), forKey: key) == nil { keys.append(key) }
            } else if values.removeValue(forKey: key) != nil {
                keys.removeAll { $0 == key }
            }
        }
    }

    /// The string of a key; nil where there is no such key.
    /// - Throws: ``TensorFileError/malformed(path:what:expected:found:)`` when it is not a string;
    ///   `FileIOError` when the file has lost it.
    package func string(_ key: String) throws -> String? {
        let value = self[key]
        if case .string(let file, _) = values[key] { try file.requireIntact() }
        return try typed(key, value, "a string") { value in
            if case .string(let string) = value { string } else { nil }
        }
    }

    /// The whole number of a key, of whatever width; nil where there is no such key.
    /// - Throws: As ``string(_:)``.
    package func integer(_ key: String) throws -> Int? {
        try typed(key, self[key], "a whole number", \.integer)
    }

    /// The number of a key, whole or not; nil where there is no such key.
    /// - Throws: As ``string(_:)``.
    package func number(_ key: String) throws -> Double? {
        try typed(key, self[key], "a number", \.number)
    }

    /// The truth value of a key; nil where there is no such key.
    /// - Throws: As ``string(_:)``.
    package func bool(_ key: String) throws -> Bool? {
        try typed(key, self[key], "true or false") { value in
            if case .bool(let bool) = value { bool } else { nil }
        }
    }

    /// The array of a key; nil where there is no such key.
    /// - Throws: As ``string(_:)``.
    package func array(_ key: String) throws -> GGUFArray? {
        try typed(key, self[key], "an array") { value in
            if case .array(let array) = value { array } else { nil }
        }
    }

    /// The bytes of the strings of a key; nil where there is no such key.
    /// - Throws: As ``string(_:)``, when it is not an array of strings.
    package func byteStrings(_ key: String) throws -> [[UInt8]]? {
        try typed(key, array(key).map { .array($0) }, "an array of strings") { value in
            if case .array(let array) = value { try array.byteStrings() } else { nil }
        }
    }

    /// The whole numbers of a key; nil where there is no such key.
    /// - Throws: As ``string(_:)``, when it is not an array of whole numbers.
    package func integers(_ key: String) throws -> [Int]? {
        try numbers(key, "an array of whole numbers", \.integer)
    }

    /// The numbers of a key; nil where there is no such key.
    /// - Throws: As ``string(_:)``, when it is not an array of numbers.
    package func floats(_ key: String) throws -> [Float]? {
        try numbers(key, "an array of numbers") { $0.number.map { Float($0) } }
    }

    private func numbers<Element>(
        _ key: String,
        _ expected: String,
        _ convert: (GGUFValue) -> Element?
    ) throws -> [Element]? {
        try typed(key, array(key).map { .array($0) }, expected) { value in
            guard case .array(let array) = value, let scalars = try array.scalars() else {
                return nil
            }
            let elements = scalars.compactMap(convert)
            return elements.count == array.count ? elements : nil
        }
    }

    /// Converts a value that exists; the conversion must succeed.
    private func typed<Result>(
        _ key: String,
        _ value: GGUFValue?,
        _ expected: String,
        _ convert: (GGUFValue) throws -> Result?
    ) throws -> Result? {
        guard let value else { return nil }
        guard let result = try convert(value) else {
            throw TensorFileError.malformed(
                path: path,
                what: "'\(key)' of its metadata",
                expected: expected,
                found: "of type \(value.type)"
            )
        }
        return result
    }
}
