// run.json as the report shows it: names and values, read leniently, so that a file of an older or a
// newer version is shown as far as it is understood. Repeating a run from it is not done here.

import FileIO

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a run was started with, in words.
public struct RunDescription: Sendable, Equatable {
    /// A name and its value.
    public struct Entry: Sendable, Equatable {
        /// Such as `learning-rate`.
        public var name: String
        /// Such as `0.0006`.
        public var value: String

        /// A name and its value.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Entries under a heading.
    public struct Section: Sendable, Equatable {
        /// Such as "Flags".
        public var title: String
        /// In the order of their names.
        public var entries: [Entry]

        /// Entries under a heading.
        public init(title: String, entries: [Entry]) {
            self.title = title
            self.entries = entries
        }
    }

    /// The numbers the model learns; nil when the file does not say.
    public var parameterCount: Int?
    /// The steps the run was to make; nil when the file does not say.
    public var plannedSteps: Int?
    /// One sentence's worth about the model, such as "4 layers, 4 heads, 128 channels".
    public var model: String?
    /// Everything, in sections.
    public var sections: [Section] = []

    /// The most bytes of the file; a longer one describes no run.
    static let longestFile = 1 << 24

    /// Nothing yet.
    public init() {}

    /// Reads `run.json` of a run; nil when there is none.
    /// - Throws: ``FileIOError``, or ``ReportError`` when the file is no JSON object.
    init?(of directory: RunDirectory) throws {
        let path = directory.path.appending("run.json")
        guard FileSystem.exists(path) else { return nil }
        func malformed(_ problem: String) -> ReportError {
            .malformedDescription(path: path, problem: problem)
        }
        let file = try MappedFile(path)
        guard file.count <= Self.longestFile else {
            throw malformed("it is longer than \(Self.longestFile) bytes")
        }
        let bytes = file.withUnsafeBytes { Data($0) }
        guard let root = try? JSONDecoder().decode(JSONValue.self, from: bytes),
            case .object(let members) = root
        else { throw malformed("it is no JSON object") }
        self.init(members)
    }

    private init(_ members: [String: JSONValue]) {
        if case .integer(let steps)? = members["steps"] { plannedSteps = steps }
        let model = members["model"]?.members ?? [:]
        if case .integer(let count)? = model["parameters"] { parameterCount = count }
        let sizes = ["layers", "heads", "channels"].compactMap { name in
            model[name].map { "\($0.text) \(name)" }
        }
        let context = model["context"].map { ["context \($0.text)"] } ?? []
        if !sizes.isEmpty { self.model = (sizes + context).joined(separator: ", ") }
        for (key, title) in [("flags", "Flags"), ("model", "Model"), ("machine", "Machine")] {
            let entries = (members[key]?.members ?? [:]).sorted { $0.key < $1.key }
                .map { Entry(name: $0.key, value: $0.value.text) }
            if !entries.isEmpty { sections.append(Section(title: title, entries: entries)) }
        }
        let data = (members["data"]?.members ?? [:]).sorted { $0.key < $1.key }
            .map { Entry(name: $0.key, value: Self.shards($0.value)) }
        if !data.isEmpty { sections.append(Section(title: "Data", entries: data)) }
    }

    /// Shards in a few words, since a large corpus has hundreds.
    private static func shards(_ value: JSONValue) -> String {
        guard case .array(let shards) = value else { return value.text }
        let counts = shards.compactMap { shard -> Double? in
            if case .integer(let count)? = shard.members?["tokens"] { Double(count) } else { nil }
        }
        let names = shards.compactMap { $0.members?["path"]?.text }
        let tokens = "\(NumberText.compact(counts.reduce(0, +))) tokens"
        switch names.count {
        case 0: return value.text
        case 1: return "\(names[0]), \(tokens)"
        default: return "\(shards.count) shards from \(names[0]) on, \(tokens)"
        }
    }
}

/// Any JSON.
private enum JSONValue: Decodable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let flag = try? value.decode(Bool.self) {
            self = .boolean(flag)
        } else if let integer = try? value.decode(Int.self) {
            self = .integer(integer)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .string(text)
        } else if let elements = try? value.decode([JSONValue].self) {
            self = .array(elements)
        } else {
            self = .object(try value.decode([String: JSONValue].self))
        }
    }

    var members: [String: JSONValue]? {
        if case .object(let members) = self { members } else { nil }
    }

    /// The value as a table shows it.
    var text: String {
        switch self {
        case .null: "none"
        case .boolean(let flag): flag ? "yes" : "no"
        case .integer(let integer): "\(integer)"
        case .number(let number): "\(number)"
        case .string(let text): String(text.prefix(500))
        case .array(let elements): elements.map(\.text).joined(separator: ", ")
        case .object(let members):
            members.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.text)" }
                .joined(separator: ", ")
        }
    }
}
