// run.json as the report shows it: names and values in sections.

import FileIO

/// What a run was started with, in words.
public struct RunFacts: Sendable, Equatable {
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
        /// In the order they are shown.
        public var entries: [Entry]

        /// Entries under a heading.
        public init(title: String, entries: [Entry]) {
            self.title = title
            self.entries = entries
        }
    }

    /// The numbers the model learns.
    public var parameterCount: Int
    /// The steps the run was to make.
    public var plannedSteps: Int
    /// One sentence's worth about the model, such as "4 layers, 4 heads, 128 channels".
    public var model: String
    /// Everything, in sections.
    public var sections: [Section]

    /// Puts a description into words.
    public init(_ run: RunDescription) {
        parameterCount = run.model.parameters
        plannedSteps = run.steps
        model =
            "\(counted(run.model.layers, "layer")), \(counted(run.model.heads, "head")), "
            + "\(counted(run.model.channels, "channel")), context \(run.model.context)"
        sections = [
            Section(
                title: "Flags",
                entries: run.flags.sorted { $0.key < $1.key }
                    .map { Entry(name: $0.key, value: $0.value.text) }
            ),
            Section(
                title: "Model",
                entries: [
                    Entry(name: "init", value: run.model.initialization ?? "none"),
                    Entry(name: "layers", value: "\(run.model.layers)"),
                    Entry(name: "heads", value: "\(run.model.heads)"),
                    Entry(name: "channels", value: "\(run.model.channels)"),
                    Entry(name: "context", value: "\(run.model.context)"),
                    Entry(name: "vocabulary", value: "\(run.model.vocabularySize)"),
                    Entry(name: "parameters", value: NumberText.grouped(run.model.parameters)),
                ]
            ),
            Section(
                title: "Data",
                entries: [
                    Entry(name: "train", value: Self.shards(run.data.train)),
                    Entry(name: "validation", value: Self.shards(run.data.validation)),
                ]
            ),
            Section(
                title: "Machine",
                entries: [
                    Entry(name: "isa", value: run.machine.isa),
                    Entry(name: "threads", value: "\(run.machine.threads)"),
                ]
            ),
        ].filter { !$0.entries.isEmpty }
    }

    /// Shards in a few words, since a large corpus has hundreds.
    private static func shards(_ shards: [RunDescription.Shard]) -> String {
        guard let first = shards.first else { return "none" }
        // As floating point: a file may claim any counts, whose sum must not overflow.
        let tokens = NumberText.compact(shards.reduce(0) { $0 + Double($1.tokens) })
        return shards.count == 1
            ? "\(first.path), \(tokens) tokens"
            : "\(shards.count) shards from \(first.path) on, \(tokens) tokens"
    }
}

extension JSONValue {
    /// The value as a table shows it.
    fileprivate var text: String {
        switch self {
        case .null: "none"
        case .bool(let flag): flag ? "yes" : "no"
        case .integer(let integer): "\(integer)"
        case .number(let number): "\(number)"
        case .string(let text): String(text.prefix(500))
        case .array(let elements): elements.map(\.text).joined(separator: ", ")
        }
    }
}
