// The flags of a run as the report shows them: in the groups of the command's help, with defaults
// marked.

import Training

/// Flags in groups.
enum RunFlags {
    /// The groups, and the flags in each, in the order they are shown.
    private static let groups: [(title: String, flags: [String])] = [
        ("Model", ["init"]),
        group(
            [
                "train-data", "val-data", "text", "chat", "val-chat", "template", "tokenizer",
                "order", "documents", "shuffle",
            ],
            and: .data
        ),
        group(and: .batches),
        ("Several processes", ["zero-stage", "gradient-precision"]),
        ("Adapters", ["lora-rank", "lora-alpha", "lora-targets", "adapter"]),
        group(and: .optimizer),
        group(
            ["sample-tokens", "sample-prompt", "hellaswag", "tensorboard"],
            and: .intervals
        ),
        group(["output", "resume"], and: .run),
        ("Machine", ["threads"]),
    ]

    /// Flags, and the settings of a section.
    private static func group(
        _ flags: [String] = [],
        and section: TrainingSettings.Section
    ) -> (title: String, flags: [String]) {
        (section.rawValue, flags + TrainingSettings.names(of: section))
    }

    /// Flags in groups, without empty groups.
    static func grouped(
        _ flags: [String: JSONValue],
        defaults: [String: JSONValue]
    ) -> [RunFacts.Section] {
        func entries(_ names: [String]) -> [RunFacts.Entry] {
            names.compactMap { name in
                flags[name].map {
                    .init(
                        name: name,
                        value: $0.text,
                        isDefault: defaults[name]?.isSame(as: $0) ?? false
                    )
                }
            }
        }
        let known = Set(groups.flatMap(\.flags))
        let others = flags.keys.filter { !known.contains($0) }.sorted()
        return (groups + [("Other flags", others)])
            .map { RunFacts.Section(title: $0.title, entries: entries($0.flags)) }
            .filter { !$0.entries.isEmpty }
    }
}

extension JSONValue {
    /// Whether two values are equal: in JSON a zero is a zero, with or without a point.
    fileprivate func isSame(as other: JSONValue) -> Bool {
        switch (self, other) {
        case (.number(let number), .integer(let integer)),
            (.integer(let integer), .number(let number)):
            number == Double(integer)
        default: self == other
        }
    }

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
