// The flags of `train` as stored in run.json, and back: `--config` puts them into the command line
// before it is parsed, so that they are checked as if they had been typed.

import Swiftlet

/// Flags by their names without dashes.
typealias Flags = [String: JSONValue]

extension TrainCommand {
    /// Every flag in effect that affects a run.
    ///
    /// Left out are flags that must not be repeated: to replace a run or to accept changes.
    /// - Parameter settings: The settings, with defaults that depend on model and data resolved.
    /// - Returns: The flags, including those with default values.
    func flags(_ settings: TrainingSettings) -> Flags {
        let general: Flags = [
            "init": JSONValue(initialization),
            "checkpoint": checkpoint.map { .string($0.argument) } ?? .null,
            "output": JSONValue(output),
            "resume": .string(resumption.resume.rawValue),
            "threads": compute.threads.map(JSONValue.integer) ?? .null,
        ]
        let groups = [
            settings.flags, general, data.flags, processes.flags, adapter.flags, intervals.flags,
        ]
        return groups.reduce(into: [:]) { all, group in all.merge(group) { first, _ in first } }
    }
}

extension TrainCommand {
    /// The default flags, to distinguish what was chosen from what was not.
    ///
    /// Left out are those that are always given, and those that depend on others.
    static var defaultFlags: Flags {
        guard let command = try? TrainCommand.parse(["--init=d12", "--text=text", "--output=run"])
        else { preconditionFailure("train lacks a flag that it needs") }
        let settings = TrainingSettings(
            sequenceLength: GPT2Configuration.gpt2ContextLength,
            schedule: LearningRateSchedule(totalSteps: 1)
        )
        let chosen = ["init", "output", "steps", "total-batch-tokens"]
        var flags = command.flags(settings).filter { !chosen.contains($0.key) }
        flags["text"] = .null
        return flags
    }
}

extension DataOptions {
    fileprivate var flags: Flags {
        [
            "train-data": JSONValue(trainData),
            "val-data": JSONValue(valData),
            "text": JSONValue(text),
            "chat": JSONValue(chat),
            "val-chat": JSONValue(valChat),
            "template": template.map { .string($0.rawValue) } ?? .null,
            "tokenizer": JSONValue(tokenizer),
            "order": .string(order.rawValue),
            "documents": .string(documents.rawValue),
            "shuffle": .bool(shuffle),
        ]
    }
}

extension ProcessOptions {
    fileprivate var flags: Flags {
        [
            "zero-stage": .integer(zeroStage),
            "gradient-precision": .string(gradientPrecision.elementType.rawValue),
        ]
    }
}

extension AdapterOptions {
    fileprivate var flags: Flags {
        [
            "lora-rank": loraRank.map(JSONValue.integer) ?? .null,
            "lora-alpha": loraAlpha.map { JSONValue($0) } ?? .null,
            "lora-targets": loraTargets.map { .string($0.text) } ?? .null,
            "adapter": JSONValue(adapter),
        ]
    }
}

extension IntervalOptions {
    fileprivate var flags: Flags {
        [
            "sample-tokens": .integer(sampleTokens),
            "sample-prompt": JSONValue(samplePrompt),
            "hellaswag": JSONValue(hellaSwag),
            "tensorboard": .bool(tensorBoard),
        ]
    }
}

extension JSONValue {
    /// A path or a text for JSON: bytes that are not UTF-8 are carried as in arguments.
    private init(_ bytes: [UInt8]?) {
        self =
            bytes.map { .string(ArgumentBytes.text($0, carryingControls: false)) } ?? .null
    }

    fileprivate init(_ path: FilePath?) { self.init(path?.bytes) }
    fileprivate init(_ text: ArgumentText?) { self.init(text?.bytes) }
}

/// `train --config FILE`.
enum TrainConfiguration {
    /// Groups of flags: one on the command line also replaces the others in its group.
    private static let alternatives = [
        "text": ["train-data", "val-data", "chat", "val-chat", "template"],
        "train-data": ["text", "chat", "val-chat", "template"],
        "chat": ["train-data", "val-data", "text", "order"],
        "val-data": ["val-chat"], "val-chat": ["val-data"],
        "adapter": ["lora-rank", "lora-alpha", "lora-targets"], "lora-rank": ["adapter"],
        "order": ["shuffle"], "shuffle": ["order"], "init": ["checkpoint"],
    ]

    /// The arguments, preceded by those of the `--config` file that they do not give themselves.
    /// - Parameter arguments: Those of the command line, from ``CommandLineArguments``.
    /// - Returns: The arguments to parse.
    /// - Throws: ``TrainingError/invalidJSON(path:reason:)`` or ``FileIOError``.
    static func expanding(_ arguments: [String]) throws -> [String] {
        let options = arguments.prefix { $0 != "--" }
        guard arguments.first == "train", let path = value(of: "config", in: options) else {
            return arguments
        }
        let given = Set(options.compactMap(name))
        let replaced = given.union(given.flatMap { alternatives[$0] ?? [] })
        let flags = try RunDescription(contentsOf: path).flags
            .filter { !replaced.contains($0.key) }
            .sorted { $0.key < $1.key }
        return ["train"] + flags.flatMap { argument($0.key, $0.value) } + arguments.dropFirst()
    }

    /// The flag an argument sets, by its name in run.json; nil if it is not one.
    private static func name(_ argument: String) -> String? {
        guard argument.hasPrefix("--") else { return nil }
        let name = String(argument.dropFirst(2).prefix { $0 != "=" })
        return name == "no-shuffle" ? "shuffle" : name
    }

    private static func value(of flag: String, in arguments: ArraySlice<String>) -> FilePath? {
        arguments.last { $0.hasPrefix("--\(flag)=") }
            .map { FilePath(argument: String($0.dropFirst(flag.count + 3))) }
    }

    private static func argument(_ name: String, _ value: JSONValue) -> [String] {
        switch value {
        case .null, .array: []
        case .bool(let isSet): isSet ? ["--\(name)"] : name == "shuffle" ? ["--no-shuffle"] : []
        case .integer(let number): ["--\(name)=\(number)"]
        case .number(let number): ["--\(name)=\(number)"]
        case .string(let text): ["--\(name)=\(ArgumentBytes.value(ArgumentBytes.bytes(text)))"]
        }
    }
}
