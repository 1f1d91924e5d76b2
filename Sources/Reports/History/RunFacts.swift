// run.json as the report shows it: names and values in sections.

import FileIO
import Training

/// What a run was started with, in words.
package struct RunFacts: Sendable, Equatable {
    /// A name and its value.
    package struct Entry: Sendable, Equatable {
        /// Such as `learning-rate`.
        package var name: String
        /// Such as `0.0006`.
        package var value: String
        /// Whether it is the default.
        package var isDefault: Bool

        /// A name and its value.
        package init(name: String, value: String, isDefault: Bool = false) {
            self.name = name
            self.value = value
            self.isDefault = isDefault
        }
    }

    /// Entries under a heading.
    package struct Section: Sendable, Equatable {
        /// Such as "Data".
        package var title: String
        /// In the order they are shown.
        package var entries: [Entry]

        /// Entries under a heading.
        package init(title: String, entries: [Entry]) {
            self.title = title
            self.entries = entries
        }
    }

    /// The numbers the model learns.
    package var parameterCount: Int
    /// The planned number of steps.
    package var plannedSteps: Int
    /// How many steps see all of the data once; nil when the description does not say.
    package var stepsPerEpoch: Double?
    /// A short description of the model, such as "4 layers, 4 heads, 128 channels".
    package var model: String
    /// The same for the data, such as "stories_train.bin, 766k tokens in 1 shard".
    package var data: String
    /// The same for the machine, such as "AMD EPYC 9R45, avx512bf16, 2 threads".
    package var machine: String
    /// Everything, in sections.
    package var sections: [Section]

    /// Puts a description into words.
    /// - Parameters:
    ///   - run: What a run was started with.
    ///   - defaults: The default values of flags, by the flags' names.
    package init(_ run: RunDescription, defaults: [String: JSONValue] = [:]) {
        parameterCount = run.model.parameters
        plannedSteps = run.steps
        stepsPerEpoch = Self.stepsPerEpoch(run)
        model =
            "\(counted(run.model.layers, "layer")), \(counted(run.model.heads, "head")), "
            + "\(counted(run.model.channels, "channel")), context \(run.model.context)"
        data = Self.summary(run.data.train)
        let processor = run.machine.processor.map { String($0.prefix(100)) }
        let computing = "\(run.machine.isa), \(counted(run.machine.threads, "thread"))"
        let processes = run.machine.processes.map { "\($0)" }
        machine = [processor, computing, processes.map { "\($0) processes" }]
            .compactMap(\.self).joined(separator: ", ")
        sections = RunFlags.grouped(run.flags, defaults: defaults)
        add(
            to: "Model",
            [
                Entry(name: "layers", value: "\(run.model.layers)"),
                Entry(name: "heads", value: "\(run.model.heads)"),
                Entry(name: "channels", value: "\(run.model.channels)"),
                Entry(name: "context", value: "\(run.model.context)"),
                Entry(name: "vocabulary", value: NumberText.grouped(run.model.vocabularySize)),
                Entry(name: "parameters", value: NumberText.grouped(run.model.parameters)),
            ]
        )
        add(
            to: "Data",
            [
                Entry(name: "trained on", value: Self.tokens(run.data.train)),
                Entry(name: "validated on", value: Self.tokens(run.data.validation)),
            ]
        )
        add(
            to: "Machine",
            (processor.map { [Entry(name: "processor", value: $0)] } ?? []) + [
                Entry(name: "instruction set", value: run.machine.isa),
                Entry(name: "threads used", value: "\(run.machine.threads)"),
            ] + (processes.map { [Entry(name: "processes", value: $0)] } ?? [])
        )
    }

    private mutating func add(to title: String, _ entries: [Entry]) {
        if let index = sections.firstIndex(where: { $0.title == title }) {
            sections[index].entries += entries
        } else {
            sections.append(Section(title: title, entries: entries))
        }
    }

    /// Batches in all shards, divided by batches in a step.
    private static func stepsPerEpoch(_ run: RunDescription) -> Double? {
        func number(_ flag: String) -> Int? {
            guard case .integer(let value) = run.flags[flag], value > 0 else { return nil }
            return value
        }
        guard let batch = number("batch-size"), let length = number("sequence-length"),
            let total = number("total-batch-tokens"),
            run.flags["overfit-single-batch"] != .bool(true)
        else { return nil }
        let (tokens, overflows) = batch.multipliedReportingOverflow(by: length)
        guard !overflows, tokens <= total else { return nil }
        // The last token of a shard is only a target, and what does not fill a batch is left out.
        let batches = run.data.train.reduce(0.0) { $0 + Double((max(1, $1.tokens) - 1) / tokens) }
        let steps = batches / Double(total / tokens)
        return steps >= 1 ? steps : nil
    }

    /// Shards in a few words, since a large corpus has hundreds.
    private static func tokens(_ shards: [RunDescription.Shard]) -> String {
        guard !shards.isEmpty else { return "none" }
        // As floating point: a file may claim any counts, whose sum must not overflow.
        let tokens = NumberText.compact(shards.reduce(0) { $0 + Double($1.tokens) })
        return "\(tokens) tokens in \(counted(shards.count, "shard"))"
    }

    /// The same with the name of the first one.
    private static func summary(_ shards: [RunDescription.Shard]) -> String {
        guard let first = shards.first else { return "no data" }
        let name = FilePath(first.path).lastComponent?.string ?? first.path
        return "\(name), \(tokens(shards))"
    }
}
